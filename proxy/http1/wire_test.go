package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

var testLimits = Limits{HeadBytes: 16 << 10, Fields: 128}

// wire does with bytes what a listener does: it finds heads, parses them, and decodes bodies, and notes in short what came out.
type wire struct {
	answers bool   // the bytes are answers to method, not requests
	method  string // what is answered

	buf    []byte
	head   Head
	req    Request
	ans    Response
	body   Body
	inBody bool
	over   bool // a fault, or a message that ends the connection
	out    strings.Builder
}

// feed takes a piece.
func (w *wire) feed(piece string) {
	w.buf = append(w.buf, piece...)
	for !w.over && w.advance() {
	}
}

// advance is false when more bytes are needed.
func (w *wire) advance() bool {
	if w.inBody {
		return w.decode()
	}
	n, err := w.head.Find(w.buf, testLimits.HeadBytes)
	if err != nil || n == 0 {
		return w.refuse(err)
	}
	framing := w.ans.Framing
	if w.answers {
		err, framing = w.parseAnswer(n)
	} else if err = w.req.Parse(w.buf[:n], testLimits); err == nil {
		framing = w.req.Framing
		fmt.Fprintf(&w.out, "%s %s at %s", w.req.Method, w.req.Target, w.req.Host)
	}
	if err != nil {
		return w.refuse(err)
	}
	w.buf = append([]byte(nil), w.buf[n:]...) // what was parsed must not change
	w.body.Start(framing)
	w.inBody = true
	return w.decode()
}

func (w *wire) parseAnswer(n int) (error, Framing) {
	err := w.ans.Parse(w.buf[:n], w.method, testLimits)
	if err == nil {
		fmt.Fprintf(&w.out, "%d", w.ans.Status)
	}
	return err, w.ans.Framing
}

func (w *wire) decode() bool {
	for !w.body.Done() {
		data, n, err := w.body.Next(w.buf)
		w.out.Write(data)
		w.buf = w.buf[n:]
		if err != nil {
			return w.refuse(err)
		}
		if n == 0 {
			return false
		}
		if len(data) > 0 { // content is set apart, and pieces of it are joined
			s := w.out.String()
			s = s[:len(s)-len(data)]
			if !strings.HasSuffix(s, "]") {
				s += " []"
			}
			w.out.Reset()
			w.out.WriteString(s[:len(s)-1] + string(data) + "]")
		}
	}
	w.inBody = false
	for _, f := range w.body.Trailers() {
		fmt.Fprintf(&w.out, " +%s:%s", f.Name, f.Value)
	}
	if w.over = w.req.Close || w.answers && w.ans.Close; w.over {
		w.out.WriteString(" close")
	}
	w.out.WriteString("; ")
	return true
}

func (w *wire) refuse(err error) bool {
	var known *Error
	if errors.As(err, &known) {
		w.over = true
		fmt.Fprintf(&w.out, " %d", known.Status)
	}
	return false
}

// end is the connection's end.
func (w *wire) end() string {
	if w.inBody && !w.over {
		if w.body.End() != nil {
			w.out.WriteString(" cut")
		} else {
			w.decode()
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(w.out.String()), ";")
}

// came says what came of bytes in pieces.
func (w *wire) came(pieces ...string) string {
	for _, p := range pieces {
		w.feed(p)
	}
	return w.end()
}

// check holds what comes of bytes against want: at once, cut in two at every byte, and byte by byte. Long ones are cut in few places.
func (w wire) check(t *testing.T, bytes, want string) {
	t.Helper()
	came := func(pieces ...string) string { afresh := w; return afresh.came(pieces...) }
	if got := came(bytes); got != want {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
	step := 1 + len(bytes)/300
	for i := 0; i < len(bytes); i += step {
		if got := came(bytes[:i], bytes[i:]); got != want {
			t.Fatalf("cut at %d: %q\ngot  %q\nwant %q", i, bytes[:i], got, want)
		}
	}
	if step > 1 {
		return
	}
	if got := came(strings.Split(bytes, "")...); got != want {
		t.Fatalf("byte by byte\ngot  %q\nwant %q", got, want)
	}
}

type wireCase struct{ name, bytes, want string }

func (w wire) checkAll(t *testing.T, cases []wireCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { w.check(t, c.bytes, c.want) })
	}
}

// second is a whole request that must never be found in another one's body, nor behind a refused one.
const second = "GET /smug HTTP/1.1\r\nHost: t\r\nX-Smuggled: 1\r\n\r\n"

func post(fields, body string) string {
	return "POST /p HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + body
}

func get(target, fields string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"
}
