package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

const userText = "GET /path?id=7 HTTP/1.1\r\nHost: web.io:8080\r\nX-User: u7\r\nCookie: a=b; sid=s7\r\n\r\n"

// asks makes the desk's request one with something of every kind to balance by.
func (d *desk) asks(tb testing.TB, text string) {
	if err := d.request.Parse([]byte(text), http1.Limits{}); err != nil {
		tb.Fatal(err)
	}
}

// With whatever a route asks for, an exchange allocates nothing.
func TestBalancingAllocatesNothing(t *testing.T) {
	for _, options := range []string{"balance=hash:client-ip", "balance=hash:path", "balance=hash:header:X-User", "balance=hash:cookie:sid", "balance=hash:query:id hash-balance=2",
		"balance=least-time", "balance=least-connections", "sticky", "sticky=sid max-conns=9 slow-start=1h weight=2", "backup"} {
		d := newDesk(t, nil)
		d.serve(3, "pointsman.route=web.io/ "+options)
		d.asks(t, userText)
		var x Exchange
		buf := make([]byte, 0, 4096)
		for range 100 {
			buf = d.exchange(&x, buf)
		}
		if n := testing.AllocsPerRun(200, func() { buf = d.exchange(&x, buf) }); n != 0 {
			t.Errorf("%s: %v allocations", options, n)
		}
	}
}

func TestKeysOfRequests(t *testing.T) {
	d := newDesk(t, nil)
	key := func(option, text string) uint64 {
		d.serve(2, "pointsman.route=web.io/ balance=hash:"+option)
		d.asks(t, text)
		var x Exchange
		x.Begin(d.scope, &d.request, &d.client, d.now)
		x.Match(d.table)
		defer x.Finish(d.now)
		return x.asked.key
	}
	other := strings.NewReplacer("id=7", "id=8", "u7", "u8", "s7", "s8", "/path", "/p")
	for _, option := range []string{"client-ip", "path", "header:x-user", "cookie:sid", "query:id", "header:host"} {
		first, again := key(option, userText), key(option, strings.Replace(userText, "a=b; ", "", 1))
		if first == 0 || first != again {
			t.Errorf("%s: %x, then %x", option, first, again)
		}
		if same := key(option, other.Replace(userText)) == first; same != (option == "client-ip" || option == "header:host") {
			t.Errorf("%s: another request's key is the same: %v", option, same)
		}
	}
	for _, option := range []string{"header:x-user", "cookie:sid", "query:id"} {
		if got := key(option, requestText); got != 0 {
			t.Errorf("%s: a request without it has %x", option, got)
		}
	}
}

// The cookie is set where the client brings none of an instance of the route, and on no answer of ours. One whose own instance refuses for a
// moment goes back to it afterwards.
func TestTheCookieOfTheInstanceThatAnswers(t *testing.T) {
	d := newDesk(t, nil)
	d.serve(2, "pointsman.route=web.io/ sticky=sid")
	var x Exchange
	answer := func(cookie string) (who string) {
		d.asks(t, "GET / HTTP/1.1\r\nHost: web.io\r\nCookie: "+cookie+"\r\n\r\n")
		x.Begin(d.scope, &d.request, &d.client, d.now)
		if do := x.Match(d.table); do != ActionSend {
			t.Fatal(told(&x, do))
		}
		return x.Member.Cookie
	}
	finish := func() string {
		x.Answered(&d.answer, time.Millisecond, d.now, true)
		head := string(x.AppendAnswer(nil, &d.answer, false, d.now))
		x.Finish(d.now)
		_, after, _ := strings.Cut(head, "Set-Cookie: ")
		set, _, _ := strings.Cut(after, "\r\n")
		return set
	}
	own := answer("x=y")
	if got := finish(); got != own+"; Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("a new client: %q", got)
	}
	if again := answer(own); again != own {
		t.Errorf("its cookie says %s, and it is at %s", own, again)
	}
	if got := finish(); got != "" {
		t.Errorf("a known client: %q", got)
	}
	answer(own)
	if do := x.AttemptFailed(FailedAttempt{Failure: FailedConnect}, d.now); do != ActionSend || x.Member.Cookie == own {
		t.Fatal(told(&x, do))
	}
	if got := finish(); got != "" {
		t.Errorf("another one stood in: %q", got)
	}
	answer("pointsman=0123456789abcdef; " + strings.Split(own, "=")[0] + "=0123456789abcdef")
	if got := finish(); !strings.HasPrefix(got, x.Member.Cookie) || got == "" {
		t.Errorf("its own one is gone: %q", got)
	}
}

func TestAFullInstanceIsPassedOver(t *testing.T) {
	d := newDesk(t, nil)
	d.serve(2, "pointsman.route=web.io/ max-conns=1")
	var held [3]Exchange
	begin := func(x *Exchange) Action {
		x.Begin(d.scope, &d.request, &d.client, d.now)
		return x.Match(d.table)
	}
	for i := range 2 {
		if do := begin(&held[i]); do != ActionSend {
			t.Fatalf("request %d: %s", i, told(&held[i], do))
		}
	}
	if held[0].Member == held[1].Member {
		t.Error("two requests at one place")
	}
	if do := begin(&held[2]); do != ActionReply || held[2].Outcome != OutcomeUpstreamsFull || !held[2].Outcome.Retry() {
		t.Error(told(&held[2], do))
	}
	held[2].Finish(d.now)
	if do := held[0].AttemptFailed(FailedAttempt{Failure: FailedConnect}, d.now); do != ActionSend || held[0].Member.Upstream != d.upstreams()[held[0].Member.Index] || held[0].Member == held[1].Member {
		t.Errorf("with no other place it stays where it is: %s", told(&held[0], do))
	}
	for i := range 2 {
		held[i].Finish(d.now)
	}
	for _, u := range d.upstreams() {
		if n := u.InFlight(); n != 0 {
			t.Errorf("%s: %d in flight", u.Address(), n)
		}
	}
	r, _ := d.table.Match(routing.Query{Authority: "web.io", Path: "/"})
	if r.Full() {
		t.Error("all are done, and it is full")
	}
}
