package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/trace"
)

// recalling is an instance that answers after a while, and keeps the fields of the requests that it got. With failing it answers 503.
type recalling struct {
	*script
	mu       sync.Mutex
	requests []*message
}

func recall(t testing.TB, wait time.Duration, status int) *recalling {
	r := &recalling{}
	r.script = play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			r.mu.Lock()
			r.requests = append(r.requests, m)
			r.mu.Unlock()
			time.Sleep(wait)
			if _, err := io.WriteString(c, withStatus(status, "x")); err != nil {
				return
			}
		}
	})
	return r
}

// fields are the values of a field in the last request.
func (r *recalling) fields(name string) (values []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) == 0 {
		return nil
	}
	for _, f := range r.requests[len(r.requests)-1].fields {
		if n, value, _ := strings.Cut(f, ":"); strings.EqualFold(n, name) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// taken waits for one traced request.
func taken(t testing.TB, tracer *trace.Tracer) *trace.Request {
	t.Helper()
	var list []*trace.Request
	lab.Eventually(t, 5*time.Second, "a request is traced", func() bool { list = traced(tracer); return len(list) > 0 })
	return list[0]
}

// traced are the requests that are traced by now, but for those of the rig itself.
func traced(tracer *trace.Tracer) []*trace.Request {
	return slices.DeleteFunc(tracer.Take(nil, 8), func(r *trace.Request) bool { return r.Service == "warm" })
}

const parentTrace, parentSpan = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// A sampled request that one instance answers with 503, and another one well: one span for it, and one for each attempt, of which the instances
// learn.
func TestTracedRequestTellsItsAttempts(t *testing.T) {
	eachVersion(t, func(t *testing.T, k *kind, ask versionAsking) {
		bad, good := recall(t, 0, 503), recall(t, 20*time.Millisecond, 200)
		tracer := trace.New(trace.Options{Spans: true, Sample: 1})
		r := start(t, k, setup{tracer: tracer}, at(bad.Addr(), "urlprefix-/"), at(good.Addr(), "urlprefix-/"))
		var got *trace.Request
		for range 4 { // the turn of the bad one comes
			if a, err := ask(t, r, "GET", "/a?secret=1", ""); err != nil || a.status != 200 {
				t.Fatalf("%v %v", a, err)
			}
			if got = taken(t, tracer); len(got.Attempts) == 2 {
				break
			}
		}
		if len(got.Attempts) != 2 || got.Status != 200 || got.Path != "/a" || got.Method != "GET" || got.Service != "t" || got.Route != "/" || got.Parent != (trace.SpanID{}) || !got.Sampled {
			t.Fatalf("%+v", got)
		}
		first, second := got.Attempts[0], got.Attempts[1]
		if first.Upstream != bad.Addr().String() || first.Status != 503 || first.Failure != "status" || second.Upstream != good.Addr().String() || second.Status != 200 || second.Failure != "" {
			t.Errorf("%+v", got.Attempts)
		}
		if second.URL != "http://"+second.Upstream+"/a" || first.Instance == "" {
			t.Errorf("%+v", got.Attempts)
		}
		if second.Head.Sub(second.Sent) < 20*time.Millisecond || second.Begun.Before(first.Ended) || got.Ended.Before(second.Ended) || second.Ended.Before(second.Head) || first.Sent.Before(first.Begun) {
			t.Errorf("times: %+v", got)
		}
		for i, instance := range []*recalling{bad, good} {
			want := "00-" + hex.EncodeToString(got.Trace[:]) + "-" + hex.EncodeToString(got.Attempts[i].Span[:]) + "-01"
			if f := instance.fields("traceparent"); !slices.Equal(f, []string{want}) {
				t.Errorf("attempt %d: traceparent %q, want %s", i, f, want)
			}
		}
	})
}

// What a request says about its trace decides, and goes on.
func TestTraceContextIsKept(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		instance := recall(t, 0, 200)
		cases := []struct {
			name, fields string
			sample       float64
			sampled      bool
			parent       string // hex; "" where the trace begins here
			state        string
			untouched    string // traceparent as the instance gets it
			flags        string
		}{
			{name: "sampled parent", fields: "traceparent: 00-" + parentTrace + "-" + parentSpan + "-01\r\nTracestate: a=1,b=2\r\n", sampled: true, parent: parentSpan, state: "a=1,b=2", flags: "01"},
			{name: "random flag", fields: "Traceparent: 00-" + parentTrace + "-" + parentSpan + "-03\r\n", sampled: true, parent: parentSpan, flags: "03"},
			{name: "a parent that is not", fields: "traceparent: 00-" + parentTrace + "-" + parentSpan + "-00\r\ntracestate: a=1\r\n", sample: 1, state: "a=1",
				untouched: "00-" + parentTrace + "-" + parentSpan + "-00"},
			{name: "no parent, not sampled", flags: "00"},
			{name: "no parent, sampled", sample: 1, sampled: true, flags: "01"},
			{name: "one that can't be read", fields: "traceparent: 00-xyz\r\ntracestate: a=1\r\n", sample: 1, sampled: true, flags: "01"},
			{name: "two of them", fields: strings.Repeat("traceparent: 00-"+parentTrace+"-"+parentSpan+"-01\r\n", 2), flags: "00"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				tracer := trace.New(trace.Options{Spans: true, Sample: c.sample})
				r := start(t, k, setup{tracer: tracer}, at(instance.Addr(), "urlprefix-t/"))
				if a, err := r.ask(t, "GET / HTTP/1.1\r\nHost: t\r\n"+c.fields+"\r\n"); err != nil || a.status != 200 {
					t.Fatalf("%v %v", a, err)
				}
				got, state := instance.fields("traceparent"), strings.Join(instance.fields("tracestate"), ",")
				if len(got) != 1 || c.untouched != "" && got[0] != c.untouched || c.untouched == "" && !strings.HasSuffix(got[0], "-"+c.flags) || state != c.state {
					t.Fatalf("traceparent %q, tracestate %q", got, state)
				}
				if strings.Contains(got[0], parentTrace) != (c.parent != "" || c.untouched != "") {
					t.Errorf("another trace: %q", got)
				}
				if !c.sampled {
					if list := traced(tracer); len(list) > 0 {
						t.Errorf("traced: %+v", list[0])
					}
					return
				}
				q := taken(t, tracer)
				if parent := hex.EncodeToString(q.Parent[:]); c.parent != "" && parent != c.parent || c.parent == "" && q.Parent != (trace.SpanID{}) {
					t.Errorf("parent %s", parent)
				}
				if q.State != c.state {
					t.Errorf("state %q", q.State)
				}
			})
		}
	})
}

// Without a collector nothing of a request's trace context is touched, nor anything added.
func TestTraceContextPassesWhereNothingIsTraced(t *testing.T) {
	every(t, func(t *testing.T, k *kind) {
		instance := recall(t, 0, 200)
		for _, tracer := range []*trace.Tracer{nil, trace.New(trace.Options{Slow: time.Hour})} {
			r := start(t, k, setup{tracer: tracer}, at(instance.Addr(), "urlprefix-t/"))
			for _, value := range []string{"00-xyz", ""} {
				fields := ""
				if value != "" {
					fields = "TraceParent: " + value + "\r\nTraceState: a\r\n"
				}
				if a, err := r.ask(t, "GET / HTTP/1.1\r\nHost: t\r\n"+fields+"\r\n"); err != nil || a.status != 200 {
					t.Fatalf("%v %v", a, err)
				}
				if got := strings.Join(instance.fields("traceparent"), ","); got != value {
					t.Errorf("%q, want %q", got, value)
				}
			}
		}
	})
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// slowLine is the line of a slow request.
type slowLine struct {
	Service, Method, Path, Message string
	RequestID                      string `json:"request_id"`
	Status                         int
	Seconds                        float64
	Attempts                       []struct {
		Service, Instance, ID, Connection, Failed string
		Header                                    float64  `json:"header_seconds"`
		Connect                                   *float64 `json:"connect_seconds"`
		Seconds                                   float64
		Status                                    int
	}
}

func TestSlowRequestIsALineWithItsAttempts(t *testing.T) {
	const wait = 150 * time.Millisecond
	every(t, func(t *testing.T, k *kind) {
		bad, slow := recall(t, 0, 503), recall(t, wait, 200)
		var log lockedBuffer
		tracer := trace.New(trace.Options{Slow: wait, Log: zerolog.New(&log)})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = tracer.Run(ctx) })
		t.Cleanup(func() { cancel(); all.Wait() })
		r := start(t, k, setup{tracer: tracer}, at(bad.Addr(), "urlprefix-t/"), at(slow.Addr(), "urlprefix-t/"))
		var line slowLine
		for range 4 {
			before := strings.Count(log.String(), "\n")
			if a, err := r.ask(t, "GET /a HTTP/1.1\r\nHost: t\r\n\r\n"); err != nil || a.status != 200 {
				t.Fatalf("%v %v", a, err)
			}
			lab.Eventually(t, 5*time.Second, "a line", func() bool { return strings.Count(log.String(), "\n") > before })
			lines := strings.Split(strings.TrimSpace(log.String()), "\n")
			line = slowLine{}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
				t.Fatal(err)
			}
			if len(line.Attempts) == 2 {
				break
			}
		}
		if len(line.Attempts) != 2 || line.Service != "t" || line.Path != "/a" || line.Seconds < wait.Seconds() || line.Seconds > 60 || line.Status != 200 || line.RequestID == "" {
			t.Fatalf("%s", log.String())
		}
		first, second := line.Attempts[0], line.Attempts[1]
		if first.Instance != bad.Addr().String() || first.Failed != "status" || first.Status != 503 || second.Instance != slow.Addr().String() || second.Header < wait.Seconds() || second.ID == "" {
			t.Errorf("%s", log.String())
		}
		if (second.Connect == nil) != (second.Connection == "kept") {
			t.Errorf("%s", log.String())
		}
	})
}
