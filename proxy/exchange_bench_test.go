package proxy

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// desk is a scope with all that an exchange needs, and the two heads of a usual exchange.
type desk struct {
	common  *Shared
	scope   *Scope
	table   *routing.Table
	client  Client
	request http1.Request
	answer  http1.Response
	now     time.Time
}

const (
	requestText = "GET /path?q=1 HTTP/1.1\r\nHost: web.io:8080\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
	answerText  = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 05:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 28\r\nConnection: keep-alive\r\n\r\n"
)

// newDesk has the route web.io/ to two instances.
func newDesk(tb testing.TB, access *record.AccessLog) *desk {
	tb.Helper()
	d := &desk{now: time.Unix(1_800_000_000, 123456789)}
	d.common = &Shared{Metrics: NewMetrics(prometheus.NewRegistry()), Access: access}
	d.common.Limits = DefaultLimits()
	d.scope = d.common.NewScope()
	d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/"), fixture.Instance("web", "10.0.0.2", 80, "urlprefix-web.io/")))
	d.client = NewClient(netip.MustParseAddr("192.168.10.20"), "http", &d.common.Forwarder)
	if err := d.request.Parse([]byte(requestText), http1.Limits{}); err != nil {
		tb.Fatal(err)
	}
	if err := d.answer.Parse([]byte(answerText), "GET", http1.Limits{}); err != nil {
		tb.Fatal(err)
	}
	return d
}

// exchange runs a whole exchange into buf.
func (d *desk) exchange(x *Exchange, buf []byte) []byte {
	if x.Begin(d.scope, &d.request, &d.client, d.now) != ActionContinue || x.Match(d.table) != ActionSend {
		panic("the request is not sent")
	}
	buf = x.AppendRequest(buf[:0])
	x.Answered(&d.answer, 300*time.Microsecond, d.now, true)
	buf = x.AppendAnswer(buf, &d.answer, x.CloseAfter(), d.now)
	x.Bytes += d.answer.Framing.Length
	x.Finish(d.now.Add(350 * time.Microsecond))
	return buf
}

// logging runs a log until the test ends.
func logging(tb testing.TB, f record.AccessFormat) *record.AccessLog {
	l := record.NewAccessLog(f, io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = l.Run(ctx) })
	tb.Cleanup(func() { cancel(); all.Wait() })
	return l
}

var formats = []struct {
	name   string
	format record.AccessFormat
}{{"off", record.AccessOff}, {"json", record.AccessJSON}, {"combined", record.AccessCombined}}

func BenchmarkExchange(b *testing.B) {
	for _, f := range formats {
		b.Run("log="+f.name, func(b *testing.B) {
			d := newDesk(b, logging(b, f.format))
			var x Exchange
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				buf = d.exchange(&x, buf)
			}
		})
	}
}

// BenchmarkLoops has a loop per processor on one table (-cpu 1,2): what they share is what they fight over.
func BenchmarkLoops(b *testing.B) {
	shared := newDesk(b, nil)
	b.RunParallel(func(pb *testing.PB) {
		d := *shared // its own client and messages
		d.scope = shared.common.NewScope()
		var x Exchange
		buf := make([]byte, 0, 4096)
		for pb.Next() {
			buf = d.exchange(&x, buf)
		}
	})
}

func TestExchangeAllocatesNothing(t *testing.T) {
	for _, f := range formats {
		var access *record.AccessLog
		if f.format != record.AccessOff {
			access = record.NewAccessLog(f.format, io.Discard)
		}
		d := newDesk(t, access)
		var x Exchange
		buf := make([]byte, 0, 4096)
		for range 8000 { // until what grows has grown
			buf = d.exchange(&x, buf)
		}
		if n := testing.AllocsPerRun(500, func() { buf = d.exchange(&x, buf) }); n != 0 {
			t.Errorf("with the log %s: %v allocations", f.name, n)
		}
	}
}

func TestAFormatOfLinesAllocatesNothing(t *testing.T) {
	format, err := record.ParseLineFormat("combined")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, record.NewFormattedLog(format, io.Discard))
	var x Exchange
	buf := make([]byte, 0, 4096)
	for range 8000 { // until what grows has grown
		buf = d.exchange(&x, buf)
	}
	if n := testing.AllocsPerRun(500, func() { buf = d.exchange(&x, buf) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
