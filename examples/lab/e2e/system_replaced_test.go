package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// replaced is examples/replaced while it runs.
type replaced struct {
	t             *testing.T
	compose       *compose
	dir           string
	proxy, direct *caller // direct: a connection for each request
	admin, consul string
	dns           string
}

// Example 5: Registrator, Consul, consul-template and nginx replaced: scaling, the registered proxy, and a second datacenter.
func TestSystemReplaced(t *testing.T) {
	t.Parallel()
	makes(t, "images")
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) {
			r := startReplaced(t, find(t))
			r.answersAsEver()
			r.scales()
			r.isRegistered()
			r.hasASecondDatacenter()
		})
	}
}

func startReplaced(t *testing.T, c *compose) *replaced {
	port := func() string { return fmt.Sprint(lab.FreePort(t)) }
	proxy, admin, consul, dns := port(), port(), port(), port()
	r := &replaced{t: t, dir: copyOf(t, "replaced"), proxy: newCaller(t, "127.0.0.1:"+proxy, time.Minute), direct: newCaller(t, "127.0.0.1:"+proxy, time.Minute),
		admin: "127.0.0.1:" + admin, consul: "127.0.0.1:" + consul, dns: "127.0.0.1:" + dns}
	r.direct.client.Transport.(*http.Transport).DisableKeepAlives = true
	r.compose = c.use(r.dir, "replaced", "COMPOSE_FILE=docker-compose.yml:dc2.yml", "PROXY_PORT="+proxy, "ADMIN_PORT="+admin, "CONSUL_PORT="+consul, "DNS_PORT="+dns)
	c.do("up", "-d", "proxy", "registrator", "web") // the second datacenter comes later
	r.settles(1)
	return r
}

// settles waits until so many instances are usable.
func (r *replaced) settles(n int) {
	r.t.Helper()
	lab.Eventually(r.t, time.Minute, fmt.Sprintf("%d usable instances", n), func() bool { return usable(r.admin, "", "/") == n })
}

var simpleAnswer = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: <(\d+)> requests from to simple-server <(\d+\.\d+\.\d+\.\d+)>\n$`)

// line is one answer, which must have the author's form: whose it is, and the how manieth of it.
func (r *replaced) line() (address, count string) {
	r.t.Helper()
	a := r.proxy.get("", "/")
	m := simpleAnswer.FindStringSubmatch(a.body)
	if a.status != 200 || m == nil {
		r.t.Fatalf("%d %q", a.status, a.body)
	}
	return m[2], m[1]
}

// answersAsEver checks that the count of the one container runs.
func (r *replaced) answersAsEver() {
	r.t.Helper()
	first, _ := r.line()
	for want := 2; want <= 5; want++ {
		if address, count := r.line(); address != first || count != fmt.Sprint(want) {
			r.t.Errorf("the %d. answer: <%s> of %s, and the first was of %s", want, count, address, first)
		}
	}
}

// passing counts what Consul lists as passing, in a datacenter.
func (r *replaced) passing(service, dc string) (addresses []string) {
	resp, err := http.Get("http://" + r.consul + "/v1/health/service/" + service + "?passing&dc=" + dc)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var list []struct{ Service struct{ Address string } }
	if json.NewDecoder(resp.Body).Decode(&list) != nil {
		return nil
	}
	for _, one := range list {
		addresses = append(addresses, one.Service.Address)
	}
	return addresses
}

// scales goes to three and back to one under load: Consul shows them, the answers come from all, and none is lost.
func (r *replaced) scales() {
	r.t.Helper()
	end := r.steady()
	for _, n := range []int{3, 1} {
		r.compose.scale(n)
		r.settles(n)
		lab.Eventually(r.t, 20*time.Second, fmt.Sprintf("Consul shows %d passing", n), func() bool { return len(r.passing("SimpleHttpService", "dc1")) == n })
		lab.Eventually(r.t, 20*time.Second, fmt.Sprintf("scaled to %d, all of them share the answers", n), func() bool { return r.shared(n) })
	}
	end("while it was scaled")
}

// shared says whether n answer, each of them at least half of its share: one that has just started may not listen yet.
func (r *replaced) shared(n int) bool {
	r.t.Helper()
	got := map[string]int{}
	for range 30 * n {
		address, _ := r.line()
		got[address]++
	}
	return len(got) == n && slices.Min(slices.Collect(maps.Values(got))) >= 15
}

// steady sends a GET every few milliseconds, each on a connection of its own, until end is called, which checks that all were answered.
func (r *replaced) steady() (end func(what string)) {
	var all sync.WaitGroup
	stop := make(chan struct{})
	lost, sent := []string{}, 0
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			sent++
			if a, err := r.direct.try("GET", "", "/", ""); err != nil || a.status != 200 {
				lost = append(lost, fmt.Sprint(a.status, " ", err))
			}
		}
	})
	return func(what string) {
		r.t.Helper()
		close(stop)
		all.Wait()
		r.t.Logf("%s: %d requests, %d lost", what, sent, len(lost))
		if len(lost) > 0 || sent < 20 {
			r.t.Errorf("%s: %d of %d requests lost: %.200q", what, len(lost), sent, lost)
		}
	}
}

// isRegistered checks that the proxy is a service of Consul, and what Consul's DNS says of the instances.
func (r *replaced) isRegistered() {
	r.t.Helper()
	lab.Eventually(r.t, 20*time.Second, "the proxy is registered and passing", func() bool { return len(r.passing("load-balancer", "dc1")) == 1 })
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.dns)
	}}
	lab.Eventually(r.t, 10*time.Second, "Consul's DNS says what its API says", func() bool {
		found, err := resolver.LookupHost(r.t.Context(), "SimpleHttpService.service.consul.")
		return err == nil && strings.Join(found, " ") == strings.Join(r.passing("SimpleHttpService", "dc1"), " ")
	})
}

// hasASecondDatacenter joins one, lets it take over under load, and lets the first one come back.
func (r *replaced) hasASecondDatacenter() {
	r.t.Helper()
	r.compose.do("up", "-d", "--no-recreate", "consul-dc2", "web-dc2")
	lab.Eventually(r.t, time.Minute, "dc2 is joined, and its instance passes", func() bool { return len(r.passing("SimpleHttpService", "dc2")) == 1 })
	routes := filepath.Join(r.dir, "routes/web")
	text, err := os.ReadFile(routes)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(routes, []byte(strings.TrimSpace(string(text))+" failover=dc2\n"), 0o644); err != nil {
		r.t.Fatal(err)
	}
	lab.Eventually(r.t, 20*time.Second, "dc2 stands by", func() bool { return r.standsBy() == 1 })
	here, _ := r.line()
	end := r.steady()
	r.compose.scale(0)
	r.settles(0)
	there, _ := r.line()
	for range 10 {
		if address, _ := r.line(); address != there || address == here {
			r.t.Errorf("dc1 has none left: an answer of %s, and one before of %s; in dc1 it was %s", address, there, here)
		}
	}
	r.compose.scale(1)
	r.settles(1)
	lab.Eventually(r.t, 20*time.Second, "dc1 is back, and has all answers", func() bool { // once it listens
		for range 10 {
			if address, _ := r.line(); address == there {
				return false
			}
		}
		return true
	})
	end("while dc2 took over")
	if err := os.WriteFile(routes, text, 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.compose.scale(0)
	lab.Eventually(r.t, 20*time.Second, "502 where there is nobody", func() bool {
		a, err := r.direct.try("GET", "", "/", "")
		return err == nil && a.status == http.StatusBadGateway
	})
}

// standsBy is how many instances of dc2 the route may use.
func (r *replaced) standsBy() int {
	resp, err := http.Get("http://" + r.admin + "/api/routes")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	var table struct {
		Routes []struct {
			Sets []struct {
				Service   string
				Instances int
			}
		}
	}
	if json.NewDecoder(resp.Body).Decode(&table) != nil {
		return -1
	}
	for _, route := range table.Routes {
		for _, s := range route.Sets {
			if s.Service == "SimpleHttpService@dc2" {
				return s.Instances
			}
		}
	}
	return 0
}
