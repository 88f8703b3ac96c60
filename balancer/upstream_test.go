package balancer

import (
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

func (timeoutError) Error() string { return "timeout" }

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Temporary() bool { return true }

func TestWhatSaysFarewellGetsNothingUnrepeatableWhileOthersServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		members := []Member{{Way: NewUpstream("s", "a:80").Way(WayKey{}), Weight: 1}, {Way: NewUpstream("s", "b:80").Way(WayKey{}), Weight: 1}}
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
		time.Sleep(leavingTime)
		if n := shares(true); n[1] == 0 {
			t.Errorf("Connection: close is believed for ever: %v", n)
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
