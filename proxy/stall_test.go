package proxy

import (
	"testing"
	"time"
)

// A timer that comes much too late says that this process stood still: the instance gets that time too, once.
func TestAnInstanceGetsTheTimeThatTheProxyStoodStill(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration // too late
		more time.Duration // which it is then waited for; 0 is not at all
	}{
		{"in time", time.Millisecond, 0},
		{"late", 300 * time.Millisecond, 300 * time.Millisecond},
	} {
		d := newDesk(t, nil)
		d.now = time.Now()
		d.serve(2, "urlprefix-web.io/")
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		x.Match(d.table)
		for _, u := range d.upstreams() {
			if u != x.Member.Upstream {
				u.ObserveHead(0, d.now, true) // to another request
			}
		}
		wait := x.AnswerWait(0)
		f, over := x.Late(wait+c.by, true, d.now)
		if over != (c.more == 0) || over && f != FailedLate {
			t.Fatalf("%s: %v, %v after %s", c.name, f, over, wait)
		}
		if !over {
			waited := wait + c.by
			if more := x.AnswerWait(waited); more != c.more {
				t.Errorf("%s: %s more", c.name, more)
			}
			if f, over := x.Late(waited+c.more+c.by, true, d.now); !over || f != FailedLate {
				t.Errorf("%s: %v, %v in the end", c.name, f, over)
			}
		}
		x.Finish(d.now)
	}
}
