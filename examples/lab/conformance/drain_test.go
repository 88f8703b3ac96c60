package conformance

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab"
)

// slowly answers each request after a little while.
func slowly(t testing.TB, wait time.Duration) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			if _, err := readMessage(in); err != nil {
				return
			}
			time.Sleep(wait)
			if _, err := io.WriteString(c, sized("ok")); err != nil {
				return
			}
		}
	})
}

// Draining is told of once, however many listeners the process has, with the connections of all.
func TestDrainIsToldOnce(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var log lines
		r := start(t, k, setup{log: zerolog.New(&log)}, at(answering(t, "ok").Addr()))
		c := r.dial(t)
		c.send(get("/", ""))
		c.want(200, "ok")
		if idle, err := dialPlain(t, r.addr); err == nil { // where connections are handed over, this one is not yet
			defer idle.tcp.Close()
		}
		lab.Eventually(t, patience, "both are accepted", func() bool { return r.below.Open() == 2 })
		r.stop()
		if log.count(`"message":"draining"`) != 1 || log.count(`"message":"draining"`, `"connections":2`) != 1 {
			t.Error(log.text.String())
		}
	})
}

// Draining under load cuts nothing: what was read is answered, an idle connection gets its next request answered too, with word that it
// is the last, and only new connections are refused.
func TestDrainCutsNothing(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var unready atomic.Int64
		r := start(t, k, setup{quiesces: true, onDrain: func() { unready.Add(1) }, limits: limits{Grace: 5 * time.Second}}, at(slowly(t, 3*time.Millisecond).Addr()))
		var answered, refused, told atomic.Int64
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				for {
					c, err := r.tryDial(t)
					if err != nil {
						if !errors.Is(err, syscall.ECONNREFUSED) {
							t.Errorf("dial: %v", err)
						}
						refused.Add(1)
						return
					}
					if c.told {
						told.Add(1)
					}
					for last := c.told; !last; {
						c.send(get("/", ""))
						a, err := readAnswer(c.in, "GET")
						if err != nil || a.status != 200 || a.body != "ok" {
							t.Errorf("cut: %+v %v", a, err)
							last = true
						} else if answered.Add(1); a.closes() {
							told.Add(1)
							last = true
						}
					}
					_ = c.tcp.Close()
				}
			})
		}
		idle := r.dial(t)
		idle.send(get("/", ""))
		idle.want(200, "ok")
		time.Sleep(150 * time.Millisecond)
		done := make(chan struct{})
		go func() { r.stop(); close(done) }()
		all.Wait()
		idle.wait(patience)
		idle.send(get("/", "")) // long after draining began
		if a := idle.want(200, "ok"); !a.closes() {
			t.Errorf("the idle connection is not told: %+v", a)
		}
		idle.ends()
		<-done
		t.Logf("answered %d, told to close %d, refused %d", answered.Load(), told.Load(), refused.Load())
		if unready.Load() != 1 || told.Load() == 0 {
			t.Errorf("readiness was taken %d times, %d were told", unready.Load(), told.Load())
		}
	})
}

// What is still open when the grace ends is closed, in any state, and then all has ended.
func TestDrainEndsWithTheGrace(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, awkwardly)
		r := start(t, k, setup{limits: limits{Grace: 300 * time.Millisecond}}, at(s.Addr()))
		var open []*conn
		for _, m := range moments {
			c := r.dial(t)
			go c.send(m.send)
			open = append(open, c)
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		r.stop()
		if d := time.Since(began); d < 250*time.Millisecond || d > patience {
			t.Errorf("stopped after %v", d)
		}
		for i, c := range open {
			c.wait(patience)
			if _, err := io.Copy(io.Discard, c.in); isTimeout(err) {
				t.Errorf("%s: still open", moments[i].name)
			}
		}
		if n := r.counter("pointsman_requests_in_flight") + r.counter("pointsman_tunnels"); n != 0 {
			t.Errorf("%v requests or tunnels are counted as open", n)
		}
	})
}

// Grace is the end, also of what waits for an instance that takes nothing and says nothing.
func TestGraceEndsWhatStandsStill(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		over := make(chan struct{})
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			_ = c.SetReadBuffer(4 << 10)
			_, _ = readRequestHead(in)
			<-over // never reads the body
		})
		t.Cleanup(func() { close(over) })
		r := start(t, k, setup{}, at(s.Addr()))
		for range 4 {
			c := r.dial(t)
			c.send(post("Content-Length: 1000000000\r\n", ""))
			go c.send(strings.Repeat("x", 16<<20))
		}
		silent := r.dial(t)
		silent.send(get("/", ""))
		lab.Eventually(t, patience, "all are on their way", func() bool { return s.Live() == 5 })
		time.Sleep(200 * time.Millisecond) // and stand still
		began := time.Now()
		r.stop()
		if took := time.Since(began); took > grace+patience {
			t.Errorf("the end takes %v", took)
		}
	})
}
