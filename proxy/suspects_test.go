package proxy

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// failsAtOne sends requests that fail at one instance and succeed at the others, as many as eject it.
func (d *desk) failsAtOne(t *testing.T, f Failure, bad *balancer.Upstream) {
	t.Helper()
	for range 9 {
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		x.Match(d.table)
		if x.Member.Upstream == bad {
			x.AttemptFailed(FailedAttempt{f, false, true}, d.now)
		}
		x.Answered(answered(t, "GET", "HTTP/1.1 200 OK|Content-Length: 0"), time.Millisecond, d.now, true)
		x.Finish(d.now)
	}
}

// What fails at one instance and succeeds at another ejects the first, and an answer to its trial brings it back.
func TestAnInstanceThatDoesWorseIsEjected(t *testing.T) {
	for _, f := range []Failure{FailedReset, FailedSent} {
		d := newDesk(t, nil)
		d.now = time.Now()
		d.serve(2, "urlprefix-web.io/")
		bad := d.upstreams()[0]
		d.failsAtOne(t, f, bad)
		if bad.Usable() || !d.upstreams()[1].Usable() {
			t.Fatalf("%v: usable %v, %v", f, bad.Usable(), d.upstreams()[1].Usable())
		}
	}
}

// A request that fails everywhere says nothing about anybody, however often it comes.
func TestWhatFailsEverywhereEjectsNobody(t *testing.T) {
	d := newDesk(t, nil)
	d.now = time.Now()
	d.serve(3, "urlprefix-web.io/")
	for range 500 {
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		for do := x.Match(d.table); do == ActionSend; {
			do = x.AttemptFailed(FailedAttempt{FailedReset, false, true}, d.now)
		}
		x.Finish(d.now)
	}
	for i, u := range d.upstreams() {
		if !u.Usable() {
			t.Errorf("instance %d is ejected", i)
		}
	}
}

// A trial that becomes a tunnel has been answered with its 101, however long the tunnel lasts.
func TestATunnelEndsItsTrialAtOnce(t *testing.T) {
	d := newDesk(t, nil)
	d.now = time.Now()
	d.serve(2, "urlprefix-web.io/")
	bad := d.upstreams()[0]
	d.failsAtOne(t, FailedReset, bad)
	d.now = d.now.Add(time.Second)
	var x Exchange
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io|Connection: upgrade|Upgrade: websocket")
	if x.Match(d.table); x.Member.Upstream != bad || !x.Member.Way.Out() {
		t.Fatal("no trial")
	}
	x.Answered(answered(t, "GET", "HTTP/1.1 101 Switching|Upgrade: websocket|Connection: upgrade"), time.Millisecond, d.now, false)
	if x.Member.Way.Out() {
		t.Error("still out while its tunnel lasts")
	}
	x.Finish(d.now)
}
