package proxy

import (
	"fmt"
	"time"
)

// Pace watches over how fast a request's body comes, for both drivers: a client may send nothing for Limits.Progress, and where there is a
// Limits.MinBodyRate it has to send that many bytes a second, averaged over each Progress of waiting for it. The zero value is
// ready for a new body.
type Pace struct {
	waited time.Duration // for the client, until the present span began
	bytes  int64         // that had come by then
}

// Patience is how much longer the client may be waited for now: waited is how long it was in all, while an instance takes nothing no
// client is to blame, and n how many bytes came. A client that keeps the rate begins a new span each time that the bytes of one have come.
func (p *Pace) Patience(l *Limits, waited time.Duration, n int64) time.Duration {
	if l.MinBodyRate <= 0 {
		return l.Progress
	}
	if float64(n-p.bytes) >= float64(l.MinBodyRate)*l.Progress.Seconds() {
		p.waited, p.bytes = waited, n
	}
	return max(0, l.Progress-(waited-p.waited))
}

// slowBody tells the client why its body was given up.
func (l *Limits) slowBody() string {
	if l.MinBodyRate > 0 {
		return fmt.Sprintf("The request body arrived at less than %d bytes per second.", l.MinBodyRate)
	}
	return fmt.Sprintf("No part of the request body arrived for %s.", l.Progress)
}
