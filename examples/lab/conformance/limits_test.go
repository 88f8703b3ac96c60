package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy"
)

// More clients than allowed are refused in clear words, those that are in go on, and when some leave others get in.
func TestClientsAreLimited(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const most = 8
		r := start(t, k, setup{limits: limits{Conns: most}}, at(answering(t, "ok").Addr()))
		in := make([]*conn, most)
		for i := range in {
			in[i] = r.dial(t)
			in[i].send(get("/", ""))
			in[i].want(200, "ok")
		}
		for range 4 {
			c, err := r.tryDial(t)
			if err != nil { // ended before a word, where a handshake or another request comes first
				continue
			}
			c.send(get("/", ""))
			if a, err := readAnswer(c.in, "GET"); isTimeout(err) || err == nil && (a.status != 503 || !a.closes() || a.field("Retry-After") == "") {
				t.Errorf("one too many gets %+v %v", a, err)
			}
			_ = c.tcp.Close()
		}
		for _, c := range in {
			c.send(get("/", ""))
			c.want(200, "ok")
		}
		_ = in[0].tcp.Close()
		lab.Eventually(t, patience, "another gets in", func() bool {
			a, err := r.ask(t, get("/", ""))
			return err == nil && a.status == 200
		})
	})
}

// Those who are refused, and neither read that nor leave, keep nobody out.
func TestRefusedClientsTakeNoRoom(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		if k.handsOver {
			t.Skip("each side has room of its own")
		}
		const most = 4
		r := start(t, k, setup{limits: limits{Conns: most}}, at(answering(t, "ok").Addr()))
		in := make([]*conn, most)
		for i := range in {
			in[i] = r.dial(t)
			in[i].send(get("/", ""))
			in[i].want(200, "ok")
		}
		for range 8 * most {
			if c, err := dialPlain(t, r.addr); err == nil {
				defer c.tcp.Close()
				_, _ = c.in.Peek(1) // it is told, or was closed
			}
		}
		for _, c := range in {
			_ = c.tcp.Close()
		}
		began := time.Now()
		lab.Eventually(t, patience, "another gets in", func() bool {
			a, err := r.ask(t, get("/", ""))
			return err == nil && a.status == 200
		})
		if took := time.Since(began); lab.Long() && took > proxy.LingerTime/2 { // after which the refused are gone anyway
			t.Errorf("it took %v", took)
		}
	})
}

// An instance never gets more connections than allowed; what does not fit goes to another instance, or is told that the service is full.
func TestConnectionsToAnInstanceAreLimited(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const most = 4
		var now, peak atomic.Int64
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			defer now.Add(-1)
			for n := now.Add(1); ; {
				if n > peak.Load() {
					peak.Store(n)
				}
				if _, err := readMessage(in); err != nil {
					return
				}
				time.Sleep(30 * time.Millisecond)
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{limits: limits{UpstreamConns: most}}, at(s.Addr()))
		var full, fine atomic.Int64
		sideBySide(64, func(int) {
			switch a, err := r.ask(t, get("/", "")); {
			case errors.Is(err, errNotWarm): // the limit holds for that instance too
				full.Add(1)
			case err != nil:
				t.Error(err)
			case a.status == 200:
				fine.Add(1)
			case a.status == 503 && a.field("Retry-After") != "":
				full.Add(1)
			default:
				t.Errorf("%+v", a)
			}
		})
		// One that was closed a moment ago may still be open for an instance that has not looked; without a limit there would be 64.
		if peak.Load() > 4*most || fine.Load() < most || full.Load() == 0 {
			t.Errorf("at most %d connections, %d answered, %d refused", peak.Load(), fine.Load(), full.Load())
		}
		r.settles(t)
		if a, err := r.ask(t, get("/", "")); err != nil || a.status != 200 {
			t.Errorf("afterwards: %+v %v", a, err)
		}
	})
}

// An upload may take longer than an answer: the time for that begins when all is sent, or the client is not what we wait for.
func TestUploadLongerThanTheLimitForAnAnswer(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{limits: limits{Answer: 2 * time.Second}}, at(echo(t).Addr()))
		framings := []string{"Content-Length: 10000\r\n", chunkedField}
		sideBySide(len(framings), func(n int) {
			framing := framings[n]
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.send(post(framing, ""))
			for i := range 10 {
				piece := strings.Repeat(fmt.Sprint(i), 1000)
				if framing == chunkedField {
					piece = "3e8\r\n" + piece + "\r\n"
				}
				c.send(piece)
				time.Sleep(300 * time.Millisecond)
			}
			if framing == chunkedField {
				c.send("0\r\n\r\n")
			}
			if a, err := readAnswer(c.in, "POST"); err != nil || a.status != 200 || !strings.Contains(a.body, "8889999") {
				t.Errorf("%s: %.200v %v", framing, a, err)
			}
		})
	})
}

// Without a rate that is asked for, a body may pause for as long as the option says, however little has come.
func TestPausedUploads(t *testing.T) {
	const pause = 12 * time.Second
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr()))
		sent := map[string][2]string{
			"Content-Length: 2000\r\n":   {strings.Repeat("x", 1000), strings.Repeat("y", 1000)}, // read whole before an instance is asked
			"Content-Length: 100000\r\n": {strings.Repeat("x", 1000), strings.Repeat("y", 99000)},
			chunkedField:                 {"1\r\nx\r\n", "1\r\ny\r\n0\r\n\r\n"},
		}
		var all sync.WaitGroup
		for framing, body := range sent {
			c := r.dial(t)
			c.wait(pause + patience)
			all.Go(func() {
				c.send(post(framing, body[0]))
				time.Sleep(pause)
				c.send(body[1])
				if a, err := readAnswer(c.in, "POST"); err != nil || a.status != 200 || !strings.Contains(a.body, "xy") {
					t.Errorf("%s: %+v %v", framing, a, err)
				}
			})
		}
		all.Wait()
	})
}

// A body that comes more slowly than it must ends with 408, however evenly it trickles.
func TestBodiesHaveAPace(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{limits: limits{Progress: 1500 * time.Millisecond, MinBodyRate: 100_000}}, at(echo(t).Addr()))
		framings := []string{"Content-Length: 100000\r\n", "Content-Length: 4000\r\n", chunkedField}
		sideBySide(len(framings), func(n int) {
			framing := framings[n]
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.send(post(framing, ""))
			done := make(chan struct{})
			go func() {
				for {
					select {
					case <-done:
						return
					case <-time.After(20 * time.Millisecond):
						c.send("1\r\n1\r\n"[:6]) // also a chunk
					}
				}
			}()
			if a, err := readAnswer(c.in, "POST"); isTimeout(err) || err == nil && (a.status != 408 || !strings.Contains(a.body, "less than 100000 bytes per second")) {
				t.Errorf("%s: %+v %v, want 408 that says why", framing, a, err)
			}
			close(done)
		})
	})
}

// A client that takes nothing of its answer is given up in its time, whatever it sends meanwhile.
func TestStandingReaderIsGivenUp(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err == nil {
				_, _ = io.WriteString(c, fmt.Sprintf("%sContent-Length: %d\r\n\r\n", ok, 64<<20))
				_, _ = io.Copy(c, stream(1, 64<<20))
			}
		})
		r := start(t, k, setup{limits: limits{Progress: 400 * time.Millisecond}}, at(s.Addr()))
		c := r.dial(t)
		c.send(get("/", ""))
		if a, err := readHead(c.in); err != nil || a.status != 200 {
			t.Fatalf("%+v %v", a, err)
		}
		lab.Eventually(t, patience, "no request is on its way", func() bool {
			c.send("x")
			return r.counter("pointsman_requests_in_flight") == 0
		})
	})
}

// A connection's first head has its time from the beginning, not from its first byte.
func TestFirstHeadThatBeginsLate(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		if k.handsOver {
			t.Skip("it has served a request before")
		}
		const patient = 6 * time.Second
		r := start(t, k, setup{limits: limits{ReadHead: patient}}, at(answering(t, "ok").Addr()))
		began := time.Now()
		c := r.dial(t)
		time.Sleep(patient * 9 / 10)
		c.send("GET / HTTP/1.1\r\nHo")
		if a := c.answer("GET"); a.status != 408 {
			t.Errorf("%+v", a)
		}
		if took := time.Since(began); took > patient*18/10 {
			t.Errorf("it ended after %v", took)
		}
	})
}

// sip reads size bytes, for the first d of that little at a time.
func sip(in io.Reader, size int, d time.Duration) error {
	const piece = 32 << 10
	for end := time.Now().Add(d); size > piece && time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if _, err := io.CopyN(io.Discard, in, piece); err != nil {
			return err
		}
		size -= piece
	}
	_, err := io.CopyN(io.Discard, in, int64(size))
	return err
}

// Who takes what it is sent slowly, but all the time, does not stand still, though the kernel tells of room for more only now and then:
// a client its answer, an instance a request's body, and the rest of that when it was read to its end and the kernel has it.
func TestSlowTakersDoNotStandStill(t *testing.T) {
	const still, slow = 1500 * time.Millisecond, 5 * time.Second
	every(t, func(t *testing.T, k *kind) {
		aside := func(name string, test func(t testing.TB)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				judge(t, test)
			})
		}
		aside("answer", func(t testing.TB) {
			const size = 16 << 20
			s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
				if _, err := readMessage(in); err == nil {
					_, _ = io.WriteString(c, fmt.Sprintf("%sContent-Length: %d\r\n\r\n", ok, size))
					_, _ = io.Copy(c, stream(1, size))
				}
			})
			r := start(t, k, setup{limits: limits{Progress: still}}, at(s.Addr()))
			c := r.dial(t)
			_ = c.tcp.SetReadBuffer(64 << 10)
			c.wait(patience + slow)
			c.send(get("/", ""))
			if _, err := readHead(c.in); err != nil {
				t.Fatal(err)
			}
			if err := sip(c.in, size, slow); err != nil {
				t.Error(err)
			}
		})
		for name, body := range map[string]struct {
			size   int
			limits limits
		}{
			"body":           {16 << 20, limits{Progress: still}},
			"rest of a body": {1500 << 10, limits{Answer: still}},
		} {
			aside(name, func(t testing.TB) {
				s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
					_ = c.SetReadBuffer(64 << 10)
					if _, err := readRequestHead(in); err == nil && sip(in, body.size, slow) == nil {
						_, _ = io.WriteString(c, sized("taken"))
					}
				})
				r := start(t, k, setup{limits: body.limits}, at(s.Addr()))
				c := r.dial(t)
				c.wait(patience + slow)
				c.send(post(fmt.Sprintf("Content-Length: %d\r\n", body.size), ""))
				go func() { _, _ = io.Copy(c, stream(2, body.size)) }()
				if a := c.answer("POST"); a.status != 200 || a.body != "taken" {
					t.Errorf("%+v", a)
				}
			})
		}
	})
}

// An instance that has stopped taking a body, of which the kernel holds the rest, is given up in its time.
func TestInstanceThatStopsTakingABody(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const size, limit = 1500 << 10, 400 * time.Millisecond
		over := make(chan struct{})
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(64 << 10)
			if _, err := readRequestHead(in); err == nil {
				<-over
			}
		})
		t.Cleanup(func() { close(over) }) // before the instance waits for its connections
		r := start(t, k, setup{limits: limits{Answer: limit, Progress: limit}}, at(s.Addr()))
		c := r.dial(t)
		c.send(post(fmt.Sprintf("Content-Length: %d\r\n", size), ""))
		go func() { _, _ = io.Copy(c, stream(3, size)) }()
		if a := c.answer("POST"); a.status != 504 {
			t.Errorf("%+v", a)
		}
	})
}

// Interim answers give an instance no more time for its final one.
func TestInterimAnswersTakeOfTheTime(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const limit = 2 * time.Second
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err != nil {
				return
			}
			for range 40 {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
				time.Sleep(limit / 2)
			}
			_, _ = io.WriteString(c, sized("late"))
		})
		r := start(t, k, setup{limits: limits{Answer: limit}}, at(s.Addr()))
		c := r.dial(t)
		c.send(get("/", ""))
		if a := c.answer("GET"); a.status != 504 || len(a.interim) == 0 {
			t.Errorf("%+v", a)
		}
	})
}
