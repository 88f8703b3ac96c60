package drain

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
)

// slow is a Store that others can come between a read and a write of.
type slow struct{ *memory.Store }

func (s slow) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := s.Store.Get(ctx, key)
	time.Sleep(time.Second)
	return v, err
}

// Two who ask for the same instance at the same time wait for the same drain.
func TestDrainAskedForTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow{newStore(t)}
		var ids [2]string
		var both sync.WaitGroup
		for i := range ids {
			both.Go(func() { ids[i] = begin(t, s)[0].ID })
		}
		if both.Wait(); ids[0] != ids[1] {
			t.Errorf("two drains of one instance: %q", ids)
		}
	})
}

// Of two who ask for the last two instances of a service at the same moment, one is refused.
func TestTheLastTwoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow{newStore(t)}
		all := []*discovery.Service{{Name: "web", Instances: []discovery.Instance{of("n", "a", ""), of("n", "bb", "")}}}
		ask := func(name string, force bool) error {
			_, err := Ask(t.Context(), s, func(context.Context) ([]*discovery.Service, error) { return all, nil }, Wish{Name: name, For: time.Minute, Force: force})
			return err
		}
		var refused atomic.Int32
		var both sync.WaitGroup
		for _, name := range []string{"a", "bb"} {
			both.Go(func() {
				if err := ask(name, false); err == (LastError{"web", 1}) {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		if both.Wait(); refused.Load() != 1 {
			t.Errorf("%d of 2 are refused", refused.Load())
		}
		for _, name := range []string{"a", "bb"} {
			if err := ask(name, true); err != nil {
				t.Error(err)
			}
		}
		if list, err := List(t.Context(), s); err != nil || len(list) != 2 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// A drain that has nearly ended is not prolonged: proxies may have given the instance requests again by then, and what they answered would count.
func TestDrainThatHasNearlyEndedIsAnotherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		first := begin(t, s)
		time.Sleep(time.Minute - keepRoom/2)
		if again := begin(t, s); again[0].ID == first[0].ID || again[0].Kept {
			t.Errorf("%+v", again)
		}
		if err := End(t.Context(), s, first); err != nil {
			t.Error(err)
		}
		if list, err := List(t.Context(), s); err != nil || len(list) != 1 {
			t.Errorf("the end of an earlier one has ended it: %+v %v", list, err)
		}
		if again := begin(t, s); !again[0].Kept {
			t.Errorf("%+v", again)
		}
	})
}

// What is left of a drain that is over is removed, and what has begun in its place meanwhile is not.
func TestRemovingADrainLeavesALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow{newStore(t)}
		p := follow(t, s, "one")
		defer p.stop()
		synctest.Wait()
		old := begin(t, s)
		time.Sleep(time.Minute)
		began := make(chan []Drain)
		go func() { began <- begin(t, s) }() // while it is removed
		list := <-began
		time.Sleep(20 * time.Second)
		now, err := List(t.Context(), s)
		if err != nil || len(now) != 1 || now[0].ID != list[0].ID || now[0].ID == old[0].ID || len(p.drains()) != 1 {
			t.Errorf("%+v, begun was %+v; %v", now, list, err)
		}
		if pending, err := await(t, s, list, 5*time.Second); err != nil {
			t.Errorf("%q %v", pending, err)
		}
		if keys, _ := s.Keys(t.Context(), answersAt); len(keys) != 1 {
			t.Errorf("answers: %q", keys)
		}
	})
}

// failing is a Store that takes so many values and no more.
type failing struct {
	*memory.Store
	left *int
}

func (f failing) Swap(ctx context.Context, key string, from, to []byte) error {
	if to != nil {
		if *f.left--; *f.left < 0 {
			return errors.New("full")
		}
	}
	return f.Store.Swap(ctx, key, from, to)
}

// Either all instances of a name are drained or none.
func TestDrainOfSeveralIsTakenBack(t *testing.T) {
	left := 2
	s := failing{newStore(t), &left}
	list := []discovery.Instance{of("n", "a", ""), of("n", "bb", ""), of("n", "ccc", "")}
	if _, err := Begin(t.Context(), s, list, time.Now().Add(time.Minute), ""); err == nil {
		t.Error("no error")
	}
	if keys, err := s.Keys(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Errorf("left behind: %q %v", keys, err)
	}
}

// Whoever waits is told when a drain is over, or somebody has ended it: the instance gets requests again.
func TestAwaitTellsTheEndOfADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := follow(t, s, "one")
		defer p.stop()
		synctest.Wait()
		p.load.n.Store(1)
		began, list := time.Now(), begin(t, s)
		if _, err := await(t, s, list, 2*time.Minute); !errors.Is(err, ErrOver) || time.Since(began) > time.Minute+time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		list = begin(t, s)
		time.AfterFunc(time.Second, func() { _ = End(context.WithoutCancel(t.Context()), s, list) })
		if _, err := await(t, s, list, 2*time.Minute); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
	})
}

// An answer that is written as a drain ends is removed by who wrote it.
func TestLateAnswersAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := follow(t, s, "one")
		defer p.stop()
		synctest.Wait()
		list := begin(t, s)
		if pending, err := await(t, s, list, 5*time.Second); err != nil {
			t.Fatalf("%q %v", pending, err)
		}
		if err := s.Delete(t.Context(), list[0].key()); err != nil { // as End does first
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if v, err := s.Get(t.Context(), p.o.Self.key(&list[0])); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q %v", v, err)
		}
	})
}
