//go:build linux

package event

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/routing"
)

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + rigLoops) // see Options
	goleak.VerifyTestMain(m)
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
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{t: t, switcher: routing.NewSwitch(routing.Options{}), registry: prometheus.NewRegistry()}
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
	r.server = NewServer(o)
	l := onLoopback(t)
	r.addr = l.Addr().String()
	if instances != nil {
		r.apply(instances...)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.server.Run(ctx, Listener{Listener: l}); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(r.stop)
	return r
}

func (r *rig) apply(instances ...discovery.Instance) {
	r.seq++
	byName := map[string]*discovery.Service{}
	s := &discovery.Snapshot{Sequence: r.seq, Taken: time.Now()}
	for _, in := range instances {
		b := byName[in.Service]
		if b == nil {
			b = &discovery.Service{Name: in.Service}
			byName[in.Service] = b
			s.Services = append(s.Services, b)
		}
		b.Instances = append(b.Instances, in)
	}
	r.switcher.Apply(s)
}

// counter is the value of a counter or gauge, summed over its labels that contain all of want.
func (r *rig) counter(name string, want ...string) (sum float64) {
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			match := true
			for _, w := range want {
				match = match && strings.Contains(m.String(), `"`+w+`"`)
			}
			if match {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
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

// at is an instance of service t at an address; without tags it claims every host.
func at(a net.Addr, tags ...string) discovery.Instance {
	tcp := a.(*net.TCPAddr)
	if tags == nil {
		tags = []string{"urlprefix-/"}
	}
	return discovery.Instance{Identity: discovery.Identity{Node: "n", ID: "t-" + a.String(), Address: tcp.IP.String(), Port: tcp.Port},
		Service: "t", Tags: tags, Weight: 1, Status: discovery.Passing}
}

// app is a real application.
func app(t testing.TB, h http.HandlerFunc) net.Addr {
	t.Helper()
	l := onLoopback(t)
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return l.Addr()
}

// script is an instance made of bare sockets: play gets each connection, and how many came before it.
type script struct {
	l     net.Listener
	wg    sync.WaitGroup
	mu    sync.Mutex
	open  []net.Conn
	conns atomic.Int64
}

func newScript(t testing.TB, play func(n int64, c net.Conn, br *bufio.Reader)) *script {
	t.Helper()
	s := &script{l: onLoopback(t)}
	s.wg.Go(func() {
		for {
			c, err := s.l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, c)
			s.mu.Unlock()
			n := s.conns.Add(1) - 1
			s.wg.Go(func() {
				defer c.Close()
				play(n, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		s.l.Close()
		s.mu.Lock()
		for _, c := range s.open {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

func (s *script) addr() net.Addr { return s.l.Addr() }

// readRaw reads one message's head as bytes, and a body of Content-Length.
func readRaw(br *bufio.Reader) (string, error) {
	var head strings.Builder
	length := 0
	for {
		line, err := br.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			return head.String(), err
		}
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(br, body)
	head.Write(body)
	return head.String(), err
}

// dial opens a connection to the proxy that the test's end closes.
func (r *rig) dial() (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c, bufio.NewReader(c)
}

// silence is how long nothing must come for a peer to count as silent.
const silence = 300 * time.Millisecond

// raw sends bytes to the proxy and returns all that comes back until its end or d of silence; closed says which.
func (r *rig) raw(d time.Duration, parts ...string) (got string, closed bool) {
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
		c.SetReadDeadline(time.Now().Add(d))
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

func get(path, fields string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"
}

func (r *rig) url(path string) string { return "http://" + r.addr + path }

// httpClient keeps its own connections and never retries by itself more than net/http must.
func httpClient(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
