package std

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
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

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	Forwarder proxy.Forwarder
	Access    *proxy.AccessLog
	TLS       *tls.Config
	Redirect  bool
}

func newRig(t testing.TB, o rigOptions, instances ...discovery.Instance) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	r := &rig{t: t, switcher: routing.NewSwitch(routing.Options{}), registry: prometheus.NewRegistry()}
	if o.Limits.Grace == 0 {
		o.Limits.Grace = 2 * time.Second
	}
	o.Common = &proxy.Shared{Switch: r.switcher, Metrics: proxy.NewMetrics(r.registry), Access: o.Access, Forwarder: o.Forwarder,
		Log: zerolog.Nop(), Limits: lab.Over(proxy.DefaultLimits(), o.Limits)}
	r.server = NewServer(o.Options)
	plain := onLoopback(t)
	listeners := []Listener{{Listener: plain}}
	r.addr = plain.Addr().String()
	if o.TLS != nil {
		secure := onLoopback(t)
		r.tlsAddr = secure.Addr().String()
		listeners = append(listeners, Listener{Listener: secure, TLS: o.TLS})
		if o.Redirect {
			listeners[0].RedirectHTTPS = port(secure.Addr())
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
			text := m.String()
			match := true
			for _, w := range want {
				match = match && strings.Contains(text, `"`+w+`"`)
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

// readRaw reads one request's head as bytes, and a body of Content-Length.
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

func (r *rig) url(path string) string { return fmt.Sprintf("http://%s%s", r.addr, path) }

// client keeps its own connections and never retries by itself more than net/http must.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

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

func get(target, fields string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"
}
