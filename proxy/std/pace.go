package std

import (
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// pace watches over how fast a request's body comes. Only the time spent waiting for its asker counts.
type pace struct {
	limits *proxy.Limits
	waited time.Duration
	since  time.Time
	total  int64
}

// begin begins to wait, and says until when.
func (p *pace) begin() time.Time {
	p.since = time.Now()
	return p.since.Add(min(p.limits.Progress, p.limits.Patience(p.waited, p.total)))
}

// end ends a wait.
func (p *pace) end() { p.waited += time.Since(p.since) }

// count notes that n bytes came.
func (p *pace) count(n int) { p.total += int64(n) }
