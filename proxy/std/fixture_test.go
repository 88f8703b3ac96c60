package std

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

func TestMain(m *testing.M) { os.Exit(lab.RunLeakFree(m)) }

// rig is a running Server over a table that the test writes.
type rig struct {
	t        testing.TB
	server   *Server
	switcher *routing.Switch
	registry *prometheus.Registry
	addr     string
	tlsAddr  string
	stop     func()
	seq      uint64
}

type rigOptions struct {
	Options
	Limits    proxy.Limits
	Timeouts  routing.Timeouts // of all routes; those that are 0 are as by default
	Forwarder proxy.Forwarder
	Access    *record.AccessLog
	TLS       *tls.Config
	Redirect  bool
	CAs       map[string]balancer.Authorities
	Certs     map[string]balancer.Certificate
}

func newRig(t testing.TB, o rigOptions, instances ...discovery.Instance) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defaults := routing.DefaultPolicy()
	defaults.Timeouts = lab.Over(lab.Over(defaults.Timeouts, routing.Timeouts{Progress: o.Limits.Progress}), o.Timeouts)
	r := &rig{t: t, switcher: routing.NewSwitch(routing.Options{Defaults: &defaults, Languages: fixture.Languages(), UpstreamCAs: o.CAs, UpstreamCerts: o.Certs}), registry: prometheus.NewRegistry()}
	if o.Limits.Grace == 0 {
		o.Limits.Grace = 2 * time.Second
	}
	o.Common = &proxy.Shared{Switch: r.switcher, Metrics: proxy.NewMetrics(r.registry), Access: o.Access, Forwarder: o.Forwarder,
		Log: zerolog.Nop(), Limits: lab.Over(proxy.DefaultLimits(), o.Limits)}
	o.Listen = listen.NewShared(listen.Options{DrainWait: o.Common.Limits.DrainWait, Grace: o.Common.Limits.Grace})
	r.server = NewServer(o.Options)
	plain := onLoopback(t)
	listeners := []listen.Listener{{Listener: plain}}
	r.addr = plain.Addr().String()
	if o.TLS != nil {
		secure := onLoopback(t)
		r.tlsAddr = secure.Addr().String()
		listeners = append(listeners, listen.Listener{Listener: secure, TLS: o.TLS})
		if o.Redirect {
			listeners[0].RedirectHTTPS, o.Common.HTTPSPort = true, port(secure.Addr())
		}
	}
	if instances != nil {
		r.apply(instances...)
	}
	wg.Go(func() {
		if err := r.server.Run(ctx, listeners...); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	r.stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(func() {
		r.server.open.closeAll()
		r.stop()
	})
	return r
}

func (r *rig) apply(instances ...discovery.Instance) {
	r.seq++
	s := fixture.Snapshot(instances...)
	s.Sequence, s.Taken = r.seq, time.Now()
	r.switcher.Apply(s)
}

// counter is the sum of a metric's series of which the labels contain all of want.
func (r *rig) counter(name string, want ...string) float64 {
	r.t.Helper()
	return fixture.Sum(r.t, r.registry, name, want...)
}

func onLoopback(t testing.TB) net.Listener {
	t.Helper()
	return listenWith(t, net.ListenConfig{})
}

func listenWith(t testing.TB, config net.ListenConfig) net.Listener {
	t.Helper()
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func port(a net.Addr) string { return strconv.Itoa(a.(*net.TCPAddr).Port) }

func (r *rig) url(path string) string { return fmt.Sprintf("http://%s%s", r.addr, path) }

func read(t testing.TB, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("body after %q: %v", b, err)
	}
	return resp.StatusCode, string(b)
}

func post(fields, body string) string {
	return "POST /p HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + body
}
