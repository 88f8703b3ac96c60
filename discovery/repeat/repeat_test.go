package repeat

import (
	"fmt"
	"testing"
	"time"
)

func TestLinesComeOnceInAWhile(t *testing.T) {
	type notice struct{ service, instance, reason string }
	var l Lines[notice]
	now := time.Unix(1_800_000_000, 0)
	one, other := notice{"s", "10.0.0.1:80", "x"}, notice{"other", "10.0.0.1:80", "x"}
	for i, c := range []struct {
		notice
		after time.Duration
		times int
		due   bool
	}{
		{one, 0, 1, true}, {other, 0, 1, true}, {one, time.Second, 0, false}, {one, time.Second, 0, false}, {one, Quiet, 3, true}, {one, 0, 0, false},
	} {
		now = now.Add(c.after)
		if times, due := l.Count(c.notice, now); times != c.times || due != c.due {
			t.Errorf("%d: %d times, due %v; want %d, %v", i, times, due, c.times, c.due)
		}
	}
	for i := range 3 * most {
		l.Count(notice{"s", fmt.Sprint(i), "x"}, now)
	}
	if n := len(l.known); n > most {
		t.Errorf("%d are remembered", n)
	}
	if _, due := l.Count(notice{"s", "new", "x"}, now.Add(2*Quiet)); !due {
		t.Error("nothing is ever forgotten")
	}
}
