package proxy

import (
	"testing"
	"time"
)

// With least-time an instance that answers with errors at once draws no requests.
func TestOneThatOnlyFailsIsNotTheFastest(t *testing.T) {
	d := newDesk(t, nil)
	d.now = time.Now()
	d.serve(2, "pointsman.route=web.io/ balance=least-time")
	bad, failed := d.upstreams()[0], 0
	d.upstreams()[1].ObserveTime(10*time.Millisecond, d.now)
	for range 40 {
		var x Exchange
		d.asked(t, &x, "POST / HTTP/1.1|Content-Length: 0|Host: web.io")
		x.Match(d.table)
		head, took := "HTTP/1.1 200 OK|Content-Length: 0", 10*time.Millisecond
		if x.Member.Upstream == bad {
			head, took = "HTTP/1.1 500 Internal Server Error|Content-Length: 0", time.Millisecond
			failed++
		}
		x.Answered(answered(t, "POST", head), took, d.now, true)
		x.Finish(d.now)
	}
	if failed > 1 {
		t.Errorf("%d of 40 went to the one that fails", failed)
	}
}
