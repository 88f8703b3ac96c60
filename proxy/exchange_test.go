package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// asked parses a request's head, lines joined by |, and begins an exchange with it.
func (d *desk) asked(t *testing.T, x *Exchange, head string) Action {
	t.Helper()
	var r http1.Request
	if err := r.Parse([]byte(strings.ReplaceAll(head, "|", "\r\n")+"\r\n\r\n"), http1.Limits{}); err != nil {
		t.Fatalf("%s: %v", head, err)
	}
	return x.Begin(d.scope, &r, &d.client, d.now)
}

// answered parses an answer's head.
func answered(t *testing.T, method, head string) *http1.Response {
	t.Helper()
	var r http1.Response
	if err := r.Parse([]byte(strings.ReplaceAll(head, "|", "\r\n")+"\r\n\r\n"), method, http1.Limits{}); err != nil {
		t.Fatalf("%s: %v", head, err)
	}
	return &r
}

// serve makes a table of n instances of the service web, at 10.0.0.1:80 and on, which have answered before.
func (d *desk) serve(n int, tags ...string) {
	var list []discovery.Instance
	for i := range n {
		list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.0.%d", i+1), 80, tags...))
	}
	d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(list...))
	for _, u := range d.upstreams() {
		u.Way(balancer.WayKey{}).ObserveAnswer(0, time.Millisecond)
	}
}

func (d *desk) upstreams() (out []*balancer.Upstream) {
	for _, path := range []string{"/", "/a"} {
		if r, ok := d.table.Match(routing.Query{Authority: "web.io", Path: path}); ok {
			for i := range r.Members {
				out = append(out, r.Members[i].Upstream)
			}
			return out
		}
	}
	return nil
}

// told is what was done, for people.
func told(x *Exchange, do Action) string {
	switch do {
	case ActionSend:
		s := "send " + x.Member.Upstream.Address()
		if x.Fresh {
			s += " fresh"
		}
		return s
	case ActionReply:
		return "reply " + x.Outcome.String()
	}
	return [...]string{ActionContinue: "go", ActionAbort: "abort", ActionHandOver: "hand over"}[do]
}

// fault is a failed attempt, and what must follow.
type fault struct {
	failure    Failure
	kept       bool
	replayable bool
	want       string
}

func TestWhatFollowsAFailedAttempt(t *testing.T) {
	const kept, fresh, replayable, lost = true, false, true, false
	one, two := "send 10.0.0.1:80", "send 10.0.0.2:80"
	for _, c := range []struct {
		name, request string
		instances     int
		faults        []fault
	}{
		{"refused everywhere", "GET / HTTP/1.1", 2, []fault{{FailedConnect, fresh, replayable, two}, {FailedConnect, fresh, replayable, two + " fresh"},
			{FailedConnect, fresh, replayable, "reply no-healthy-upstream"}}},
		{"a POST that was not sent goes elsewhere", "POST / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedConnect, fresh, lost, two}}},
		{"a POST that was sent does not", "POST / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedSent, kept, replayable, "reply upstream-failure"}}},
		{"nor does one that stays unanswered", "POST / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedSilent, fresh, replayable, "reply upstream-timeout"}}},
		{"dead kept connections", "POST / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedStale, kept, replayable, one}, {FailedStale, kept, replayable, one}}},
		{"a fresh connection dead at once", "POST / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedStale, fresh, replayable, two}}},
		{"a GET is repeated", "GET / HTTP/1.1", 2, []fault{{FailedSent, fresh, replayable, two}, {FailedSent, fresh, replayable, "reply upstream-failure"}}},
		{"a kept connection's end, and from there on fresh ones", "GET / HTTP/1.1", 2, []fault{{FailedReset, kept, replayable, two + " fresh"},
			{FailedConnect, fresh, replayable, two + " fresh"}, {FailedSent, fresh, replayable, "reply upstream-failure"}}},
		{"a PUT only while its body is at hand", "PUT / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedSent, kept, lost, "reply upstream-failure"}}},
		{"one instance, its kept connection lost", "GET / HTTP/1.1", 1, []fault{{FailedSent, kept, replayable, one + " fresh"},
			{FailedSent, fresh, replayable, "reply upstream-failure"}}},
		{"one instance, a fresh connection lost", "GET / HTTP/1.1", 1, []fault{{FailedSent, fresh, replayable, "reply upstream-failure"}}},
		{"an answer that is none", "GET / HTTP/1.1", 2, []fault{{FailedAnswer, fresh, replayable, "reply upstream-failure"}}},
		{"silence", "GET / HTTP/1.1", 1, []fault{{FailedSilent, fresh, replayable, "reply upstream-timeout"}}},
		{"full everywhere", "GET / HTTP/1.1", 2, []fault{{FailedFull, fresh, replayable, two}, {FailedFull, fresh, replayable, "reply connection-limit"}}},
		{"full, then refused", "GET / HTTP/1.1", 2, []fault{{FailedFull, fresh, replayable, two}, {FailedConnect, fresh, replayable, two + " fresh"}}},
		{"nothing left to connect with", "GET / HTTP/1.1", 2, []fault{{FailedShort, fresh, replayable, two}, {FailedShort, fresh, replayable, "reply shortage"}}},
		{"the client goes", "GET / HTTP/1.1", 2, []fault{{FailedClient, fresh, replayable, "abort"}}},
		{"the client's body stands still", "PUT / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedSlow, fresh, replayable, "reply client-timeout"}}},
		{"the client's body is garbled", "PUT / HTTP/1.1|Content-Length: 3", 2, []fault{{FailedBody, fresh, replayable, "reply bad-request"}}},
	} {
		d := newDesk(t, nil)
		d.serve(c.instances, "urlprefix-web.io/")
		var x Exchange
		d.asked(t, &x, c.request+"|Host: web.io")
		if got := told(&x, x.Match(d.table)); got != one {
			t.Fatalf("%s: begins with %s", c.name, got)
		}
		for i, f := range c.faults {
			if got := told(&x, x.AttemptFailed(FailedAttempt{f.failure, f.kept, f.replayable}, time.Now())); got != f.want {
				t.Errorf("%s: failure %d: %s, want %s", c.name, i, got, f.want)
				break
			}
		}
		x.Finish(d.now)
		for _, u := range d.upstreams() {
			if n := u.InFlight(); n != 0 {
				t.Errorf("%s: %d in flight at %s in the end", c.name, n, u.Address())
			}
		}
	}
}

// Where nothing was sent a request goes on to the next instance, however many refuse, as after the death of a host.
func TestARefusedRequestFindsTheOneInstanceThatIsLeft(t *testing.T) {
	const instances = 30
	for _, f := range []Failure{FailedConnect, FailedSettle} {
		d := newDesk(t, nil)
		d.serve(instances, "urlprefix-web.io/")
		var x Exchange
		d.asked(t, &x, "POST / HTTP/1.1|Content-Length: 3|Host: web.io")
		asked := map[string]bool{}
		do, now := x.Match(d.table), time.Now()
		for range instances - 1 {
			if do != ActionSend {
				break
			}
			asked[x.Member.Upstream.Address()] = true
			do = x.AttemptFailed(FailedAttempt{f, false, false}, now)
			now = now.Add(time.Millisecond)
		}
		if do != ActionSend || len(asked) != instances-1 || asked[x.Member.Upstream.Address()] {
			t.Errorf("%s: after %d refusals: %s", f, len(asked), told(&x, do))
		}
		x.Finish(d.now)
	}
}

// What a failure says about its instance decides whether the next request goes there.
func TestWhatAFailureSaysAboutItsInstance(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      Failure
		kept   bool
		times  int
		fresh  bool // the instance has never answered
		usable bool
	}{
		{"refused", FailedConnect, false, 1, false, false},
		{"closed while it was watched", FailedSettle, false, 1, false, false},
		{"dead at once", FailedStale, false, 1, false, false},
		{"a kept connection dead", FailedStale, true, 5, false, true},
		{"a kept connection lost", FailedSent, true, 5, false, true},
		{"a fresh connection lost: the request may be to blame", FailedSent, false, 2, false, true},
		{"many in a row, where nobody does better", FailedSent, false, 9, false, true},
		{"of one that has never answered", FailedSent, false, 1, true, false},
		{"full", FailedFull, false, 5, false, true},
		{"our own shortage", FailedShort, false, 5, false, true},
		{"silent", FailedSilent, false, 5, false, true},
		{"the client's fault", FailedClient, false, 5, false, true},
	} {
		d := newDesk(t, nil)
		if !c.fresh {
			d.serve(1, "urlprefix-web.io/")
		} else {
			d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-web.io/")))
		}
		u := d.upstreams()[0]
		for range c.times {
			var x Exchange
			d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
			x.Match(d.table)
			x.AttemptFailed(FailedAttempt{c.f, c.kept, true}, time.Now().Add(time.Hour)) // nothing lapses meanwhile
			x.Finish(d.now)
		}
		if got := u.Usable(); got != c.usable {
			t.Errorf("%s: usable %v, want %v", c.name, got, c.usable)
		}
	}
	var early Exchange // a body that is read before an instance is asked
	d := newDesk(t, nil)
	d.asked(t, &early, "PUT / HTTP/1.1|Host: web.io|Content-Length: 3")
	if got := told(&early, early.AttemptFailed(FailedAttempt{FailedSlow, false, false}, d.now)); got != "reply client-timeout" {
		t.Error(got)
	}
	early.Finish(d.now)
	u := balancer.NewUpstream("s", "a:1").Way(balancer.WayKey{})
	u.ObserveAnswer(0, 1)
	for range 9 { // an answer over a fresh connection in between
		u.ObserveBroken(time.Now())
		u.ObserveBroken(time.Now())
		u.ObserveWhole()
	}
	if !u.Usable() {
		t.Error("lost connections count although others brought answers")
	}
}

func TestWhatIsWatchedBeforeUse(t *testing.T) {
	for method, want := range map[string]bool{"POST": true, "GET": false} {
		d := newDesk(t, nil)
		d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/")))
		for _, answered := range []bool{false, true} {
			var x Exchange
			d.asked(t, &x, method+" / HTTP/1.1|Host: web.io")
			x.Match(d.table)
			if got := x.Watch() > 0; got != (want && !answered) || x.Idempotent() == want {
				t.Errorf("%s, answered before %v: %v", method, answered, got)
			}
			x.Finish(d.now)
			d.upstreams()[0].Way(balancer.WayKey{}).ObserveAnswer(0, 1)
		}
	}
}

// own is a local reply without the date, the id, and the length, which is that of the body.
func own(x *Exchange, now time.Time) string {
	text := string(x.AppendLocalReply(nil, x.CloseAfter(), now))
	if n := len(x.appendLocalReplyBody(nil)); n > 0 {
		text = strings.Replace(text, fmt.Sprintf("Content-Length: %d\r\n", n), "", 1)
	}
	text = strings.ReplaceAll(text, x.Origin.ID, "ID")
	if !strings.HasSuffix(text, "\r\n") {
		text = strings.TrimSuffix(text, "\n")
	}
	return strings.ReplaceAll(text, "Date: "+now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")+"\r\n", "")
}

func TestOwnAnswers(t *testing.T) {
	const safe = "Content-Type: application/problem+json|X-Content-Type-Options: nosniff|Cache-Control: no-store|"
	for _, c := range []struct {
		name, request, tags, want string
		redirect                  string
		draining                  bool
	}{
		{"no route", "GET /x HTTP/1.1|Host: other.io", "urlprefix-web.io/", "HTTP/1.1 404 Not Found|" + safe + "|" +
			`{"type":"about:blank","title":"Not Found","status":404,"detail":"No route matches this host and path.","request_id":"ID"}`, "", false},
		{"to HEAD", "HEAD /x HTTP/1.1|Host: other.io", "urlprefix-web.io/", "HTTP/1.1 404 Not Found|" + safe + "|", "", false},
		{"for a browser", "GET / HTTP/1.1|Host: other.io|Accept: text/html,*/*;q=0.8", "urlprefix-web.io/",
			"HTTP/1.1 404 Not Found|Content-Type: text/html; charset=utf-8|X-Content-Type-Options: nosniff|Cache-Control: no-store||" +
				"<!doctype html><meta charset=utf-8><title>404 Not Found</title>\n<h1>404 Not Found</h1>\n<p>No route matches this host and path.</p>\n<p><small>Request ID</small></p>", "", false},
		{"while draining", "HEAD / HTTP/1.1|Host: other.io", "urlprefix-web.io/", "HTTP/1.1 404 Not Found|" + safe + "Connection: close||", "", true},
		{"to HTTP/1.0", "HEAD / HTTP/1.0", "urlprefix-web.io/", "HTTP/1.1 404 Not Found|" + safe + "Connection: close||", "", false},
		{"to HTTP/1.0 that stays", "HEAD / HTTP/1.0|Connection: keep-alive", "urlprefix-web.io/", "HTTP/1.1 404 Not Found|" + safe + "Connection: keep-alive||", "", false},
		{"a bad target ends the connection", "HEAD /%zz HTTP/1.1|Host: web.io", "urlprefix-web.io/", "HTTP/1.1 400 Bad Request|" + safe + "Connection: close||", "", false},
		{"CONNECT", "CONNECT web.io:443 HTTP/1.1|Host: web.io", "urlprefix-web.io/", "HTTP/1.1 405 Method Not Allowed|Allow: " + allowedMethods + "|" + safe +
			`Connection: close||{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"CONNECT is not supported.","request_id":"ID"}`, "", false},
		{"refused", "HEAD / HTTP/1.1|Host: web.io", "urlprefix-web.io/ deny=ip:192.168.0.0/16", "HTTP/1.1 403 Forbidden|" + safe + "|", "", false},
		{"a restriction that can't be honoured", "GET / HTTP/1.1|Host: web.io", "urlprefix-web.io/ auth=mine", "HTTP/1.1 503 Service Unavailable|" + safe + "|" +
			`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"` + OutcomeClosedRoute.detail() + `","request_id":"ID"}`, "", false},
		{"a route that redirects", "POST /a/b?q=1 HTTP/1.1|Host: web.io:80|Content-Length: 1", "urlprefix-web.io/a redirect=301,https://$host/new$path",
			"HTTP/1.1 301 Moved Permanently|Location: https://web.io/new/a/b?q=1|Content-Length: 0||", "", false},
		{"to HTTPS", "GET /a/../b?q=1 HTTP/1.1|Host: web.io:80", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://web.io/b?q=1|Content-Length: 0||", "443", false},
		{"to HTTPS elsewhere", "GET / HTTP/1.1|Host: [::1]:80", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://[::1]:8443/|Content-Length: 0||", "8443", false},
		{"to HTTPS, ports mapped", "GET / HTTP/1.1|Host: web.io", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://web.io/|Content-Length: 0||", "8443 of 8080", false},
		{"to HTTPS, other ports mapped", "GET / HTTP/1.1|Host: web.io:8000", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://web.io/|Content-Length: 0||", "8443 of 8080", false},
		{"to HTTPS, nothing mapped", "GET / HTTP/1.1|Host: web.io:8080", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://web.io:8443/|Content-Length: 0||", "8443 of 8080", false},
		{"to HTTPS, the usual port, not mapped", "GET / HTTP/1.1|Host: web.io", "urlprefix-web.io/", "HTTP/1.1 308 Permanent Redirect|Location: https://web.io:8443/|Content-Length: 0||", "8443 of 80", false},
		{"to HTTPS, no host", "HEAD / HTTP/1.0", "urlprefix-web.io/", "HTTP/1.1 400 Bad Request|" + safe + "Connection: close||", "443", false},
	} {
		d := newDesk(t, nil)
		d.serve(1, c.tags)
		port, of, found := strings.Cut(c.redirect, " of ")
		d.client.RedirectHTTPS, d.scope.common.HTTPSPort = c.redirect != "", port
		if found {
			d.scope.common.HTTPPorts = []string{of}
		}
		var x Exchange
		do := d.asked(t, &x, c.request)
		x.Ending = c.draining
		if do == ActionContinue {
			do = x.Match(d.table)
		}
		got := strings.ReplaceAll(own(&x, d.now), "\r\n", "|")
		if do != ActionReply || got != c.want {
			t.Errorf("%s: %s\n got %q\nwant %q", c.name, told(&x, do), got, c.want)
		}
		if !strings.Contains(got, "Connection: close") != !x.CloseAfter() {
			t.Errorf("%s: CloseAfter is %v after %q", c.name, x.CloseAfter(), got)
		}
		x.Finish(d.now)
	}
}
