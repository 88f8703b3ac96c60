package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// yard is a proxy over processes on loopback ports that a real Consul agent lists: what instances do to the proxy, without
// Docker in between.
type yard struct {
	t      *testing.T
	consul *lab.Consul
	proxy  *lab.Program
	ledger *lab.Ledger // everything that reached any instance
}

func openYard(t *testing.T, options ...string) *yard {
	t.Helper()
	y := &yard{t: t, consul: lab.StartConsul(t), ledger: lab.ListenLedger(t, "127.0.0.1")}
	y.proxy = lab.StartProxy(t, bin, y.consul.HTTP, true, options...)
	return y
}

// webs holds the builds of examples/web, by version.
var webs sync.Map // version -> func() (string, error)

func webOf(t testing.TB, version string) string {
	t.Helper()
	build, _ := webs.LoadOrStore(version, sync.OnceValues(func() (string, error) {
		dir := filepath.Join(filepath.Dir(bin), "web-"+version)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		return lab.Build(dir, "./examples/web", "-ldflags=-s -w -X main.version="+version)
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// instance is a process of examples/web, or a hostile Upstream of the kit (then Process is nil).
type instance struct {
	*lab.Process
	service, address string
	port             int
	ledger           *lab.Ledger // what reached this one
}

func (i *instance) id() string { return i.service + "-" + strconv.Itoa(i.port) }

// web starts a process on a port (0: a free one) that answers with the service's name as its version, and waits until it
// listens. It is not in the catalogue yet.
func (y *yard) web(service string, port int, options ...string) *instance {
	y.t.Helper()
	if port == 0 {
		port = lab.FreePort(y.t)
	}
	own := lab.ListenLedger(y.t, "127.0.0.1")
	own.Into = y.ledger
	i := &instance{service: service, port: port, address: fmt.Sprintf("127.0.0.1:%d", port), ledger: own}
	argv := append([]string{webOf(y.t, service), "-ledger", own.Address}, options...)
	i.Process = lab.StartProcess(y.t, fmt.Sprintf("%s-%d", service, port), []string{"PORT=" + strconv.Itoa(port)}, argv...)
	i.listens(y.t)
	return i
}

func (i *instance) listens(t testing.TB) {
	t.Helper()
	lab.Eventually(t, 10*time.Second, i.id()+" listens", func() bool {
		c, err := net.DialTimeout("tcp", i.address, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// hostile starts an Upstream that can behave badly.
func (y *yard) hostile(service string) (*instance, *lab.Upstream) {
	y.t.Helper()
	own := lab.NewLedger()
	own.Into = y.ledger
	u := lab.StartUpstream(y.t, own)
	port := u.Port()
	return &instance{service: service, port: port, address: u.Address, ledger: own}, u
}

// list puts instances into the catalogue, at <service>.localhost and without a health check.
func (y *yard) list(all ...*instance) {
	y.t.Helper()
	for _, i := range all {
		body := map[string]any{"ID": i.id(), "Name": i.service, "Address": "127.0.0.1", "Port": i.port,
			"Tags": []string{"pointsman.route=" + i.service + ".localhost/"}}
		if err := y.consul.Put("/v1/agent/service/register", body); err != nil {
			y.t.Fatal(err)
		}
	}
}

// strike takes instances out of the catalogue.
func (y *yard) strike(all ...*instance) {
	y.t.Helper()
	for _, i := range all {
		if err := y.consul.Put("/v1/agent/service/deregister/"+i.id(), nil); err != nil {
			y.t.Fatal(err)
		}
	}
}

// sees waits until the proxy's table holds exactly n instances of a service.
func (y *yard) sees(service string, n int) {
	y.t.Helper()
	lab.Eventually(y.t, 10*time.Second, fmt.Sprintf("the table holds %d instances of %s", n, service), func() bool { return y.holds(service) == n })
}

// holds is how many instances of a service the proxy's table has.
func (y *yard) holds(service string) int {
	var view struct {
		Services []struct {
			Name  string
			Count int
		}
	}
	if err := y.proxy.Ask("/api/services", &view); err != nil {
		return -1
	}
	for _, s := range view.Services {
		if s.Name == service {
			return s.Count
		}
	}
	return 0
}

// meter is open-loop load on a service, a third of it POST: of every second request, all would go to one of two instances. What is
// set in more wins.
func (y *yard) meter(service string, rate int, more lab.Load) *lab.Meter {
	more.Address, more.Host, more.Rate = y.proxy.Proxy, service+".localhost", rate
	if more.PostIn == 0 {
		more.PostIn = 3
	}
	return lab.StartMeter(y.t, more)
}

// warm sends enough requests at once that every instance has several kept connections, and has answered.
func (y *yard) warm(service string) {
	y.t.Helper()
	m := lab.StartMeter(y.t, lab.Load{Address: y.proxy.Proxy, Host: service + ".localhost", Clients: 16})
	lab.Within(5*time.Second, func() bool { return m.Sent("") >= 400 })
	if tally := m.Stop(); tally.Lost("") != 0 {
		y.t.Fatalf("before anything was broken: %s", tally)
	}
}

// judge is what must hold in every case: no answer that belongs to another request, no POST that reached instances twice.
func (y *yard) judge(what string, tally *lab.Tally) {
	y.t.Helper()
	lost := func(method string) int {
		return tally.Lost(method) - tally.Of(method, lab.Wrong) - tally.Of(method, lab.Cut)
	}
	twice := y.ledger.Duplicates("POST")
	counts, _, _ := strings.Cut(tally.String(), "\n") // each loss is shown where there should be none
	y.t.Logf("%s: sent %d GET, %d POST; lost %d and %d, cut %d, wrong %d, duplicated %d GET and %d POST\n %s", what, tally.Sent("GET"), tally.Sent("POST"),
		lost("GET"), lost("POST"), tally.Of("", lab.Cut), tally.Of("", lab.Wrong), len(y.ledger.Duplicates("GET")), len(twice), counts)
	if len(twice) != 0 {
		y.t.Errorf("%s: POSTs that reached instances twice: %v", what, twice)
	}
	if n := tally.Of("", lab.Wrong); n != 0 {
		y.t.Errorf("%s: %d wrong answers", what, n)
	}
	if tally.Sent("") == 0 {
		y.t.Errorf("%s: nothing was sent", what)
	}
}

// none wants no loss of a method ("" for all).
func (y *yard) none(what, method string, tally *lab.Tally) {
	y.t.Helper()
	if n := tally.Lost(method); n != 0 {
		y.t.Errorf("%s: %d %s lost: %s", what, n, method, tally)
	}
}
