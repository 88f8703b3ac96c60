package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// crowd is how many clients there are at once.
func crowd() int {
	if lab.Long() {
		return 10_000 // the hard limit of descriptors is often 20,000, and this process has one for each
	}
	return 1_000
}

// crowds takes its turn: two crowds at once would take more descriptors than a process may have.
var crowds sync.Mutex

// aloneWithCrowd waits until no other test has a crowd.
func aloneWithCrowd(t testing.TB) {
	if lab.Long() {
		crowds.Lock()
		t.Cleanup(crowds.Unlock)
	}
}

// open dials n connections, which end with the test.
func (a *alone) open(t testing.TB, n int, each func(i int, c *conn)) []*conn {
	t.Helper()
	list := make([]*conn, n)
	sideBySide(n, func(i int) {
		c, err := dialKind(t, a.kind, a.addr)
		if err != nil {
			t.Error(err)
			return
		}
		c.wait(time.Hour)
		list[i] = c
		each(i, c)
	})
	t.Cleanup(func() {
		for _, c := range list {
			if c != nil {
				_ = c.tcp.Close()
			}
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return list
}

// Thousands of connections that wait for their next request cost little memory and no time, and each is still good.
func TestIdleConnections(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		aloneWithCrowd(t)
		a := startAlone(t, k, work{To: answering(t, "ok").Addr().String(), Limits: limits{Idle: time.Hour}})
		first := a.dial(t)
		first.send(get("/", ""))
		first.want(200, "ok")
		before, _ := a.memory(t)
		list := a.open(t, crowd(), func(_ int, c *conn) {
			c.send(get("/", ""))
			if reply, err := readAnswer(c.in, "GET"); err != nil || reply.status != 200 {
				t.Errorf("%+v %v", reply, err)
			}
		})
		after, _ := a.memory(t)
		each := (after - before) / int64(len(list))
		const most = 100 * time.Millisecond
		used := a.rests(t, time.Second, most)
		t.Logf("%d idle connections: %d bytes each, %v of CPU in a second", len(list), each, used)
		if each > k.idle && !lab.Raced {
			t.Errorf("%d bytes for each idle connection, want at most %d", each, k.idle)
		}
		if used > most {
			t.Errorf("%v of CPU in a second in which nothing happens", used)
		}
		for i := 0; i < len(list); i += 10 {
			list[i].send(get("/", ""))
			list[i].want(200, "ok")
		}
	})
}

// rests waits until the process has used at most so much of CPU in such a time, and returns what it has: what goes before it, as a collection, may
// still be under way.
func (a *alone) rests(t testing.TB, in, most time.Duration) (used time.Duration) {
	t.Helper()
	lab.Within(patience, func() bool {
		before := a.CPU()
		time.Sleep(in)
		used = a.CPU() - before
		return used <= most
	})
	return used
}

// Slow clients, who send nothing, half a head or half a body, cost little memory, hold up nobody, and are shown out in their time.
func TestSlowClients(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		aloneWithCrowd(t)
		a := startAlone(t, k, work{To: answering(t, "ok").Addr().String()})
		before, _ := a.memory(t)
		half := []string{"", "GET / HTTP/1.1\r\nHost: t\r\nX-Half: ", "GET / HTTP/1.1\r\nHost: t\r\nX-Half: " + strings.Repeat("h", 7<<10),
			post("Content-Length: 1000\r\n", "half"), post("Content-Length: 1000000\r\n", strings.Repeat("x", 4<<10)), post(chunkedField, "fffff\r\nhalf")}
		n := crowd()
		a.open(t, n, func(i int, c *conn) { c.send(half[i%len(half)]) })
		quick := a.dial(t)
		var took []time.Duration
		for range 50 {
			began := time.Now()
			quick.send(get("/", ""))
			quick.want(200, "ok")
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		_, peak := a.memory(t)
		t.Logf("%d slow clients: %d KiB in memory, %d bytes each; meanwhile a request takes %v (median of 50)", n, peak>>10, (peak-before)/int64(n), took[25])
		if peak > k.slow<<20 && !lab.Raced {
			t.Errorf("%d MiB in memory", peak>>20)
		}
		if lab.Long() && took[25] > 10*time.Millisecond {
			t.Errorf("a request takes %v meanwhile", took[25])
		}
	})
}

// Whatever makes no progress ends in its time, however it trickles: heads as a whole, bodies by their pace, answers too.
func TestTimeLimits(t *testing.T) {
	stalls := map[string]struct {
		send    []string
		trickle string // sent again and again
		status  int    // 0: no answer
	}{
		"nothing sent":         {nil, "", 0},
		"half a head":          {[]string{"GET / HTTP/1.1\r\nHo"}, "", 408},
		"a head that trickles": {[]string{"GET / HTTP/1.1\r\nHost: t\r\nX: "}, "x", 408},
		"half a small body":    {[]string{post("Content-Length: 100\r\n", "half")}, "", 408},
		"half a large body":    {[]string{post("Content-Length: 100000\r\n", "half")}, "", 408},
		"half a chunk":         {[]string{post(chunkedField, "100\r\nhalf")}, "", 408},
		"idle after a request": {[]string{get("/", "")}, "", 200},
		"an instance's head":   {[]string{get("/silent", "")}, "", 504},
		"an instance's body":   {[]string{get("/half", "")}, "", 200},
	}
	every(t, func(t *testing.T, k *kind) {
		s := play(t, awkwardly)
		r := start(t, k, setup{limits: limits{ReadHead: 2 * time.Second, Progress: 1200 * time.Millisecond, Answer: 3 * time.Second, Idle: time.Second}}, at(s.Addr()))
		for name, stall := range stalls {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				judge(t, func(t testing.TB) {
					c := r.dial(t)
					c.send(stall.send...)
					done := make(chan struct{})
					defer close(done)
					go func() {
						for stall.trickle != "" {
							select {
							case <-done:
								return
							case <-time.After(50 * time.Millisecond):
								c.send(stall.trickle)
							}
						}
					}()
					a, err := readAnswer(c.in, "GET")
					switch {
					case isTimeout(err):
						t.Fatal("still open")
					case err == nil && a.status != stall.status:
						t.Errorf("%+v, want %d or just the end", a, stall.status)
					case name == "an instance's body" && err == nil:
						t.Errorf("a whole answer: %+v", a)
					}
					if err == nil {
						_, err = io.Copy(io.Discard, c.in)
					}
					if isTimeout(err) {
						t.Error("still open after the answer")
					}
				})
			})
		}
	})
}

// With no descriptors left, accepting pauses without turning in circles, what is open goes on, and when there are some again so does
// accepting.
func TestDescriptorsRunOut(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const files = 96
		a := startAlone(t, k, work{To: answering(t, "ok").Addr().String(), Files: files, Limits: limits{Idle: time.Hour}})
		early := make([]*conn, 8)
		for i := range early {
			early[i] = a.dial(t)
			early[i].send(get("/", ""))
			early[i].want(200, "ok")
		}
		var crowd []*conn
		for range 2 * files { // the kernel's queue takes those that are not accepted
			c, err := dialPlain(t, a.addr)
			if err != nil {
				t.Fatal(err)
			}
			crowd = append(crowd, c)
		}
		time.Sleep(200 * time.Millisecond)
		used := a.CPU()
		for began := time.Now(); time.Since(began) < 1500*time.Millisecond; time.Sleep(50 * time.Millisecond) {
			for i, c := range early {
				c.wait(patience)
				c.send(get(fmt.Sprint("/", i), ""))
				c.want(200, "ok")
			}
		}
		if used = a.CPU() - used; used > 500*time.Millisecond {
			t.Errorf("%v of CPU in 1.5 s", used)
		}
		for _, c := range crowd {
			_ = c.tcp.Close()
		}
		lab.Eventually(t, patience, "a new connection is served", func() bool {
			c, err := dialKind(t, k, a.addr)
			if err != nil {
				return false
			}
			defer c.tcp.Close()
			c.send(get("/", ""))
			reply, err := readAnswer(c.in, "GET")
			return err == nil && reply.status == 200
		})
	})
}
