package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// labelled is a Compose file with labels, followed by a registrator and a proxy.
type labelled struct {
	*compose
	consul   *lab.Consul
	proxy    *lab.Program
	services []string // of the file, as Consul calls them
}

// startLabelled starts all but the Compose files.
func startLabelled(t *testing.T) labelled {
	t.Helper()
	consul := lab.StartConsul(t)
	lab.StartRegistrator(t, bin, lab.FindDocker(t).Socket, consul.HTTP, "-internal", "-labels", "aliyun", "-retry-attempts", "-1")
	return labelled{consul: consul, proxy: lab.StartProxy(t, bin, consul.HTTP, true, "-domain", "lab.test")}
}

// with starts a Compose file of testdata, of which the services are those.
func (l labelled) with(t *testing.T, file string, services ...string) *labelled {
	t.Helper()
	l.services = services
	text, err := os.ReadFile(filepath.Join("testdata/labels", file))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	l.compose = composeV1(t).use(dir, strings.TrimSuffix(file, ".yml"))
	l.do("up", "-d")
	return &l
}

// routeAnswer is an answer through the proxy.
type routeAnswer struct {
	status int
	text   string
	cookie string // NAME=VALUE of the first one that is set
}

// who is the host name of the container that has answered; "" where none has.
func (a routeAnswer) who() string {
	_, rest, _ := strings.Cut(a.text, " host=")
	who, _, _ := strings.Cut(rest, " ")
	return who
}

// askRoute asks on a connection of its own for http://host/path.
func askRoute(t *testing.T, address, host, path, cookie string) routeAnswer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return routeAnswer{}
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	set, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	return routeAnswer{status: answer.StatusCode, text: string(text), cookie: set}
}

// containersOf are the containers that answer for a route, in n requests.
func containersOf(t *testing.T, address, host, path string, n int) []string {
	t.Helper()
	var all []string
	for range n {
		if who := askRoute(t, address, host, path, "").who(); !slices.Contains(all, who) {
			all = append(all, who)
		}
	}
	slices.Sort(all)
	return all
}

// expectHosts waits until n containers answer for each of the routes, as host/path.
func expectHosts(t *testing.T, address string, n int, routes ...string) {
	t.Helper()
	for _, route := range routes {
		host, path, _ := strings.Cut(route, "/")
		lab.Eventually(t, 30*time.Second, fmt.Sprintf("%d containers answer for %s", n, route), func() bool {
			all := containersOf(t, address, host, "/"+path, 3*n)
			return len(all) == n && all[0] != ""
		})
	}
}

// verdicts are those of the API about the services, as "verdict LABEL" with the label's value left out, sorted and each once.
func (l *labelled) verdicts() []string {
	l.t.Helper()
	var view struct {
		Rejects []struct{ Service, Tag, Verdict, Reason string }
	}
	if err := l.proxy.Ask("/api/routes", &view); err != nil {
		l.t.Fatal(err)
	}
	var all []string
	for _, r := range view.Rejects {
		if !slices.Contains(l.services, r.Service) {
			continue
		}
		key, _, _ := strings.Cut(r.Tag, "=")
		if r.Reason == "" {
			l.t.Errorf("no reason is given for %s", r.Tag)
		}
		all = append(all, r.Verdict+" "+strings.TrimPrefix(key, "aliyun."))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (l *labelled) expectVerdicts(want ...string) {
	l.t.Helper()
	var got []string
	if !lab.Within(lab.Patient(10*time.Second), func() bool { got = l.verdicts(); return slices.Equal(got, want) }) {
		l.t.Errorf("verdicts %q\nwant %q", got, want)
	}
}

// Labels as people write them make routes on the whole way: Compose, registrator, Consul, proxy.
func TestLabelsAsPeopleWriteThem(t *testing.T) {
	images(t)
	all := startLabelled(t)
	t.Run("one short name, a probe", func(t *testing.T) {
		t.Parallel()
		l := all.with(t, "usual.yml", "quince", "quince-db")
		l.do("scale", "quince=3")
		expectHosts(t, l.proxy.Proxy, 3, "quince/", "quince.lab.test/")
		lab.Eventually(t, 10*time.Second, "three pass their probe", func() bool { return l.consul.Passing("quince") == 3 })
		for _, host := range []string{"db", "db.lab.test", "quince-db"} {
			if got := askRoute(t, l.proxy.Proxy, host, "/", ""); got.status != http.StatusNotFound {
				t.Errorf("%s: %+v", host, got)
			}
		}
		l.expectVerdicts("ignored logs", "ignored probe.initial_delay_seconds", "ignored rolling_updates", "ignored scale")
		for _, quiet := range []string{"aliyun.logs", "aliyun.probe", "aliyun.rolling_updates"} {
			if strings.Contains(l.proxy.Output(), quiet) {
				t.Errorf("the log speaks of %s", quiet)
			}
		}
	})
	t.Run("several names, a path, clients that stay", func(t *testing.T) {
		t.Parallel()
		l := all.with(t, "hosts.yml", "gazette", "rates")
		at := l.proxy.Proxy
		expectHosts(t, at, 2, "gazette/", "gazette.lab.test/", "www.gazette.example.org/", "gazette.example.org/archive", "gazette.example.org/archive/1", "rates.local/")
		if got := askRoute(t, at, "gazette.example.org", "/", ""); got.status != http.StatusNotFound {
			t.Errorf("above the path: %+v", got)
		}
		if got := askRoute(t, at, "gazette.example.org", "/archive/1", ""); !strings.Contains(got.text, " asked=gazette.example.org/archive/1") {
			t.Errorf("the path is not as it was: %+v", got)
		}
		first := askRoute(t, at, "gazette", "/", "")
		for range 10 {
			if got := askRoute(t, at, "gazette", "/", first.cookie); first.cookie == "" || got.who() != first.who() {
				t.Fatalf("%+v, then %+v", first, got)
			}
		}
		if got := askRoute(t, at, "rates.local", "/", ""); got.cookie != "" {
			t.Errorf("sticky without being asked: %+v", got)
		}
		l.expectVerdicts("ignored scale", "partly routing.port_8080")
	})
	t.Run("several ports", func(t *testing.T) {
		t.Parallel()
		l := all.with(t, "ports.yml", "lobby-8080", "lobby-9090", "lobby-5044")
		for host, port := range map[string]string{"lobby": "8080", "lobby.lab.test": "8080", "lobby.example.org": "8080", "lobby-admin.example.org": "9090"} {
			expectHosts(t, l.proxy.Proxy, 1, host+"/")
			if got := askRoute(t, l.proxy.Proxy, host, "/", ""); !strings.Contains(got.text, " port="+port+" ") {
				t.Errorf("%s: %s, want port %s", host, got.text, port)
			}
		}
		for _, host := range []string{"slb-lobby", "slb-lobby.lab.test", "lobby-admin"} {
			if got := askRoute(t, l.proxy.Proxy, host, "/", ""); got.status != http.StatusNotFound {
				t.Errorf("%s: %+v", host, got)
			}
		}
		l.expectVerdicts("ignored depends", "ignored latest_image", "ignored lb.port_5044", "ignored routing.port_8080", "ignored routing.port_9090")
	})
}
