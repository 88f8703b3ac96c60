package proxy

import (
	"testing"
	"time"
)

func TestReadsAhead(t *testing.T) {
	for _, c := range []struct {
		fields string
		want   bool
	}{
		{"", false}, {"|Content-Length: 0", false}, {"|Content-Length: 1", true}, {"|Content-Length: 4096", true}, {"|Content-Length: 4097", false},
		{"|Transfer-Encoding: chunked", false}, {"|Content-Length: 1|Expect: 100-continue", false},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, "PUT / HTTP/1.1|Host: web.io"+c.fields)
		if got := x.ReadsAhead(); got != c.want {
			t.Errorf("%q: %v, want %v", c.fields, got, c.want)
		}
		x.Finish(d.now)
	}
}

func TestWhatEndsAConnection(t *testing.T) {
	for _, c := range []struct {
		name                    string
		answer, draining, early bool
		left                    int64
		want                    bool
	}{
		{"an answer", true, false, false, 0, false},
		{"an early answer", true, false, true, 0, true},
		{"an answer while draining", true, true, false, 0, true},
		{"a local reply", false, false, false, 0, false},
		{"a local reply while draining", false, true, false, 0, true},
		{"before a small rest", false, false, false, 9, false},
		{"before a rest of unknown length", false, false, false, -1, false},
		{"before a large rest", false, false, false, DiscardBytes, true},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, "PUT / HTTP/1.1|Host: web.io|Content-Length: 9")
		if c.answer {
			x.BeforeAnswer(c.draining, c.early)
		} else {
			x.BeforeLocalReply(c.draining, c.left)
		}
		if got := x.CloseAfter(); got != c.want {
			t.Errorf("%s: the connection ends is %v, want %v", c.name, got, c.want)
		}
		x.Finish(d.now)
	}
}

func TestKeepsBody(t *testing.T) {
	for _, c := range []struct {
		method, fields string
		want           bool
	}{
		{"PUT", "|Content-Length: 1000000", true},
		{"PUT", "|Transfer-Encoding: chunked", true},
		{"POST", "|Content-Length: 4096", true},
		{"POST", "|Content-Length: 4097", false},
		{"POST", "|Transfer-Encoding: chunked", false},
		{"PATCH", "|Content-Length: 4096|Expect: 100-continue", true},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, c.method+" / HTTP/1.1|Host: web.io"+c.fields)
		if got := x.KeepsBody(); got != c.want {
			t.Errorf("%s%q: %v, want %v", c.method, c.fields, got, c.want)
		}
		x.Finish(d.now)
	}
}

func TestAwaitsContinue(t *testing.T) {
	for _, c := range []struct {
		name          string
		fields        string
		told, arrived bool
		waited, left  time.Duration
	}{
		{name: "without the expectation"},
		{name: "at first", fields: "|Expect: 100-continue", left: ContinueWait},
		{name: "later", fields: "|Expect: 100-continue", waited: ContinueWait / 4, left: ContinueWait * 3 / 4},
		{name: "too late", fields: "|Expect: 100-continue", waited: ContinueWait},
		{name: "a body that comes unasked", fields: "|Expect: 100-continue", arrived: true},
		{name: "a client that was told", fields: "|Expect: 100-continue", told: true},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, "PUT / HTTP/1.1|Host: web.io|Content-Length: 9"+c.fields)
		if c.told {
			x.AppendContinue(nil)
		}
		if left, awaits := x.AwaitsContinue(c.arrived, c.waited); left != c.left || awaits != (c.left > 0) {
			t.Errorf("%s: %v %v, want %v", c.name, left, awaits, c.left)
		}
		x.Finish(d.now)
	}
}

func TestWhetherAConnectionLingers(t *testing.T) {
	for end, want := range map[ClientEnd]bool{
		{}: false, {Refused: true}: true, {Unread: true}: true, {Waiting: true}: true, {Unread: true, Waiting: true}: true,
	} {
		if got := end.Lingers(); got != want {
			t.Errorf("%+v: %v, want %v", end, got, want)
		}
	}
}

func TestWhetherAnUpstreamConnectionIsKept(t *testing.T) {
	for end, want := range map[UpstreamEnd]bool{
		{}: true, {Close: true}: false, {Unsent: true}: false, {Surplus: true}: false, {Ended: true}: false, {Close: true, Unsent: true}: false,
	} {
		if got := end.Reusable(); got != want {
			t.Errorf("%+v: %v, want %v", end, got, want)
		}
	}
}
