package proxy

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

func TestBlamesAreToldOnceInAWhile(t *testing.T) {
	var b blames
	now := time.Unix(1_800_000_000, 0)
	one, other := blame{"10.0.0.1:80", "x"}, blame{"10.0.0.1:80", "y"}
	for i, c := range []struct {
		blame
		after time.Duration
		times int
		due   bool
	}{
		{one, 0, 1, true}, {other, 0, 1, true}, {one, time.Second, 0, false}, {one, time.Second, 0, false}, {one, quiet, 3, true}, {one, 0, 0, false},
	} {
		now = now.Add(c.after)
		if times, due := b.count(c.blame, now); times != c.times || due != c.due {
			t.Errorf("%d: %d times, due %v; want %d, %v", i, times, due, c.times, c.due)
		}
	}
	for i := range 3 * mostBlames {
		b.count(blame{fmt.Sprint(i), "x"}, now)
	}
	if n := len(b.known); n > mostBlames {
		t.Errorf("%d are remembered", n)
	}
	if _, due := b.count(blame{"new", "x"}, now.Add(2*quiet)); !due {
		t.Error("nothing is ever forgotten")
	}
}

// No text of an instance's can become a label or part of the reason.
func TestReasonsHoldNothingThatWasSent(t *testing.T) {
	for f := range failures {
		for _, why := range []error{nil, errors.New("evil"), &http1.Error{Status: 502, Text: "fixed"}} {
			if got := reasonOf(f, why); got == "evil" {
				t.Errorf("%s: %q", f, got)
			}
		}
	}
}
