package balancer

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeConn stays open, or ends at once as docker-proxy ends it.
type fakeConn struct {
	net.Conn
	open     bool
	until    time.Time // when an open one ends; never when zero
	deadline time.Time
}

func (c *fakeConn) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }

func (c *fakeConn) Close() error { return nil }

func (c *fakeConn) Write(b []byte) (int, error) { return len(b), nil }

func (c *fakeConn) SetWriteDeadline(time.Time) error { return nil }

func (c *fakeConn) SetDeadline(time.Time) error { return nil }

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
		m := []Member{{Way: r.NewUpstream("s", "a:80").Way(WayKey{}), Weight: 1}, {Way: r.NewUpstream("s", "b:80").Way(WayKey{}), Weight: 1}}
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
	var stays atomic.Bool
	ended := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if stays.Load() {
				t.Cleanup(func() { c.Close() })
				continue
			}
			c.Close() // as docker-proxy does before the application listens
			ended <- struct{}{}
		}
	}()
	r := NewReviver(func(ctx context.Context, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil && !stays.Load() {
			<-ended
		}
		return c, err
	})
	w := r.NewUpstream("s", addr).Way(WayKey{})
	counts := 0
	for range 20 { // whoever stands still itself for proofTime sees no end
		if c, _, err := r.prove(t.Context(), w); err == nil {
			c.Close()
			counts++
		}
	}
	if counts == 20 {
		t.Error("a connection that ended at once counts")
	}
	stays.Store(true)
	if c, _, err := r.prove(t.Context(), w); err == nil {
		c.Close()
	} else {
		t.Errorf("a connection that stays open does not count: %v", err)
	}
	l.Close()
	r.dial = NewReviver(nil).dial
	if _, _, err := r.prove(t.Context(), w); err == nil {
		t.Error("a refused connect counts")
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

// What spoke first comes back when a bare connection to it stays silent, and not by accepting alone.
func TestWhatSpeaksFirstComesBackWhenItIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		r := NewReviver(func(context.Context, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			if !silent.Load() {
				go func() {
					time.Sleep(SpeakTime / 2)
					_, _ = theirs.Write([]byte("220 mail"))
				}()
			}
			t.Cleanup(func() { theirs.Close() })
			return ours, nil
		})
		defer running(t, r)()
		w := r.NewUpstream("s", "a:80").Way(WayKey{})
		w.ObserveUnprompted(time.Now())
		for range 100 {
			if time.Sleep(100 * time.Millisecond); w.Usable() {
				t.Fatal("back although it still speaks")
			}
		}
		silent.Store(true)
		if time.Sleep(lastKnown + SpeakTime + time.Millisecond); !w.Usable() {
			t.Error("not back although it is silent")
		}
	})
}
