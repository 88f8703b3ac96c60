package proxy

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/trace"
)

var tracers = map[string]func() *trace.Tracer{
	"off":        func() *trace.Tracer { return nil },
	"slow":       func() *trace.Tracer { return trace.New(trace.Options{Slow: time.Minute}) },
	"unsampled":  func() *trace.Tracer { return trace.New(trace.Options{Spans: true}) },
	"1 % sample": func() *trace.Tracer { return trace.New(trace.Options{Spans: true, Sample: 0.01}) },
}

func TestARequestThatIsNotTracedAllocatesNothing(t *testing.T) {
	for name, tracer := range tracers {
		if name == "1 % sample" {
			continue
		}
		d := newDesk(t, nil)
		d.common.Tracer = tracer()
		var x Exchange
		buf := d.exchange(&x, make([]byte, 0, 4096))
		if n := testing.AllocsPerRun(500, func() { buf = d.exchange(&x, buf) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkTracedExchange(b *testing.B) {
	for name, tracer := range tracers {
		b.Run(name, func(b *testing.B) {
			d := newDesk(b, nil)
			d.common.Tracer = tracer()
			var x Exchange
			buf := make([]byte, 0, 4096)
			var list []*trace.Request
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if buf = d.exchange(&x, buf); n%4096 == 0 && d.common.Tracer != nil {
					list = d.common.Tracer.Take(list[:0], 4096)
				}
			}
		})
	}
}
