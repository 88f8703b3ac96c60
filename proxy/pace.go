package proxy

import (
	"fmt"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// Timeouts are those of the route. While none is known, as when a body is read ahead, there is Progress alone, which is Limits.Progress.
func (x *Exchange) Timeouts() routing.Timeouts {
	if x.Route == nil {
		return routing.Timeouts{Progress: x.scope.common.Limits.Progress}
	}
	return x.Route.Policy.Timeouts
}

// Pace watches over how fast a request's body comes, for both drivers: a client may send nothing for Timeouts.Progress, and where there
// is a Limits.MinBodyRate it has to send that many bytes a second, averaged over each Progress of waiting for it. The zero value is
// ready for a new body.
type Pace struct {
	waited time.Duration // for the client, until the present span began
	bytes  int64         // that had come by then
}

// Patience is how much longer the client may be waited for now: waited is how long it was in all, while an instance takes nothing no
// client is to blame, and n how many bytes came. A client that keeps the rate begins a new span each time that the bytes of one have come.
func (x *Exchange) Patience(p *Pace, waited time.Duration, n int64) time.Duration {
	return p.patience(x.Timeouts().Progress, x.scope.common.Limits.MinBodyRate, waited, n)
}

func (p *Pace) patience(progress time.Duration, rate int, waited time.Duration, n int64) time.Duration {
	if rate <= 0 {
		return progress
	}
	if float64(n-p.bytes) >= float64(rate)*progress.Seconds() {
		p.waited, p.bytes = waited, n
	}
	return max(0, progress-(waited-p.waited))
}

// slowBody tells the client why its body was given up.
func (x *Exchange) slowBody() string {
	if rate := x.scope.common.Limits.MinBodyRate; rate > 0 {
		return fmt.Sprintf("The request body arrived at less than %d bytes per second.", rate)
	}
	return fmt.Sprintf("No part of the request body arrived for %s.", x.Timeouts().Progress)
}
