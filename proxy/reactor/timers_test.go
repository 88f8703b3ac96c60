//go:build linux

package reactor

import (
	"math/rand/v2"
	"testing"
)

func newTimedConn() *Conn { return &Conn{timer: timer{slot: unlinked, deadline: never}} }

// Whatever is armed, moved and disarmed, each deadline is met within a tick of it, if the wheel is looked at when it asks for it.
func TestTimerWheelMeetsEveryDeadline(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var w timerWheel
	now := int64(0)
	conns := make([]*Conn, 300)
	for i := range conns {
		conns[i] = newTimedConn()
	}
	fired := 0
	wanted := map[*Conn]int64{}
	expire := func(s *Conn) {
		fired++
		if at, ok := wanted[s]; !ok || at > now {
			t.Errorf("expired at %d, wanted %d, %v", now, at, ok)
		}
		delete(wanted, s)
	}
	spans := []int64{3 * Tick, 200 * Tick, 300 * Tick, 10_000 * Tick, 75_000 * Tick, 400_000 * Tick}
	for range 20000 {
		s := conns[random.IntN(len(conns))]
		switch random.IntN(8) {
		case 0:
			s.deadline = never
			delete(wanted, s)
		case 1:
			w.unlink(s)
			s.deadline = never
			delete(wanted, s)
		default:
			at := now + random.Int64N(spans[random.IntN(len(spans))]) + 1
			w.arm(s, at)
			wanted[s] = at
		}
		if random.IntN(3) > 0 {
			continue
		}
		next, ok := w.next()
		if !ok {
			if len(wanted) > 0 {
				t.Fatalf("nothing is due, and %d wait", len(wanted))
			}
			continue
		}
		for s, at := range wanted {
			if ceilTick(at) < next {
				t.Fatalf("due at %d, the wheel wants to be looked at at %d, now %d, slot %d due %d", ceilTick(at), next, now/Tick, s.slot, s.due)
			}
		}
		now = max(now, next*Tick) + random.Int64N(5)*random.Int64N(300*Tick)
		w.advance(now, expire)
		for _, at := range wanted {
			if ceilTick(at) <= now/Tick {
				t.Fatalf("at %d, what was due at %d still waits", now, at)
			}
		}
	}
	if fired < 1000 {
		t.Errorf("only %d expired", fired)
	}
}

// A deadline that moves on costs no move in the wheel.
func TestTimerWheelIsLazy(t *testing.T) {
	var w timerWheel
	s := newTimedConn()
	w.arm(s, 1000*Tick)
	slot := s.slot
	for i := range int64(1000) {
		w.arm(s, (1000+i*50)*Tick)
	}
	if s.slot != slot {
		t.Error("it was moved")
	}
	fired := false
	w.advance(50_000*Tick, func(*Conn) { fired = true })
	if fired || s.slot == unlinked {
		t.Error("the old deadline counted")
	}
	w.advance(51_000*Tick, func(*Conn) { fired = true })
	if !fired {
		t.Error("the new one did not")
	}
}

// What a panic has left half done is done with the next look.
func TestTimerWheelGoesOnAfterAPanic(t *testing.T) {
	var w timerWheel
	var fired int
	for range 3 {
		w.arm(newTimedConn(), 5*Tick)
	}
	func() {
		defer func() { _ = recover() }()
		w.advance(6*Tick, func(*Conn) { fired++; panic("here") })
	}()
	if at, ok := w.next(); !ok || at > 6 {
		t.Errorf("the wheel wants to be looked at at %d, %v", at, ok)
	}
	w.advance(6*Tick, func(*Conn) { fired++ })
	if fired != 3 {
		t.Errorf("%d expired, want 3", fired)
	}
}
