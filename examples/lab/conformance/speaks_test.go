package conformance

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// What speaks before it was asked is no HTTP server, and reads requests as commands: where nobody asked for the route it is never sent one,
// whatever the method, also when no other instance is left.
func TestWhatSpeaksFirstIsNeverSentARequest(t *testing.T) {
	one(t, func(t testing.TB, k *kind) { // watched for longer than by default, so that a busy machine is no reason
		var bytes atomic.Int64
		speaks := func(after time.Duration) *script {
			return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
				time.Sleep(after)
				_, _ = io.WriteString(c, "220 mail.test ESMTP\r\n")
				n, _ := io.Copy(io.Discard, in)
				bytes.Add(n)
			})
		}
		at := func(s *script, tags ...string) (in discovery.Instance) {
			in = as("mail", at(s.Addr(), tags...))
			in.Registered = true
			return in
		}
		soon, late, good := speaks(0), speaks(balancer.SpeakTime), answering(t, "fine")
		r := start(t, k, setup{limits: limits{Silence: lab.RaceFactor * 5 * time.Second}, registered: true}, at(soon), at(late), at(good, "urlprefix-/asked-for"))
		if a, err := r.ask(t, get("/asked-for", "")); err != nil || a.status != 200 { // the good one has answered: it is watched no more
			t.Fatalf("%+v %v", a, err)
		}
		for range 5 {
			for _, method := range []string{"GET", "POST"} {
				c := r.dial(t)
				c.send(method + " / HTTP/1.1\r\nHost: mail.test\r\nContent-Length: 0\r\n\r\n")
				c.want(200, "fine")
			}
		}
		r.apply(at(soon), at(late))
		for range 5 {
			c := r.dial(t)
			c.send("GET / HTTP/1.1\r\nHost: mail.test\r\n\r\n")
			if a := c.answer("GET"); a.status != 503 {
				t.Errorf("no HTTP server is left: %+v", a)
			}
		}
		if n := bytes.Load(); n != 0 || soon.Conns() == 0 || late.Conns() == 0 {
			t.Errorf("%d bytes were sent over %d and %d connections", n, soon.Conns(), late.Conns())
		}
	})
}
