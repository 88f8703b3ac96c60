package record

import (
	"fmt"
	"testing"
	"time"
)

func TestNoticesComeOnceInAWhile(t *testing.T) {
	var b instanceNotices
	now := time.Unix(1_800_000_000, 0)
	one, other := notice{"10.0.0.1:80", "x"}, notice{"10.0.0.1:80", "y"}
	for i, c := range []struct {
		notice
		after time.Duration
		times int
		due   bool
	}{
		{one, 0, 1, true}, {other, 0, 1, true}, {one, time.Second, 0, false}, {one, time.Second, 0, false}, {one, quiet, 3, true}, {one, 0, 0, false},
	} {
		now = now.Add(c.after)
		if times, due := b.count(c.notice, now); times != c.times || due != c.due {
			t.Errorf("%d: %d times, due %v; want %d, %v", i, times, due, c.times, c.due)
		}
	}
	for i := range 3 * maxNotices {
		b.count(notice{fmt.Sprint(i), "x"}, now)
	}
	if n := len(b.known); n > maxNotices {
		t.Errorf("%d are remembered", n)
	}
	if _, due := b.count(notice{"new", "x"}, now.Add(2*quiet)); !due {
		t.Error("nothing is ever forgotten")
	}
}
