package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func access() *Access {
	return &Access{Time: time.Unix(0, 0).UTC(), Client: netip.MustParseAddr("10.0.0.1"), Method: "GET", Host: "t", RequestTarget: "/a\r\n\"\x1b[31m\xff\\",
		Proto: "HTTP/1.1", UserAgent: "x\" y", Service: "web", Status: 200, Bytes: 5, Duration: time.Millisecond}
}

func TestAccessLinesAreEscaped(t *testing.T) {
	line := string(appendCombinedLine(nil, access(), new(stamps)))
	want := `10.0.0.1 - - [01/Jan/1970:00:00:00 +0000] "GET /a\x0D\x0A\x22\x1B[31m\xFF\x5C HTTP/1.1" 200 5 "-" "x\x22 y"` + "\n"
	if line != want {
		t.Errorf("got  %q\nwant %q", line, want)
	}
	var parsed map[string]any
	raw := appendJSONLine(nil, access(), new(stamps))
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
	if err := stuck.Run(ended); err != nil || time.Since(start) > lastWrite+time.Minute {
		t.Errorf("a reader that is gone held the end up for %s: %v", time.Since(start), err)
	}
	if NewAccessLog(AccessOff, nil) != nil {
		t.Error("off logs")
	}
}

// A log that is quiet is not behind, whatever Recorder a line comes from, and each line is written once.
func TestAccessLogOfManyRecorders(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	l := NewAccessLog(AccessJSON, g)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = l.Run(ctx) })
	const recorders, each = 4, 500
	var loops sync.WaitGroup
	o := Options{Metrics: NewMetrics(prometheus.NewRegistry(), nil), Access: l, Notices: new(Notices)}
	for range recorders {
		r := New(o)
		loops.Go(func() {
			for range each {
				var q Request
				r.Begin()
				r.Answered(&q, "web", time.Millisecond, false)
				r.Finish(&q, "web", 200, time.Millisecond, access())
			}
		})
	}
	loops.Wait()
	written := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		return bytes.Count(g.buf.Bytes(), []byte("\n"))
	}
	for end := time.Now().Add(time.Minute); written() < recorders*each && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := written(); n != recorders*each || l.Dropped() != 0 {
		t.Errorf("%d lines of %d, %d dropped", n, recorders*each, l.Dropped())
	}
	cancel()
	all.Wait()
}
