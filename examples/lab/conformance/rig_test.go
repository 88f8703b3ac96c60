package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/proxy/trace"
)

// limits are those of connections, and those of all routes; what is 0 is as by default.
type limits struct {
	Connect, Answer, Progress, ReadHead, Idle, Grace, KeepIdle, Silence time.Duration
	MinBodyRate, KeepConns, Conns, UpstreamConns                        int
}

func (l limits) ofConnections() proxy.Limits {
	return lab.Over(proxy.DefaultLimits(), proxy.Limits{Progress: l.Progress, ReadHead: l.ReadHead, Idle: l.Idle, Grace: l.Grace, KeepIdle: l.KeepIdle, Silence: l.Silence,
		MinBodyRate: l.MinBodyRate, KeepConns: l.KeepConns, Conns: l.Conns, UpstreamConns: l.UpstreamConns})
}

func (l limits) ofRoutes() routing.Policy {
	p := routing.DefaultPolicy()
	p.Timeouts = lab.Over(p.Timeouts, routing.Timeouts{Connect: l.Connect, Answer: l.Answer, Progress: l.Progress})
	return p
}

// setup says how a rig differs from the defaults.
type setup struct {
	limits    limits
	noRetries bool
	// loops is how many an event loop listener has, each with connections of its own to the instances; 0 is rigLoops.
	loops     int
	forwarder proxy.Forwarder
	// clientAuth is what is asked of clients' certificates.
	clientAuth proxy.ClientAuth
	policy     balancer.Policy
	// ofRoute changes what a route does. May be nil.
	ofRoute func(*routing.Route, *routing.Policy)
	gate    outside.Gate
	onDrain func()
	// zone is the listener's own; "" prefers none.
	zone string
	// registered gives each service that a registrator registered the route <service>.test.
	registered bool
	// lines are those of the operator's routes file.
	lines string
	// checker asks instances whether they are well. May be nil.
	checker *balancer.Checker
	// reviver brings instances back as the program does.
	reviver bool
	// quiesces listens as the program does: such a listener can stop without resetting who waits, which takes 200 ms.
	quiesces bool
	// listening gets the listener before it is served. May be nil.
	listening func(l *net.TCPListener)
	// broken gets the error that Run returns; nil makes it the test's.
	broken chan error
	// tracer takes what is told of requests' times. May be nil.
	tracer *trace.Tracer
	listen string // "" is a port of loopback
	log    zerolog.Logger
}

// rig is a running listener over a table that the test writes.
type rig struct {
	t        testing.TB
	kind     *kind
	addr     string
	switcher *routing.Switch
	registry *prometheus.Registry
	// stop drains, and returns when everything has ended.
	stop func()

	below      *listen.Shared // what its servers share below HTTP
	metrics    *record.Metrics
	forwarder  proxy.Forwarder
	clientAuth proxy.ClientAuth
	gate       outside.Gate
	limits     limits
	loops      int
	onDrain    func()
	lines      string
	tracer     *trace.Tracer
	log        zerolog.Logger
	warm       *script // what a connection is given before the test when it is to be handed over
	swapping   sync.Mutex
	sequence   uint64
}

// rigLoops is how many event loops a rig has.
const rigLoops = 2

// grace is short: a test that leaves connections open does not wait for them.
const grace = 300 * time.Millisecond

func start(t testing.TB, k *kind, o setup, instances ...discovery.Instance) *rig {
	t.Helper()
	if o.limits.Grace == 0 {
		o.limits.Grace = grace
	}
	if lab.Raced && o.limits.Connect == 0 {
		o.limits.Connect = patience
	}
	if o.onDrain == nil {
		o.onDrain = func() {}
	}
	if o.loops == 0 {
		o.loops = rigLoops
	}
	if o.listen == "" {
		o.listen = "127.0.0.1:0"
	}
	r := &rig{t: t, loops: o.loops, kind: k, registry: prometheus.NewRegistry(), forwarder: o.forwarder, clientAuth: o.clientAuth, gate: o.gate, limits: o.limits, onDrain: o.onDrain, lines: o.lines, tracer: o.tracer, log: o.log}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defaults := o.limits.ofRoutes()
	if o.noRetries {
		defaults.Retries = 0
	}
	options := routing.Options{Defaults: &defaults, Policy: o.ofRoute, Languages: fixture.Languages(), Balance: o.policy, Blocking: func(to *routing.Route) bool { return k.handsOver && to.Host != warmHost }}
	options.Registered, options.Domain, options.Zone = o.registered, "test", o.zone
	if options.Checker = o.checker; o.checker != nil {
		all.Go(func() { _ = o.checker.Run(ctx) })
	}
	if o.reviver {
		options.Reviver = balancer.NewReviver(nil)
		all.Go(func() { _ = options.Reviver.Run(ctx) })
	}
	r.switcher, r.metrics = routing.NewSwitch(options), proxy.NewMetrics(r.registry)
	if k.handsOver {
		r.warm = answering(t, "warm")
	}
	var config net.ListenConfig
	if o.quiesces {
		config = listen.Config()
	}
	l, err := config.Listen(t.Context(), "tcp", o.listen)
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	if o.listening != nil {
		o.listening(l.(*net.TCPListener))
	}
	if instances != nil || o.lines != "" {
		r.apply(instances...)
	}
	run := k.start(r, l)
	all.Go(func() {
		switch err := run(ctx); {
		case o.broken != nil:
			o.broken <- err
		case err != nil:
			t.Errorf("run: %v", err)
		}
	})
	r.stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	t.Cleanup(r.stop)
	return r
}

// apply makes a table of these instances and no others.
func (r *rig) apply(instances ...discovery.Instance) {
	if r.warm != nil {
		instances = append([]discovery.Instance{as("warm", at(r.warm.Addr(), "urlprefix-"+warmHost+"/"))}, instances...)
	}
	r.swap(instances...)
}

// swap is apply without the rig's own instance.
func (r *rig) swap(instances ...discovery.Instance) {
	r.swapping.Lock()
	defer r.swapping.Unlock()
	r.sequence++
	s := fixture.Snapshot(instances...)
	s.Sequence, s.Taken = r.sequence, time.Now()
	if r.lines != "" {
		s.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", r.lines, 0)}
	}
	r.switcher.Apply(s)
}

// at is an instance of service t at an address; without tags it takes every host and path.
func at(a net.Addr, tags ...string) discovery.Instance { return fixture.At(a, tags...) }

// as gives an instance to another service.
func as(service string, in discovery.Instance) discovery.Instance {
	in.Service, in.ID = service, service+"-"+in.ID
	return in
}

// counter is the sum of a metric's series of which the labels contain all of want.
func (r *rig) counter(name string, want ...string) float64 {
	r.t.Helper()
	return fixture.Sum(r.t, r.registry, name, want...)
}

// certificate is self-signed, and the same in all of a process.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"t"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// forwarder trusts these addresses.
func forwarder(t testing.TB, trusted string) proxy.Forwarder {
	t.Helper()
	f, err := proxy.ParseForwarder(trusted)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
