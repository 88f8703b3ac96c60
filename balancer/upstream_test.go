package balancer

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		answered bool
		failures int
		tried    time.Duration // since the first failure
		want     time.Duration
	}{
		{false, 1, 0, time.Millisecond}, {false, 2, time.Millisecond, time.Millisecond}, {false, 30, 30 * time.Millisecond, 3 * time.Millisecond},
		{false, 40, 300 * time.Millisecond, 30 * time.Millisecond}, {false, 90, 2 * time.Second, 100 * time.Millisecond}, {false, 1 << 30, time.Hour, 100 * time.Millisecond},
		{true, 1, 0, 100 * time.Millisecond}, {true, 2, 100 * time.Millisecond, 200 * time.Millisecond}, {true, 6, time.Second, 3200 * time.Millisecond},
		{true, 7, time.Hour, 5 * time.Second}, {true, 1 << 30, time.Hour, 5 * time.Second},
	} {
		now := time.Now()
		h := health{failures: c.failures, since: now.Add(-c.tried)}
		h.answered.Store(c.answered)
		if got := h.backoff(now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestRefusalsWhileOutCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := NewUpstream("s", "a:80").Way(WayKey{})
		for range 32 {
			u.ObserveRefused(time.Now())
		}
		if _, n, out := u.Ejected(); n != 1 || !out || u.Usable() {
			t.Errorf("%d %v", n, out)
		}
		time.Sleep(time.Millisecond)
		if !u.Usable() {
			t.Error("without a reviver, time alone brings it back")
		}
		u.ObserveRefused(time.Now())
		if until, n, _ := u.Ejected(); n != 2 || time.Until(until) != firstStart {
			t.Errorf("%d %v", n, time.Until(until))
		}
		if !u.ObserveAnswer(0, time.Millisecond) || u.ObserveAnswer(0, time.Millisecond) || !u.Usable() {
			t.Error("an answer brings it back; first is true once")
		}
		if _, n, _ := u.Ejected(); n != 0 || !u.Answered() || u.Upstream().Latency() != time.Millisecond {
			t.Error("the back-off is not cleared")
		}
	})
}

func TestRetireRunsHooksOnce(t *testing.T) {
	u, n := NewUpstream("s", "a:80").Way(WayKey{}), 0
	u.AfterRetire(func() { n++ })
	u.Retire()
	u.Retire()
	u.AfterRetire(func() { n += 10 })
	if n != 11 || !u.Retired() || u.Usable() {
		t.Error(n)
	}
}

func TestRoutableIsStampedOnce(t *testing.T) {
	u := NewUpstream("s", "a:80")
	at := time.Unix(5, 7)
	if !u.Routable().IsZero() {
		t.Error("stamped")
	}
	u.StampRoutable(at)
	u.StampRoutable(at.Add(time.Hour))
	if !u.Routable().Equal(at) {
		t.Error(u.Routable())
	}
}

// fakeConn stays open, or ends at once as docker-proxy ends it.
type fakeConn struct {
	net.Conn
	open     bool
	until    time.Time // when an open one ends; never when zero
	deadline time.Time
}

func (c *fakeConn) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }
func (c *fakeConn) Close() error                      { return nil }
func (c *fakeConn) Write(b []byte) (int, error)       { return len(b), nil }
func (c *fakeConn) SetWriteDeadline(time.Time) error  { return nil }
func (c *fakeConn) SetDeadline(time.Time) error       { return nil }
func (c *fakeConn) Read([]byte) (int, error) {
	if !c.open {
		return 0, io.EOF
	}
	if !c.until.IsZero() && c.until.Before(c.deadline) {
		time.Sleep(time.Until(c.until))
		return 0, io.EOF
	}
	time.Sleep(time.Until(c.deadline))
	return 0, &net.OpError{Op: "read", Err: timeoutError{}}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// running runs r until the returned function ends it.
func running(t *testing.T, r *Reviver) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = r.Run(ctx) })
	return func() { cancel(); all.Wait() }
}

func TestOwnConnectBringsAnInstanceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials, state atomic.Int32 // state: 0 refuses, 1 accepts and ends, 2 is there
		r := NewReviver(func(context.Context, string) (net.Conn, error) {
			dials.Add(1)
			if state.Load() == 0 {
				return nil, errors.New("refused")
			}
			return &fakeConn{open: state.Load() == 2}, nil
		})
		defer running(t, r)()
		u := r.NewUpstream("s", "a:80").Way(WayKey{})
		u.ObserveRefused(time.Now())
		time.Sleep(10*time.Millisecond + firstStart/2) // visits every millisecond, and every tenth of the time from there on
		if n := dials.Load(); n != 10 || u.Usable() {
			t.Fatalf("%d dials, usable %v", n, u.Usable())
		}
		state.Store(1)
		time.Sleep(500 * time.Millisecond)
		if u.Usable() {
			t.Fatal("back after a connection that ended at once")
		}
		state.Store(2)
		time.Sleep(110 * time.Millisecond)
		if !u.Usable() || u.Answered() {
			t.Fatal("not back")
		}
		time.Sleep(settleTime)
		if !u.Settled() || u.Answered() {
			t.Fatal("not settled")
		}
		before := dials.Load()
		time.Sleep(time.Minute)
		if dials.Load() != before {
			t.Error("it is still being visited")
		}
		state.Store(0)
		u.ObserveRefused(time.Now())
		u.Retire()
		time.Sleep(time.Minute)
		if n := dials.Load() - before; n > 1 {
			t.Errorf("%d visits after its end", n)
		}
	})
}

// A start is what people wait for: who refused is back with the first connect that succeeds. A published port accepts before its
// application listens: who closed what it had accepted is back only once a connection stays open.
func TestAcceptingBringsBackWhoRefusedAndNotWhoClosed(t *testing.T) {
	for name, observe := range map[string]func(*Way, time.Time){"refused": (*Way).ObserveRefused, "closed": (*Way).ObserveClosed} {
		synctest.Test(t, func(t *testing.T) {
			r := NewReviver(func(context.Context, string) (net.Conn, error) { return &fakeConn{open: true}, nil })
			defer running(t, r)()
			u := r.NewUpstream("s", "a:80").Way(WayKey{})
			observe(u, time.Now())
			time.Sleep(firstStart + proofTime/2)
			if u.Usable() != (name == "refused") || u.Settled() {
				t.Errorf("%s: usable %v, settled %v while the connection proves itself", name, u.Usable(), u.Settled())
			}
			time.Sleep(proofTime)
			if !u.Usable() {
				t.Errorf("%s: not back", name)
			}
			time.Sleep(settleTime)
			if !u.Usable() || !u.Settled() {
				t.Errorf("%s: not settled", name)
			}
		})
	}
}

func TestInstanceThatHasNotAnsweredIsSettledByAConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReviver(func(context.Context, string) (net.Conn, error) { return &fakeConn{open: true}, nil })
		defer running(t, r)()
		m := []Member{{r.NewUpstream("s", "a:80").Way(WayKey{}), 1}, {r.NewUpstream("s", "b:80").Way(WayKey{}), 1}}
		m[0].Way.ObserveAnswer(0, time.Millisecond)
		p := RoundRobin{}.Build(m, NewLane())
		if got := run2(p, 3); got != "000" {
			t.Fatal(got)
		}
		time.Sleep(settleTime / 2)
		if got := run2(p, 3); got != "000" {
			t.Fatalf("it was trusted with what cannot be replayed before its time: %s", got)
		}
		time.Sleep(settleTime)
		if got := run2(p, 4); got != "1010" && got != "0101" && got != "1001" {
			t.Fatalf("the newcomer starves: %s", got)
		}
	})
}

func run2(p Picker, n int) (s string) {
	for range n {
		i, _ := p.Pick(Want{Settled: true})
		s += string(rune('0' + i))
	}
	return s
}

// A published port whose proxy is slow to notice that nothing listens: back for what can be replayed, and for nothing else.
func TestConnectionThatEndsLateSettlesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReviver(func(context.Context, string) (net.Conn, error) {
			return &fakeConn{open: true, until: time.Now().Add(20 * time.Millisecond)}, nil
		})
		defer running(t, r)()
		u := r.NewUpstream("s", "a:80").Way(WayKey{})
		u.ask()
		for range 1000 {
			time.Sleep(time.Millisecond)
			if u.Settled() {
				t.Fatal("settled")
			}
		}
		if _, failures, _ := u.Ejected(); failures == 0 {
			t.Error("it was never ejected")
		}
	})
}

func TestReviverAgainstRealSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	r := NewReviver(nil)
	w := r.NewUpstream("s", addr).Way(WayKey{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.Close() // as docker-proxy does before the application listens
		held, err := l.Accept()
		if err == nil {
			defer held.Close()
			io.Copy(io.Discard, held)
		}
	}()
	if _, _, err := r.prove(t.Context(), w); err == nil {
		t.Error("a connection that ended at once counts")
	}
	if c, _, err := r.prove(t.Context(), w); err == nil {
		c.Close()
	} else {
		t.Errorf("a connection that stays open does not count: %v", err)
	}
	l.Close()
	if _, _, err := r.prove(t.Context(), w); err == nil {
		t.Error("a refused connect counts")
	}
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Budget
		spend := func() (n int) {
			for b.Withdraw(time.Now()) {
				n++
			}
			return n
		}
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries without a request", n)
		}
		time.Sleep(time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries in the next second", n)
		}
		time.Sleep(budgetSpan * time.Second)
		for range budgetSpan {
			time.Sleep(time.Second)
			for range 50 {
				b.Deposit(time.Now())
			}
		}
		if n := spend(); n != 100 {
			t.Errorf("%d retries for 500 requests", n)
		}
		time.Sleep(time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries after the share was spent", n)
		}
		time.Sleep(budgetSpan * time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries after all was forgotten", n)
		}
	})
}

func TestBudgetOfManyRequestsIsNearlyExact(t *testing.T) {
	const n = 200_000
	var b Budget
	now := time.Unix(1e9, 0)
	for range n {
		b.Deposit(now)
	}
	if got := b.Requests(now); math.Abs(float64(got)/n-1) > .05 { // 8 times the deviation to be expected
		t.Errorf("%d requests noted of %d", got, n)
	}
}

func TestWhatSaysFarewellGetsNothingUnrepeatableWhileOthersServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		members := []Member{{NewUpstream("s", "a:80").Way(WayKey{}), 1}, {NewUpstream("s", "b:80").Way(WayKey{}), 1}}
		a, b := members[0].Way, members[1].Way
		p := RoundRobin{}.Build(members, NewLane())
		shares := func(w bool) (n [2]int) {
			for range 10 {
				i, ok := p.Pick(Want{Settled: w})
				if !ok {
					t.Fatal("nothing picked")
				}
				n[i]++
			}
			return n
		}
		for _, m := range members {
			m.Way.ObserveAnswer(0, time.Millisecond)
		}
		a.ObserveKeep(false, time.Now())
		if n := shares(true); n != [2]int{5, 5} {
			t.Errorf("one that never kept a connection counts as leaving: %v", n)
		}
		a.ObserveKeep(true, time.Now())
		a.ObserveKeep(false, time.Now())
		if n := shares(true); n != [2]int{0, 10} {
			t.Errorf("one that leaves still gets what can't be repeated: %v", n)
		}
		if n := shares(false); n != [2]int{5, 5} {
			t.Errorf("what can be repeated is not spread evenly: %v", n)
		}
		b.ObserveKeep(true, time.Now())
		b.ObserveKeep(false, time.Now())
		if n := shares(true); n[0] == 0 || n[1] == 0 {
			t.Errorf("where all leave, all serve: %v", n)
		}
		a.ObserveKeep(true, time.Now())
		if n := shares(true); n != [2]int{10, 0} {
			t.Errorf("one that keeps a connection again is back: %v", n)
		}
		time.Sleep(farewellTime)
		if n := shares(true); n[1] == 0 {
			t.Errorf("a farewell is believed for ever: %v", n)
		}
	})
}

// What loops write must not share a cache line with what others read.
func TestLinesAreApart(t *testing.T) {
	const line = 64
	var u Upstream
	if unsafe.Sizeof(u)%line != 0 || unsafe.Offsetof(u.cells)%line != 0 || unsafe.Sizeof(u.cells[0]) != line {
		t.Errorf("an Upstream has %d bytes, its cells begin at %d and have %d each", unsafe.Sizeof(u), unsafe.Offsetof(u.cells), unsafe.Sizeof(u.cells[0]))
	}
	var r rotation
	if unsafe.Sizeof(r)%line != 0 || unsafe.Offsetof(r.members) != line {
		t.Errorf("a rotation has %d bytes, its members begin at %d", unsafe.Sizeof(r), unsafe.Offsetof(r.members))
	}
	var p turns
	if unsafe.Sizeof(p)%line != 0 || unsafe.Offsetof(p.members) != line {
		t.Errorf("turns have %d bytes, their members begin at %d", unsafe.Sizeof(p), unsafe.Offsetof(p.members))
	}
}

func TestConnectionsThatCloseOnARequest(t *testing.T) {
	now := time.Now().Add(time.Hour) // nothing lapses meanwhile
	fresh, known := NewUpstream("s", "a:80").Way(WayKey{}), NewUpstream("s", "b:80").Way(WayKey{})
	if fresh.ObserveBroken(now); fresh.Usable() {
		t.Error("one that has never answered is trusted after it closed")
	}
	known.ObserveAnswer(0, time.Millisecond)
	for n := range brokenLimit {
		if !known.Usable() {
			t.Errorf("ejected after %d", n)
		}
		known.ObserveBroken(now)
	}
	if known.Usable() {
		t.Error("never ejected")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	u := NewUpstream("s", "a:80")
	var open atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if u.Connect(3) {
					if n := open.Add(1); n > 3 {
						t.Errorf("%d open", n)
					}
					open.Add(-1)
					u.Disconnect()
				}
			}
		})
	}
	all.Wait()
	for n := range 5 {
		if u.Connect(3) != (n < 3) {
			t.Errorf("connection %d of 3", n)
		}
	}
	if !u.Connect(0) || u.conns.Load() != 4 {
		t.Errorf("%d open, no limit", u.conns.Load())
	}
}

// Instances that are gone, or start, all at once are visited in turns, at a bounded pace, and none is forgotten.
func TestManyAreVisitedAtABoundedPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 2000
		var dials, there atomic.Int32
		r := NewReviver(func(context.Context, string) (net.Conn, error) {
			if dials.Add(1); there.Load() == 0 {
				return nil, errors.New("refused")
			}
			return &fakeConn{open: true}, nil
		})
		defer running(t, r)()
		var ways []*Way
		for range many {
			w := r.NewUpstream("s", "a:80").Way(WayKey{})
			w.ObserveRefused(time.Now())
			ways = append(ways, w)
		}
		time.Sleep(time.Second)
		if n, most := dials.Load(), int32(time.Second/visitEvery)+visitsAhead; n > most+1 || n < most*9/10 {
			t.Errorf("%d visits in a second, want about %d", n, most)
		}
		there.Store(1)
		for range ways { // each turn round takes many visits, and what accepts is watched for settleTime
			time.Sleep(visitEvery + settleTime/maxConnects)
		}
		time.Sleep(settleTime)
		for i, w := range ways {
			if !w.Usable() {
				t.Fatalf("%d was forgotten", i)
			}
		}
	})
}
