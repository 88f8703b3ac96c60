package otlp

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/trace"
)

func TestMain(m *testing.M) { os.Exit(lab.RunLeakFree(m)) }

// collector keeps the spans that it is sent.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	messages []*tracepb.TracesData
	headers  http.Header
	asked    atomic.Int64
	answer   func(n int64, w http.ResponseWriter, r *http.Request) // in place of taking the message, where it is not nil
}

func startCollector(t *testing.T, answer func(n int64, w http.ResponseWriter, r *http.Request)) *collector {
	t.Helper()
	c := &collector{answer: answer}
	c.Server = httptest.NewServer(c)
	t.Cleanup(func() { c.CloseClientConnections(); c.Server.Close() })
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := c.asked.Add(1)
	body, err := io.ReadAll(r.Body)
	var m tracepb.TracesData
	if err != nil || proto.Unmarshal(body, &m) != nil || r.URL.Path != "/v1/traces" || r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.answer != nil {
		c.answer(n, w, r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages, c.headers = append(c.messages, &m), r.Header
}

func (c *collector) spans() (out []*tracepb.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.messages {
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				out = append(out, s.Spans...)
			}
		}
	}
	return out
}

// export is a Tracer whose requests go to a collector.
type export struct {
	*trace.Tracer
	registry *prometheus.Registry
	log      strings.Builder
	stop     func()
}

func startExport(t *testing.T, address string) *export {
	t.Helper()
	e := &export{Tracer: trace.New(trace.Options{Spans: true, Sample: 1}), registry: prometheus.NewRegistry()}
	e.Register(e.registry)
	at, err := ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	x := New(Options{URL: at, Headers: map[string]string{"X-Key": "k"}, Service: "shop-proxy", Version: "v1", Log: zerolog.New(&e.log)}, e.Tracer)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = x.Run(ctx) })
	e.stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	t.Cleanup(e.stop)
	return e
}

// request is a request with two attempts, three spans.
func (e *export) request() *trace.Request {
	c, _ := e.Begin(trace.Context{}, false, false)
	begun := time.Now()
	after := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	r := &trace.Request{Context: c, Sampled: true, Begun: begun, Ended: after(30), Method: "BREW", Scheme: "https", Host: "shop.example:8443", Path: "/pot", Proto: "HTTP/2.0",
		UserAgent: "test", State: "a=1", Client: netip.MustParseAddr("192.0.2.1"), From: netip.MustParseAddr("10.0.0.1"), Service: "shop", Route: "shop.example/", RequestID: "id", Status: 502,
		Outcome: "upstream-failure", Attempts: []trace.Attempt{
			{Span: trace.NewSpanID(), Begun: after(1), Ended: after(11), Service: "shop", Upstream: "10.0.0.7:80", Failure: "connect"},
			{Span: trace.NewSpanID(), Begun: after(12), Sent: after(13), Head: after(20), Ended: after(30), Service: "shop", Upstream: "[2001:db8::1]:80", Instance: "i", Container: "c",
				Kept: true, Status: 404, URL: "http://[2001:db8::1]:80/pot"},
		}}
	e.Finish(r, false)
	return r
}

func TestSocketOfAnInstanceIsNoHost(t *testing.T) {
	got := attributesOf(attemptSpan(&trace.Request{Method: "GET", Attempts: []trace.Attempt{{Upstream: "unix:/run/app.sock"}}}, 0))
	if got["server.address"] != "/run/app.sock" || got["network.transport"] != "unix" || got["server.port"] != nil {
		t.Errorf("%v", got)
	}
}

func attributesOf(s *tracepb.Span) map[string]any {
	out := map[string]any{}
	for _, a := range s.Attributes {
		switch {
		case a.Value.GetStringValue() != "":
			out[a.Key] = a.Value.GetStringValue()
		case a.Value.GetDoubleValue() != 0:
			out[a.Key] = a.Value.GetDoubleValue()
		default:
			out[a.Key] = a.Value.GetIntValue()
		}
	}
	return out
}

func TestCollectorGetsASpanForTheRequestAndForEachAttempt(t *testing.T) {
	c := startCollector(t, nil)
	e := startExport(t, c.URL)
	r := e.request()
	lab.Eventually(t, 10*time.Second, "three spans", func() bool { return len(c.spans()) == 3 })
	spans := c.spans()
	server, first, second := spans[0], spans[1], spans[2]
	if server.Kind != tracepb.Span_SPAN_KIND_SERVER || server.Name != "HTTP shop.example/" || len(server.ParentSpanId) != 0 || server.TraceState != "a=1" || server.Flags != 0x101 ||
		server.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || server.EndTimeUnixNano-server.StartTimeUnixNano != 30e6 {
		t.Errorf("%+v", server)
	}
	for i, s := range []*tracepb.Span{first, second} {
		if s.Kind != tracepb.Span_SPAN_KIND_CLIENT || string(s.ParentSpanId) != string(server.SpanId) || string(s.TraceId) != string(r.Trace[:]) || string(s.SpanId) != string(r.Attempts[i].Span[:]) ||
			s.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR {
			t.Errorf("%+v", s)
		}
	}
	for _, want := range []struct {
		span  *tracepb.Span
		key   string
		value any
	}{
		{server, "http.request.method", "_OTHER"}, {server, "http.request.method_original", "BREW"}, {server, "url.path", "/pot"}, {server, "url.scheme", "https"},
		{server, "server.address", "shop.example"}, {server, "server.port", int64(8443)}, {server, "http.response.status_code", int64(502)}, {server, "error.type", "502"},
		{server, "client.address", "192.0.2.1"}, {server, "network.peer.address", "10.0.0.1"}, {server, "network.protocol.version", "2"}, {server, "pointsman.service", "shop"},
		{server, "pointsman.outcome", "upstream-failure"}, {server, "http.route", "shop.example/"},
		{first, "error.type", "connect"}, {first, "server.address", "10.0.0.7"}, {first, "pointsman.connection", "new"},
		{second, "http.request.resend_count", int64(1)}, {second, "network.peer.address", "2001:db8::1"}, {second, "network.peer.port", int64(80)}, {second, "http.response.status_code", int64(404)},
		{second, "error.type", "404"}, {second, "url.full", "http://[2001:db8::1]:80/pot"}, {second, "pointsman.instance", "i"}, {second, "container.id", "c"},
		{second, "pointsman.connection", "kept"}, {second, "pointsman.header_seconds", 0.007},
	} {
		if got := attributesOf(want.span)[want.key]; got != want.value {
			t.Errorf("%s of %s: %v, want %v", want.key, want.span.Name, got, want.value)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.headers.Get("X-Key") != "k" {
		t.Error("the operator's header is not sent")
	}
	resource := attributesOf(&tracepb.Span{Attributes: c.messages[0].ResourceSpans[0].Resource.Attributes})
	if resource["service.name"] != "shop-proxy" || resource["service.version"] != "v1" {
		t.Errorf("%v", resource)
	}
	if n := fixture.Sum(t, e.registry, "pointsman_trace_spans_sent_total"); n != 3 {
		t.Errorf("%g spans counted", n)
	}
}

// dropped is how many spans were lost so.
func (e *export) dropped(t *testing.T, reason string) float64 {
	return fixture.Sum(t, e.registry, "pointsman_trace_spans_dropped_total", reason)
}

// A collector that is no use costs the spans, which are counted, and nothing else: Finish never waits, and the process ends at once.
func TestUselessCollectors(t *testing.T) {
	cases := map[string]struct {
		answer func(n int64, w http.ResponseWriter, r *http.Request)
		reason string
		dead   bool
	}{
		"refuses": {answer: func(_ int64, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, reason: "refused"},
		"redirects": {answer: func(_ int64, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, reason: "refused"},
		"is short of room": {answer: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, reason: "failed"},
		"takes a part": {answer: func(_ int64, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0x0a, 0x02, 0x08, 0x03}) }, reason: "refused"},
		"has a huge header": {answer: func(_ int64, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Huge", strings.Repeat("x", 1<<20))
		}, reason: "failed"},
		"is away": {reason: "failed", dead: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startCollector(t, c.answer)
			if c.dead {
				s.Server.Close()
			}
			e := startExport(t, strings.Replace(s.URL, "//", "//me:hidden@", 1)+"/v1/traces?key=hidden")
			e.request()
			lab.Eventually(t, 20*time.Second, "the spans are counted as lost", func() bool { return e.dropped(t, c.reason) == 3 })
			e.stop()
			if log := e.log.String(); strings.Contains(log, "hidden") || name == "is away" && !strings.Contains(log, s.Listener.Addr().String()) {
				t.Errorf("a key in the log, or no collector: %s", log)
			}
			if name == "redirects" && s.asked.Load() != 1 {
				t.Errorf("%d requests: a redirect was followed", s.asked.Load())
			}
		})
	}
}

func TestSlowAndEndlessCollectorsHoldNobodyUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // its connections are never answered
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	endless := startCollector(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	for name, address := range map[string]string{"silent": "http://" + silent.Addr().String(), "endless": endless.URL} {
		t.Run(name, func(t *testing.T) {
			e := startExport(t, address)
			begun := time.Now()
			for range 10000 {
				e.request()
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("Finish waited: 10,000 requests took %s", took)
			}
			if n := fixture.Sum(t, e.registry, "pointsman_trace_requests_dropped_total", "queue"); name == "silent" && n < 7000 {
				t.Errorf("%g requests counted as dropped", n)
			}
			begun = time.Now()
			e.stop()
			if took := time.Since(begun); took > lab.Patient(5*time.Second) {
				t.Errorf("the end took %s", took)
			}
		})
	}
}

// A collector that comes back gets spans again, and the log says both once.
func TestCollectorComesBack(t *testing.T) {
	var up atomic.Bool
	c := startCollector(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	e := startExport(t, c.URL)
	for i := range 3 {
		e.request()
		lab.Eventually(t, 10*time.Second, "lost", func() bool { return e.dropped(t, "refused") == float64(3*(i+1)) })
	}
	up.Store(true)
	e.request()
	lab.Eventually(t, 10*time.Second, "sent", func() bool { return fixture.Sum(t, e.registry, "pointsman_trace_spans_sent_total") == 3 })
	e.stop()
	if log := e.log.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "status 404") || !strings.Contains(log, "again") {
		t.Errorf("the log: %s", log)
	}
}

// What waits when the process ends is sent.
func TestEndSendsWhatIsLeft(t *testing.T) {
	c := startCollector(t, nil)
	e := startExport(t, c.URL)
	e.request()
	e.stop()
	if len(c.spans()) != 3 {
		t.Errorf("%d spans", len(c.spans()))
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{"http://c:4318": "http://c:4318/v1/traces", "https://c/": "https://c/v1/traces", "http://c/otlp/traces": "http://c/otlp/traces",
		"c:4318": "", "ftp://c": "", "http://": "", "": "", "http://c/#x": ""} {
		u, err := ParseURL(text)
		if (err != nil) != (want == "") || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}

func FuzzRefusedSpans(f *testing.F) {
	f.Add([]byte{0x0a, 0x02, 0x08, 0x03})
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := refusedSpans(b); n < 0 {
			t.Errorf("%d", n)
		}
	})
}
