package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What following 2,000 services of 10 instances may cost, in shares of a core, and how late a change may be.
const (
	manyServices, manyEach = 2000, 10
	mostIdleProxy          = 0.02
	mostIdleConsul         = 0.08
	mostFilling            = 0.3
	mostLate               = 250 * time.Millisecond
)

// largeSite is a catalogue of many services, filled by the test itself, and a proxy that follows it.
type largeSite struct {
	t      *testing.T
	consul *lab.Consul
	proxy  *lab.Program
	nodes  int
	port   int // where all instances listen
}

// A catalogue far larger than the number of watches costs in proportion to what changes in it, over the plain port with
// Consul's own limits.
func TestCatalogueOfManyServices(t *testing.T) {
	if !lab.Long() {
		t.Skip("takes some minutes: POINTSMAN_LONG=1")
	}
	for _, nodes := range []int{20, 100} {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			limits := map[string]any{"limits": map[string]any{"http_max_conns_per_client": 200}}
			c := &largeSite{t: t, consul: lab.StartServer(t, limits), nodes: nodes}
			app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			t.Cleanup(app.Close)
			_, _ = fmt.Sscanf(app.URL, "http://127.0.0.1:%d", &c.port)
			c.proxy = lab.StartProxy(t, bin, c.consul.HTTP, true)
			c.fill()
			c.idle()
			c.late("tags", func(n, i, j int) { c.register(i, j, "passing", fmt.Sprintf("pointsman.route=probe%d.test/", n)) },
				func(n int) string { return fmt.Sprintf("probe%d.test", n) }, http.StatusOK)
			c.flips()
		})
	}
}

// instance is number j of service i with its check, on the node where it is.
func (c *largeSite) instance(i, j int, status string, tags ...string) (node string, service, check map[string]any) {
	node = fmt.Sprintf("node%d", (i*(manyEach+1)+j)%c.nodes)
	name := fmt.Sprintf("service%d", i)
	id := fmt.Sprintf("%s-%d", name, j)
	service = map[string]any{"ID": id, "Service": name, "Address": "127.0.0.1", "Port": c.port,
		"Tags": append([]string{"pointsman.route=" + name + ".test/"}, tags...),
		"Meta": map[string]string{"host": node, "version": "1.2.3", "container": strings.Repeat("0123456789abcdef", 4)}}
	check = map[string]any{"Node": node, "CheckID": "service:" + id, "Name": "http", "ServiceID": id, "Status": status}
	return node, service, check
}

// register writes one instance as a registrator on its node would.
func (c *largeSite) register(i, j int, status string, tags ...string) {
	node, service, check := c.instance(i, j, status, tags...)
	c.put("/v1/catalog/register", map[string]any{
		"Node": node, "Address": "127.0.0.1", "SkipNodeUpdate": true, "Service": service, "Check": check,
	})
}

// put writes until that has worked: a Consul on a loaded machine may take its time.
func (c *largeSite) put(path string, body any) {
	var err error
	for range 5 {
		if err = c.consul.Put(path, body); err == nil {
			return
		}
	}
	c.t.Error(err)
}

// registerAll writes instances from to before to, in the order of their number and then of their service, in one transaction.
func (c *largeSite) registerAll(from, to int) {
	var ops []map[string]any
	for n := from; n < to; n++ {
		node, service, check := c.instance(n%manyServices, n/manyServices, "passing")
		ops = append(ops, map[string]any{"Service": map[string]any{"Verb": "set", "Node": node, "Service": service}},
			map[string]any{"Check": map[string]any{"Verb": "set", "Check": check}})
	}
	c.put("/v1/txn", ops)
}

// fill registers everything, 32 instances with each write (64 operations are the most that Consul takes), from two sides.
func (c *largeSite) fill() {
	for n := range c.nodes {
		c.put("/v1/catalog/register", map[string]any{"Node": fmt.Sprintf("node%d", n), "Address": "127.0.0.1"})
	}
	began, used, consul := time.Now(), c.proxy.CPU(), c.consul.CPU()
	var all sync.WaitGroup
	const at = 32
	for side := range 2 {
		all.Go(func() {
			for n := side * at; n < manyServices*manyEach; n += 2 * at {
				c.registerAll(n, min(n+at, manyServices*manyEach))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	share := (c.proxy.CPU() - used).Seconds() / took.Seconds()
	of := (c.consul.CPU() - consul).Seconds() / took.Seconds()
	for !c.complete() {
		time.Sleep(500 * time.Millisecond)
		if time.Since(began) > took+2*time.Minute {
			c.t.Fatal("the table never had all instances")
		}
	}
	c.t.Logf("filling: %.1f s, proxy %.3f of a core (Consul %.2f); complete %.1f s later", took.Seconds(), share, of, (time.Since(began) - took).Seconds())
	if share > mostFilling {
		c.t.Errorf("filling costs the proxy %.3f of a core, more than %.2f", share, mostFilling)
	}
}

// complete says whether the table has all instances.
func (c *largeSite) complete() bool {
	return gauge(c.proxy, "pointsman_instances_usable") == manyServices*manyEach
}

// idle measures what nothing costs.
func (c *largeSite) idle() {
	time.Sleep(10 * time.Second)
	began, proxy, consul := time.Now(), c.proxy.CPU(), c.consul.CPU()
	time.Sleep(90 * time.Second)
	took := time.Since(began).Seconds()
	ours, theirs := (c.proxy.CPU()-proxy).Seconds()/took, (c.consul.CPU()-consul).Seconds()/took
	c.t.Logf("nothing happens: proxy %.4f of a core, Consul %.4f", ours, theirs)
	if ours > mostIdleProxy || theirs > mostIdleConsul {
		c.t.Errorf("nothing happens, and it costs the proxy %.4f and Consul %.4f of a core: more than %.2f and %.2f", ours, theirs, mostIdleProxy, mostIdleConsul)
	}
}

// late makes one change after the other, here and there, and measures when a request finds it.
func (c *largeSite) late(what string, change func(n, i, j int), host func(n int) string, status int) {
	var all []time.Duration
	for n := range 100 {
		time.Sleep(rand.N(400 * time.Millisecond))
		i, j := rand.IntN(manyServices), rand.IntN(manyEach)
		change(n, i, j)
		all = append(all, c.until(host(n), status))
	}
	c.judge(what, all)
}

// flips takes the health of all instances of a service away and gives it back.
func (c *largeSite) flips() {
	var all []time.Duration
	for range 50 {
		time.Sleep(rand.N(400 * time.Millisecond))
		i := rand.IntN(manyServices)
		for _, to := range []struct {
			check string
			code  int
		}{{"critical", http.StatusServiceUnavailable}, {"passing", http.StatusOK}} {
			for j := range manyEach {
				c.register(i, j, to.check)
			}
			all = append(all, c.until(fmt.Sprintf("service%d.test", i), to.code))
		}
	}
	c.judge("health", all)
}

// until asks until the answer is as wanted, and returns how long that took from the write's answer on.
func (c *largeSite) until(host string, status int) time.Duration {
	began := time.Now()
	for {
		req, err := http.NewRequest(http.MethodGet, "http://"+c.proxy.Proxy+"/", nil)
		if err != nil {
			c.t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		took := time.Since(began)
		if err == nil && resp.StatusCode == status {
			return took
		}
		if took > 30*time.Second {
			c.t.Fatalf("%s never answered %d", host, status)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *largeSite) judge(what string, all []time.Duration) {
	slices.Sort(all)
	p50, p90, p99 := all[len(all)/2], all[len(all)*9/10], all[(len(all)-1)*99/100]
	c.t.Logf("change of %s to table: p50 %s, p90 %s, p99 %s, most %s", what, p50.Round(time.Millisecond), p90.Round(time.Millisecond), p99.Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond))
	if p99 > mostLate {
		c.t.Errorf("p99 of a change of %s is %s, more than %s", what, p99, mostLate)
	}
}
