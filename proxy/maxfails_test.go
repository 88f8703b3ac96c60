package proxy

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// What counts for max-fails is what nginx calls an unsuccessful attempt.
func TestWhatCountsForMaxFails(t *testing.T) {
	listed := dialect.NextWritten | dialect.NextError | dialect.Next503 | dialect.Next404 | dialect.Next429
	for _, c := range []struct {
		f      Failure
		status int
		next   dialect.Next
		want   bool
	}{
		{FailedConnect, 0, 0, true}, {FailedSent, 0, dialect.NextWritten, true}, {FailedSilent, 0, 0, true}, {FailedAnswer, 0, listed, true},
		{FailedStatus, 503, 0, false}, {FailedStatus, 503, listed, true}, {FailedStatus, 502, listed, false}, {FailedStatus, 429, listed, true},
		{FailedStatus, 404, listed, false}, {FailedLate, 0, 0, false}, {FailedClient, 0, 0, false}, {FailedFull, 0, 0, false}, {FailedBody, 0, 0, false},
	} {
		if got := unsuccessful(c.f, c.status, c.next); got != c.want {
			t.Errorf("%v %d with %v: %v", c.f, c.status, c.next, got)
		}
	}
}

// An instance with max-fails is taken out by it and not by comparison, and any request may try it when its time is over.
func TestMaxFailsTakesAnInstanceOut(t *testing.T) {
	d := newDesk(t, nil)
	d.now = time.Now()
	d.serve(2, "pointsman.route=web.io/ max-fails=2 fail-timeout=1h next-upstream=error,503")
	bad := d.upstreams()[0]
	for n := range 8 {
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		x.Match(d.table)
		if x.Member.Upstream == bad {
			if n > 3 {
				t.Error("asked although it is out")
			}
			if ans := answered(t, "GET", "HTTP/1.1 503 Service Unavailable|Content-Length: 0"); x.Elsewhere(ans, time.Millisecond, true, true, d.now) {
				x.AttemptFailed(FailedAttempt{FailedStatus, true, true}, d.now)
			}
		}
		x.Answered(answered(t, "GET", "HTTP/1.1 200 OK|Content-Length: 0"), time.Millisecond, d.now, true)
		x.Finish(d.now)
	}
	if bad.Usable() {
		t.Error("not out after two")
	}
}
