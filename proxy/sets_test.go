package proxy

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// lists makes a table of instances.
func (d *desk) lists(list ...discovery.Instance) {
	d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(list...))
}

// Nothing was sent to an instance that spoke before it was asked, so that a POST may go to the service of on=.
func TestWhatWasNotSentGoesToAnotherService(t *testing.T) {
	for _, f := range []Failure{FailedConnect, FailedUnprompted} {
		d := newDesk(t, nil)
		d.lists(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ on=503:service:spare"), fixture.Instance("spare", "10.0.1.1", 80))
		var x Exchange
		d.asked(t, &x, "POST / HTTP/1.1|Content-Length: 3|Host: web.io")
		do := x.Match(d.table)
		for do == ActionSend && x.Member.Upstream.Address() == "10.0.0.1:80" {
			do = x.AttemptFailed(FailedAttempt{f, false, true}, d.now)
		}
		if got := told(&x, do); got != "send 10.0.1.1:80" && got != "send 10.0.1.1:80 fresh" {
			t.Errorf("%s: %s", f, got)
		}
		x.Finish(d.now)
	}
}

// One that was left as it was late is waited for after all where the services to fall back to fail, and each instance is asked once.
func TestTheLateOneIsAskedAgainAfterTheFallback(t *testing.T) {
	const tag = "pointsman.route=web.io/ fallback=service:spare|service:more"
	d := newDesk(t, nil)
	d.now = time.Now()
	d.lists(fixture.Instance("web", "10.0.0.1", 80, tag), fixture.Instance("web", "10.0.0.2", 80, tag), fixture.Instance("spare", "10.0.1.1", 80),
		fixture.Instance("more", "10.0.2.1", 80))
	for _, u := range d.upstreams() {
		u.Way(balancer.WayKey{}).ObserveAnswer(0, time.Millisecond)
	}
	var x Exchange
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
	if do := x.Match(d.table); do != ActionSend {
		t.Fatal(told(&x, do))
	}
	reset := FailedAttempt{FailedReset, false, true}
	other := x.Member
	x.AttemptFailed(reset, d.now)
	late := x.Member
	other.Upstream.ObserveHead(0, d.now, true) // to another request
	if f, over := x.Late(time.Second, true, d.now); late == other || !over || f != FailedLate {
		t.Fatalf("%s after %s: %v, %v", late.Upstream.Address(), other.Upstream.Address(), f, over)
	}
	if got := told(&x, x.AttemptFailed(FailedAttempt{FailedLate, false, true}, d.now)); got != "send 10.0.1.1:80" {
		t.Fatal(got)
	}
	if got := told(&x, x.AttemptFailed(reset, d.now)); got != "send 10.0.2.1:80" {
		t.Fatal(got)
	}
	if do := x.AttemptFailed(reset, d.now); do != ActionSend || x.Member != late {
		t.Fatalf("after the fallbacks' failure: %s", told(&x, do))
	}
	if do := x.AttemptFailed(reset, d.now); do != ActionReply {
		t.Errorf("in the end: %s", told(&x, do))
	}
	x.Finish(d.now)
	for _, u := range d.upstreams() {
		if n := u.InFlight(); n != 0 {
			t.Errorf("%s: %d in flight", u.Address(), n)
		}
	}
}
