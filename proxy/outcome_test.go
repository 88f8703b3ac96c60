package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

func problem(o Outcome, accept, detail string) (kind string, body []byte) {
	page := prefersHTML(accept)
	return problemType(page), o.appendProblem(nil, page, detail, "id")
}

func TestProblems(t *testing.T) {
	for o := OutcomeNotReady; o < outcomes; o++ {
		if o == OutcomeRedirected {
			continue
		}
		kind, body := problem(o, "*/*", "")
		var p map[string]any
		if err := json.Unmarshal(body, &p); err != nil || kind != "application/problem+json" || int(p["status"].(float64)) != o.Status() || p["title"] == "" {
			t.Errorf("%v: %s %q %v", o, kind, body, err)
		}
		if o != OutcomeTargetTooLong && p["title"] != http.StatusText(o.Status()) { // net/http has an older name for that one
			t.Errorf("%v: titled %q, want %q", o, p["title"], http.StatusText(o.Status()))
		}
		if d := o.detail(); d != sentence(d) {
			t.Errorf("%v: %q is no sentence", o, d)
		}
		if o.Status() < 400 || len(body) > MaxProblem {
			t.Errorf("%v: status %d, %d bytes", o, o.Status(), len(body))
		}
	}
	kind, body := problem(OutcomeBadRequest, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", `<script>"`+strings.Repeat("x", 9999))
	if !strings.HasPrefix(kind, "text/html") || bytes.Contains(body, []byte("<script>")) || len(body) > MaxProblem {
		t.Errorf("%s %q", kind, body)
	}
	if kind, _ := problem(OutcomeNoRoute, "application/json, text/html", ""); kind != "application/problem+json" {
		t.Errorf("JSON was asked for first: %s", kind)
	}
}

func access() *Access {
	return &Access{Time: time.Unix(0, 0).UTC(), Client: netip.MustParseAddr("10.0.0.1"), Method: "GET", Host: "t", Target: "/a\r\n\"\x1b[31m\xff\\",
		Proto: "HTTP/1.1", UserAgent: "x\" y", Service: "web", Status: 200, Bytes: 5, Duration: time.Millisecond}
}

func TestAccessLinesAreEscaped(t *testing.T) {
	line := string(appendCombinedLine(nil, access(), new(stamp)))
	want := `10.0.0.1 - - [01/Jan/1970:00:00:00 +0000] "GET /a\x0d\x0a\x22\x1b[31m\xff\x5c HTTP/1.1" 200 5 "-" "x\x22 y"` + "\n"
	if line != want {
		t.Errorf("got  %q\nwant %q", line, want)
	}
	var parsed map[string]any
	raw := appendJSONLine(nil, access(), new(stamp))
	if err := json.Unmarshal(raw, &parsed); err != nil || bytes.Count(raw, []byte("\n")) != 1 {
		t.Fatalf("%q: %v", raw, err)
	}
	if parsed["target"] != "/a\r\n\"\x1b[31m\u00ff\\" || parsed["status"] != 200.0 || parsed["service"] != "web" {
		t.Errorf("%v", parsed)
	}
}

// Every byte at every place is escaped, or not, whatever stands around it.
func TestWhatIsPrintable(t *testing.T) {
	for c := range 256 {
		for at := range 19 {
			text := []byte(strings.Repeat("a~ ", 7)[:19])
			text[at] = byte(c)
			want := len(text)
			if c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
				want = at
			}
			if got := printable(string(text)); got != want {
				t.Fatalf("%q: %d, want %d", text, got, want)
			}
		}
	}
}

// gate blocks the first write until it is opened; what is written after that fails if broken.
type gate struct {
	open   chan struct{}
	mu     sync.Mutex
	buf    bytes.Buffer
	broken bool
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken {
		return 0, errors.New("disk full")
	}
	return g.buf.Write(p)
}

// joined is a queue of the log's.
func joined(l *AccessLog) *lineQueue {
	q := &lineQueue{mu: new(sync.Mutex)}
	l.join(q)
	return q
}

func TestAccessLogNeverHoldsUp(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	l := NewAccessLog(AccessJSON, g)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	seat, n := joined(l), 0
	for size := 0; size < 3*maxLines; size += 200 { // a line has more than that
		seat.mu.Lock()
		l.add(seat, access())
		seat.mu.Unlock()
		n++
	}
	if l.Dropped() == 0 {
		t.Error("nothing was dropped while the disk stood still")
	}
	close(g.open)
	cancel()
	wg.Wait()
	if got := bytes.Count(g.buf.Bytes(), []byte("\n")) + int(l.Dropped()); got != n {
		t.Errorf("%d lines written or counted, want %d", got, n)
	}
	stuck := NewAccessLog(AccessJSON, &gate{open: make(chan struct{})})
	ended, end := context.WithCancel(t.Context())
	stuck.add(joined(stuck), access())
	time.AfterFunc(50*time.Millisecond, end)
	start := time.Now()
	if err := stuck.Run(ended); err != nil || time.Since(start) > farewellWrite+5*time.Second {
		t.Errorf("a reader that is gone held the end up for %s: %v", time.Since(start), err)
	}
	if NewAccessLog(AccessOff, nil) != nil {
		t.Error("off logs")
	}
}

func TestStartToFirstAnswer(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	start := time.Now().Add(-time.Second)
	u := balancer.NewUpstream("web", "10.0.0.1:80")
	u.StampRoutable(start.Add(9 * time.Millisecond))
	in := discovery.Instance{Marked: true, SinceStart: true, Local: true, Started: start, Sent: start.Add(4 * time.Millisecond), Seen: start.Add(8 * time.Millisecond)}
	m.FirstAnswer(&in, u, start.Add(12*time.Millisecond))
	for _, other := range []func(*discovery.Instance){
		func(i *discovery.Instance) { i.Local = false }, func(i *discovery.Instance) { i.SinceStart = false },
		func(i *discovery.Instance) { i.Marked = false }, func(i *discovery.Instance) { i.Started = time.Time{} },
	} {
		i := in
		other(&i)
		m.FirstAnswer(&i, u, start.Add(time.Hour/2))
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "pointsman_start_to_first_answer_seconds" {
			for _, s := range f.GetMetric() {
				got[s.GetLabel()[0].GetValue()] = s.GetHistogram().GetSampleSum()
			}
		}
	}
	for part, want := range map[string]float64{"total": .012, "registered": .004, "seen": .004, "routable": .001, "answered": .003} {
		if d := got[part] - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: %v, want %v", part, got[part], want)
		}
	}
}
