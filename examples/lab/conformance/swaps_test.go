package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// Tables change all the time while clients do everything: nothing is lost, and nothing is answered by an instance that had left before
// it was asked for.
func TestSwapsInTheMiddleOfEverything(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const instances, clients, swaps = 6, 8, 200
		s := make([]*script, instances)
		for i := range s {
			s[i] = numberedApp(t, i)
		}
		r := start(t, k, setup{reviver: true}, at(s[0].Addr()), at(s[1].Addr()))
		var swapped atomic.Bool
		var asked atomic.Int64
		go func() {
			defer swapped.Store(true)
			for i, began := 0, time.Now(); (i < swaps || asked.Load() < 2*swaps) && time.Since(began) < 2*patience; i++ {
				set := []discovery.Instance{at(s[i%instances].Addr()), at(s[(i+1)%instances].Addr())}
				if i%3 == 0 { // another service comes and goes
					set = append(set, as("u", at(s[(i+2)%instances].Addr(), "urlprefix-other/")))
				}
				r.apply(set...)
				time.Sleep(3 * time.Millisecond)
			}
		}()
		sideBySide(clients, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			for n := 0; !swapped.Load() && !t.Failed(); n++ {
				c.wait(patience)
				send, want := variety(i, n)
				go c.send(send)
				a, err := readAnswer(c.in, "GET")
				if err != nil || a.status != 200 || !strings.HasSuffix(a.body, want) {
					t.Errorf("client %d, request %d: %+v %v, want %q", i, n, a, err, want)
					return
				}
				asked.Add(1)
			}
		})
		if n := asked.Load(); n < swaps {
			t.Errorf("%d requests over %d swaps: the test proved nothing", n, swaps)
		}
	})
}

// variety is a request, and how its answer ends.
func variety(client, n int) (send, want string) {
	id := fmt.Sprintf("/%d-%d", client, n)
	body := strings.Repeat(id, 1+n%100*20)
	switch n % 4 {
	case 0:
		return fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", id, len(body), body), id + " " + body
	case 1:
		return fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", id, len(body), body), id + " " + body
	}
	return get(id, ""), id + " "
}

// numberedApp answers with its number, the path and the body; every other answer is chunked.
func numberedApp(t testing.TB, number int) *script {
	return play(t, func(n int64, c *net.TCPConn, in *bufio.Reader) {
		for ; ; n++ {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			text := fmt.Sprintf("%d %s %s", number, m.path(), m.body)
			if n%2 == 0 {
				text = fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", ok, len(text), text)
			} else {
				text = sized(text)
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	})
}

// What goes while a small body is still coming is not asked any more, and what has come serves.
func TestSwapDuringASmallBody(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		first, second := newRecorder(t), newRecorder(t)
		r := start(t, k, setup{}, at(first.Addr()))
		c := r.dial(t)
		c.send(post("Content-Length: 5\r\n", "he"))
		time.Sleep(30 * time.Millisecond)
		r.apply(at(second.Addr()))
		c.send("llo")
		c.want(200, "ok")
		_, gone, _ := first.take()
		if _, came, _ := second.take(); len(gone) != 0 || len(came) != 1 || came[0].body != "hello" {
			t.Errorf("the one that went got %+v, the one that came %+v", gone, came)
		}
	})
}

// A small body is read whole before an instance is asked: a client that is slow, or cuts it, costs no instance anything.
func TestSmallBodyIsReadBeforeAnInstanceIsAsked(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr()))
		c := r.dial(t)
		for _, piece := range []string{post("Content-Length: 5\r\n", ""), "he", "ll"} {
			c.send(piece)
			time.Sleep(10 * time.Millisecond)
		}
		if n := rec.Conns(); n != 0 {
			t.Errorf("asked on %d connections before the body was whole", n)
		}
		c.send("o")
		c.want(200, "ok")
	})
}

// An answer that is under way when its instance leaves the table goes on to its end.
func TestSwapDuringAnAnswer(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		next := make(chan struct{})
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err != nil {
				return
			}
			_, _ = io.WriteString(c, ok+"Content-Length: 10\r\n\r\nfirst")
			<-next
			_, _ = io.WriteString(c, "after")
			_, _ = io.Copy(io.Discard, in)
		})
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send(get("/", ""))
		if a, err := readHead(c.in); err != nil || a.status != 200 {
			t.Fatalf("%+v %v", a, err)
		}
		r.apply(at(answering(t, "new").Addr()))
		close(next)
		body := make([]byte, 10)
		if _, err := io.ReadFull(c.in, body); err != nil || string(body) != "firstafter" {
			t.Errorf("%q %v", body, err)
		}
		c.send(get("/", ""))
		c.want(200, "new")
	})
}

// echoing answers with the Host and the request line that came.
func echoing(t testing.TB) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, sized(m.field("Host")+" "+m.line))
		}
	})
}

// Own answers: no table yet, no route, no instance, and what rules say without one.
func TestOwnAnswers(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := echoing(t)
		if !k.handsOver { // that one has a table, or cannot be dialled
			r := start(t, k, setup{})
			c := r.dial(t)
			c.send(get("/", ""))
			if a := c.answer("GET"); a.status != 503 || a.field("Retry-After") == "" {
				t.Errorf("no table: %+v", a)
			}
			_ = c.tcp.Close()
		}
		sick := down(as("sick", at(s.Addr(), "urlprefix-/sick")))
		r := start(t, k, setup{}, sick, at(s.Addr(), "urlprefix-/strip strip=/strip", "urlprefix-/pre prepend=/new", "urlprefix-/dst host=dst", "urlprefix-/as host=other",
			"urlprefix-/moved redirect=302,https://$host/to$path", "urlprefix-/no deny=ip:127.0.0.0/8", "urlprefix-/few allow=ip:10.0.0.0/8"))
		c := r.dial(t)
		for _, step := range []struct {
			path   string
			status int
			want   string
		}{
			{"/strip/a?b", 200, "x.example:81 GET /a?b "}, {"/pre/a", 200, "x.example:81 GET /new/pre/a "}, {"/dst", 200, s.Addr().String() + " GET /dst "}, {"/as", 200, "other GET /as "},
			{"/zzz", 404, "No route matches"}, {"/sick", 503, "No healthy upstream"}, {"/no", 403, "Forbidden"}, {"/few", 403, "Forbidden"}, {"/moved/x?q", 302, ""},
		} {
			c.send("GET " + step.path + " HTTP/1.1\r\nHost: x.example:81\r\n\r\n")
			a := c.answer("GET")
			if a.status != step.status || !strings.Contains(a.body, step.want) {
				t.Errorf("%s: %d %q, want %d %q", step.path, a.status, a.body, step.status, step.want)
			}
			if a.status == 302 && a.field("Location") != "https://x.example/to/moved/x?q" {
				t.Errorf("moved to %q", a.field("Location"))
			}
		}
		if n := r.counter("pointsman_requests_total", "404"); n != 1 {
			t.Errorf("%v requests of 404 counted", n)
		}
	})
}
