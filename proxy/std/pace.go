package std

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// pace is a proxy.Pace with what it counts: the time spent waiting for the client, and the bytes that came.
type pace struct {
	proxy.Pace
	exchange *proxy.Exchange
	waited   time.Duration
	since    time.Time
	total    int64
}

// begin begins to wait, and says until when.
func (p *pace) begin() time.Time {
	p.since = time.Now()
	return p.since.Add(p.exchange.Patience(&p.Pace, p.waited, p.total))
}

// end ends a wait.
func (p *pace) end() { p.waited += time.Since(p.since) }

// count notes that n bytes came.
func (p *pace) count(n int) { p.total += int64(n) }
