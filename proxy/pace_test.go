package proxy

import (
	"testing"
	"time"
)

// A body that is sent n bytes at a time, every so often, is given up when it falls below the rate over a whole Progress, or sends nothing
// for as long.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   int
		n      int64
		every  time.Duration
		pieces int
		late   bool
	}{
		{"no rate, a byte now and then", 0, 1, 59 * time.Second, 100, false},
		{"no rate, nothing for too long", 0, 1 << 20, 61 * time.Second, 2, true},
		{"below the rate", 100, 999, 10 * time.Second, 100, true},
		{"at the rate", 100, 1000, 10 * time.Second, 100, false},
		{"above it, in bursts", 100, 6000, 59 * time.Second, 100, false},
		{"a burst earns no credit", 100, 1 << 20, 61 * time.Second, 2, true},
		{"the whole of a small body within one span", 100, 2, 10 * time.Second, 5, false},
	} {
		var p Pace
		var waited time.Duration
		var n int64
		late := false
		for range c.pieces {
			if p.patience(time.Minute, c.rate, waited, n) < c.every {
				late = true
				break
			}
			waited, n = waited+c.every, n+c.n
		}
		if late != c.late {
			t.Errorf("%s: given up is %v after %s and %d bytes", c.name, late, waited, n)
		}
	}
}
