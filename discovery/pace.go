package discovery

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	// A burst of publications passes at once; then they are leastGap apart, or as far as their cost asks for, so that a service
	// that flaps can't keep the table's builder busy. A change waits for mostGap at most.
	publishBurst = 10
	leastGap     = 5 * time.Millisecond
	mostGap      = time.Second
	// costShare is how many times a publication's cost is left between two: 2 % of a core.
	costShare = 50
	// costWeight smooths the cost, of which one in a while includes a garbage collection or another program's turn.
	costWeight = 8
)

// pace is how fast publications may follow each other.
type pace struct {
	bucket *rate.Limiter
	cost   time.Duration // smoothed
}

func newPace() pace { return pace{bucket: rate.NewLimiter(rate.Every(leastGap), publishBurst)} }

// reserve books a publication, and returns how long it has to wait; cost is what the last one cost.
func (p *pace) reserve(cost time.Duration) time.Duration {
	p.cost += (cost - p.cost) / costWeight
	gap := min(max(costShare*p.cost, leastGap), mostGap)
	p.bucket.SetLimit(rate.Every(gap))
	return p.bucket.Reserve().Delay()
}
