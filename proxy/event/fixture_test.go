//go:build linux

package event

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/routing"
)

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + rigLoops) // see Options
	os.Exit(lab.RunLeakFree(m))
}

// rigLoops is how many loops a rig has.
const rigLoops = 2

// rig is a running Server over a table that the test writes.
type rig struct {
	t        testing.TB
	server   *Server
	switcher *routing.Switch
	registry *prometheus.Registry
	addr     string
	stop     func()
	seq      uint64
}

func newRig(t testing.TB, o Options, limits proxy.Limits, instances ...discovery.Instance) *rig {
	t.Helper()
	return newRigOf(t, o, limits, routing.Timeouts{Progress: limits.Progress}, instances...)
}

// newRigOf is newRig with timeouts of all routes; those that are 0 are as by default.
func newRigOf(t testing.TB, o Options, limits proxy.Limits, timeouts routing.Timeouts, instances ...discovery.Instance) *rig {
	t.Helper()
	defaults := routing.DefaultPolicy()
	defaults.Timeouts = lab.Over(defaults.Timeouts, timeouts)
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{t: t, switcher: routing.NewSwitch(routing.Options{Defaults: &defaults, Languages: fixture.Languages()}), registry: prometheus.NewRegistry()}
	if limits.Grace == 0 {
		limits.Grace = 2 * time.Second
	}
	if o.Common == nil {
		o.Common = &proxy.Shared{}
	}
	o.Common.Switch, o.Common.Metrics, o.Common.Log = r.switcher, proxy.NewMetrics(r.registry), zerolog.Nop()
	o.Common.Limits = lab.Over(proxy.DefaultLimits(), limits)
	if o.Loops == 0 {
		o.Loops = rigLoops
	}
	o.Listen = listen.NewShared(listen.Options{DrainWait: o.Common.Limits.DrainWait, Grace: o.Common.Limits.Grace})
	r.server = NewServer(o)
	l := onLoopback(t)
	r.addr = l.Addr().String()
	if instances != nil {
		r.apply(instances...)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.server.Run(ctx, listen.Listener{Listener: l}); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(r.stop)
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
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	l, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dial opens a connection to the proxy that the test's end closes.
func (r *rig) dial() (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c, bufio.NewReader(c)
}

// silence is how long nothing must come for a peer to count as silent.
const silence = 3 * time.Second

// raw sends bytes to the proxy, waits for what comes back, and returns all of it until its end or a silence; closed says which.
func (r *rig) raw(parts ...string) (got string, closed bool) {
	r.t.Helper()
	c, _ := r.dial()
	defer c.Close()
	for i, p := range parts {
		if i > 0 {
			time.Sleep(30 * time.Millisecond)
		}
		if _, err := io.WriteString(c, p); err != nil {
			break
		}
	}
	var all strings.Builder
	buf := make([]byte, 4096)
	for {
		if all.Len() > 0 { // what is to come first may take its time
			c.SetReadDeadline(time.Now().Add(silence))
		}
		n, err := c.Read(buf)
		all.Write(buf[:n])
		if err != nil {
			var timeout net.Error
			return all.String(), !(errors.As(err, &timeout) && timeout.Timeout())
		}
	}
}

// statuses are the status codes in a byte stream of answers.
func statuses(got string) (codes []int) {
	for _, part := range strings.Split(got, "HTTP/1.")[1:] {
		if len(part) >= 5 {
			code, _ := strconv.Atoi(part[2:5])
			codes = append(codes, code)
		}
	}
	return codes
}

func (r *rig) url(path string) string { return "http://" + r.addr + path }
