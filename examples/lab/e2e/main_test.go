// Package e2e tests the whole: real Docker, real Consul, and the program as it is shipped.
package e2e

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// bin is the program under test, built once.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pointsman-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if bin, err = lab.Build(dir, "./cmd/pointsman"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// site is one Docker network with instances of examples/web on it, followed by a registrator and a proxy.
type site struct {
	t           *testing.T
	docker      *lab.Docker
	consul      *lab.Consul // the agent that registrator and proxy talk to
	registrator *lab.Program
	proxy       *lab.Program
	ledger      *lab.Ledger
	network     string
	image       string
	name        string // of the service; its host is <name>.localhost
	options     []string
}

// plan says how a site is made. Zero values: the machine's engine, an agent of its own, container addresses, a lame duck of one second.
type plan struct {
	name        string
	docker      *lab.Docker // the machine's own when nil
	consul      *lab.Consul
	registrator []string // options; "-internal" when nil
	proxy       []string
	noProxy     bool
	noLedger    bool // what the instances were asked is not kept
	lameDuck    string
}

// build starts everything but the instances.
func build(t *testing.T, p plan) *site {
	t.Helper()
	if p.docker == nil {
		p.docker = lab.FindDocker(t)
	}
	s := &site{t: t, docker: p.docker, consul: p.consul, name: fmt.Sprintf("%s%d", p.name, os.Getpid())}
	s.image = s.docker.WebImage()
	s.network = s.docker.Network("e2e")
	if p.lameDuck == "" {
		p.lameDuck = "1s"
	}
	s.options = []string{"-lame-duck", p.lameDuck}
	if !p.noLedger {
		s.ledger = lab.ListenLedger(t, s.docker.Gateway(s.network))
		s.options = append(s.options, "-ledger", s.ledger.Address)
	}
	if s.consul == nil {
		s.consul = lab.StartConsul(t)
	}
	options := p.registrator
	if options == nil {
		options = []string{"-internal"}
	}
	s.registrator = lab.StartRegistrator(t, bin, s.docker.Socket, s.consul.HTTP, append(options, "-retry-attempts", "-1")...)
	if !p.noProxy {
		s.proxy = lab.StartProxy(t, bin, s.consul.HTTP, true, p.proxy...)
	}
	return s
}

// start runs one more instance and returns its container id. Options are docker's.
func (s *site) start(options ...string) (string, error) {
	args := append([]string{"--network", s.network, "-e", "SERVICE_NAME=" + s.name, "-e", "SERVICE_TAGS=pointsman.route=" + s.name + ".localhost/"}, options...)
	return s.docker.TryRun(append(append(args, s.image), s.options...)...)
}

// startAll runs n instances at the same time.
func (s *site) startAll(n int, options ...string) []string {
	s.t.Helper()
	ids, errs := make([]string, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { ids[i], errs[i] = s.start(options...) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return ids
}

// each does one docker command per container, at the same time.
func (s *site) each(ids []string, command ...string) {
	s.t.Helper()
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			if _, err := s.docker.Try(append(append([]string{}, command...), id)...); err != nil {
				s.t.Error(err)
			}
		})
	}
	all.Wait()
}

// settle waits until exactly n instances are registered. It is generous, since what counts is that the number comes true
// and stays; how fast is measured elsewhere.
func (s *site) settle(n int) {
	s.t.Helper()
	lab.Eventually(s.t, 20*time.Second, fmt.Sprintf("%d instances of %s are registered", n, s.name), func() bool { return s.consul.Named(s.name) == n })
}

// stays checks for a while that exactly n instances are registered.
func (s *site) stays(n int, during time.Duration) {
	s.t.Helper()
	if lab.Within(during, func() bool { return s.consul.Named(s.name) != n }) {
		s.t.Errorf("%d instances registered, want %d to stay", s.consul.Named(s.name), n)
	}
}

// host is the service's host name.
func (s *site) host() string { return s.name + ".localhost" }

// meter is the open-loop load on the site; half of it POST.
func (s *site) meter(rate int) *lab.Meter {
	return lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Rate: rate, PostIn: 2})
}

// clients is the closed-loop load: n keep-alive clients.
func (s *site) clients(n int) *lab.Meter {
	return lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Clients: n, PostIn: 2})
}

// serves waits until n different instances answer, and no more. The answers are counted from one start for as long as it takes, by
// a few clients: on a machine with much to do, one alone gets too few in any shorter time to meet them all.
func (s *site) serves(n int) {
	s.t.Helper()
	begin := func() *lab.Meter {
		return lab.StartMeter(s.t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Clients: 4})
	}
	m := begin()
	defer func() { m.Stop() }()
	lab.Eventually(s.t, time.Minute, fmt.Sprintf("%d instances of %s answer", n, s.name), func() bool {
		if len(m.Hosts()) > n { // one that was leaving has answered: from now on, then
			m.Stop()
			m = begin()
		}
		// So many answers that each of n turns up, whatever else shares the rotation.
		return m.Sent("") >= 6*n && len(m.Hosts()) == n
	})
}
