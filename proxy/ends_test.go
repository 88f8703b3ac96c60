package proxy

import "testing"

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
