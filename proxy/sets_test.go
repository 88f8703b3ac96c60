package proxy

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/record"
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

// What takes the place of an instance's answer is no answer of the instance: the log says what that one gave.
func TestTheLogOfAnswersThatWereReplaced(t *testing.T) {
	format, err := record.ParseLineFormat("$upstream_addr | $upstream_status | $status")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ on, want string }{
		{"on=500:404 intercept=on", "10.0.0.1:80 | 500 | 404"},
		{"on=500:https://a.io/ intercept=on", "10.0.0.1:80 | 500 | 302"},
		{"on=500:service:spare intercept=on", "10.0.0.1:80, 10.0.1.1:80 | 500, 200 | 200"},
		{"on=504:https://a.io/", "10.0.0.1:80 | 504 | 302"},
	} {
		out := &bytes.Buffer{}
		d := newDesk(t, record.NewFormattedLog(format, out))
		d.lists(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=web.io/ "+c.on), fixture.Instance("spare", "10.0.1.1", 80))
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		x.Match(d.table)
		failure := FailedSilent
		if x.Elsewhere(answered(t, "GET", "HTTP/1.1 500 Oh|Content-Length: 0"), time.Millisecond, false, true, d.now) {
			failure = FailedStatus
		}
		switch do := x.AttemptFailed(FailedAttempt{failure, false, true}, d.now); do {
		case ActionSend:
			x.Answered(answered(t, "GET", "HTTP/1.1 200 OK|Content-Length: 0"), time.Millisecond, d.now, false)
		case ActionReply:
			x.AppendLocalReply(nil, false, d.now)
		}
		x.Finish(d.now)
		if got := d.logged(out); got != c.want+"\n" {
			t.Errorf("%s: %q, want %q", c.on, got, c.want)
		}
	}
}

// The fields of a response stand in the log as they went to the client.
func TestFieldsOfAResponseInTheLog(t *testing.T) {
	format, err := record.ParseLineFormat("$sent_http_x_one|$sent_http_content_type|$sent_http_connection|$sent_http_server")
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewFormattedLog(format, out))
	d.serve(1, "pointsman.route=web.io/ response-header=remove:Server")
	var x Exchange
	for _, http2 := range []bool{false, true} {
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		x.Match(d.table)
		ans := answered(t, "GET", "HTTP/1.1 200 OK|X-One: 1|x-one: 2|Content-Type: text/x|Server: s|Content-Length: 0")
		x.Answered(ans, time.Millisecond, d.now, false)
		want := "1, 2|text/x|close|-\n"
		if http2 {
			x.AnswerFields(nil, ans)
			want = "1, 2|text/x|-|-\n"
		} else {
			head := x.AppendAnswer(nil, ans, true, d.now)
			clear(head) // another request's by the time the line is written
		}
		x.Finish(d.now)
		if got := d.logged(out); got != want {
			t.Errorf("HTTP/2 %v: %q, want %q", http2, got, want)
		}
		d.asked(t, &x, "GET /gone HTTP/1.1|Host: nowhere.io")
		x.Match(d.table)
		if http2 {
			x.LocalReply()
		} else {
			x.AppendLocalReply(nil, false, d.now)
		}
		x.Finish(d.now)
		if got := d.logged(out); got != "-|application/problem+json|-|-\n" {
			t.Errorf("HTTP/2 %v: a local reply: %q", http2, got)
		}
	}
}

// The head of a 101, and that of a local reply over HTTP/2, are bytes that were sent.
func TestBytesSentCountEveryHead(t *testing.T) {
	format, err := record.ParseLineFormat("$status $body_bytes_sent $bytes_sent")
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewFormattedLog(format, out))
	var x Exchange
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io|Connection: upgrade|Upgrade: websocket")
	x.Match(d.table)
	ans := answered(t, "GET", "HTTP/1.1 101 Switching|Upgrade: websocket|Connection: upgrade")
	x.Answered(ans, time.Millisecond, d.now, false)
	head := x.AppendAnswer(nil, ans, false, d.now)
	x.Finish(d.now)
	if got, want := d.logged(out), fmt.Sprintf("101 0 %d\n", len(head)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	d.asked(t, &x, "GET /gone HTTP/1.1|Host: nowhere.io")
	x.Match(d.table)
	fields, body := x.LocalReply()
	x.Bytes = int64(len(body))
	x.Finish(d.now)
	sent := len("HTTP/2.0 404\r\n\r\n") + len(body)
	for _, f := range fields {
		sent += len(f.Name) + len(f.Value) + len(": \r\n")
	}
	if got, want := d.logged(out), fmt.Sprintf("404 %d %d\n", len(body), sent); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
