package registrator

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueueCoalescesAndKeepsOneRunPerKey(t *testing.T) {
	q := newQueue()
	for range 1000 {
		q.add("a", false)
		q.add("b", true)
	}
	if n := q.length(); n != 2 {
		t.Fatalf("length %d, want 2", n)
	}
	key, _ := q.next()
	if key != "b" {
		t.Errorf("first %q, want the urgent one", key)
	}
	q.add("b", true) // while it runs
	if key, _ = q.next(); key != "a" {
		t.Errorf("then %q, want a: b is running", key)
	}
	q.done("b", 0)
	if key, _ = q.next(); key != "b" {
		t.Errorf("then %q, want b again", key)
	}
	q.done("a", 0)
	q.done("b", 0)
	if len(q.slots) != 0 || q.length() != 0 {
		t.Errorf("%d slots and %d keys left", len(q.slots), q.length())
	}
}

func TestQueuePromotesAndComesBackLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.add("a", false)
		q.add("b", false)
		q.add("b", true)
		first, _ := q.next()
		second, _ := q.next()
		if first != "b" || second != "a" || q.length() != 0 {
			t.Errorf("%s, %s, %d left", first, second, q.length())
		}
		q.done("a", time.Minute)
		q.done("b", 0)
		began := time.Now()
		if key, ok := q.next(); !ok || key != "a" || time.Since(began) != time.Minute {
			t.Errorf("%s after %s", key, time.Since(began))
		}
		q.done("a", time.Hour)
		q.close()
		if _, ok := q.next(); ok {
			t.Error("a closed queue hands out keys")
		}
	})
}

func TestQueueUnderManyHands(t *testing.T) {
	q := newQueue()
	var mu sync.Mutex
	running := map[string]bool{}
	served := map[string]int{}
	var hands sync.WaitGroup
	for range 8 {
		hands.Go(func() {
			for {
				key, ok := q.next()
				if !ok {
					return
				}
				mu.Lock()
				if running[key] {
					t.Errorf("%s runs twice at once", key)
				}
				running[key] = true
				served[key]++
				mu.Unlock()
				mu.Lock()
				running[key] = false
				mu.Unlock()
				q.done(key, 0)
			}
		})
	}
	for i := range 20_000 {
		q.add(fmt.Sprint(i%50), i%3 == 0)
	}
	for q.length() > 0 {
		time.Sleep(time.Millisecond)
	}
	q.close()
	hands.Wait()
	if len(served) != 50 {
		t.Errorf("%d of 50 keys served", len(served))
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for failures, limit := range map[int]time.Duration{1: 100 * time.Millisecond, 3: 400 * time.Millisecond, 20: time.Second, 21: 10 * time.Second, 1 << 40: 10 * time.Second} {
		for range 100 {
			if d := backoff(failures); d < limit/2 || d > limit {
				t.Fatalf("after %d failures %s, want %s to %s", failures, d, limit/2, limit)
			}
		}
	}
}

func TestListingDoesNotUndoWritesThatOverlapIt(t *testing.T) {
	l := newCache("h", false)
	ours := func(id string) Held {
		return Held{Registration: Registration{ID: id, Owner: Owner{Host: "h", Container: "c"}}}
	}
	write := func(id string) { l.beginWrite(id); l.registered(id, ours(id), false) }
	write("old")
	write("gone")
	mark := l.mark()
	write("during")      // registered after the listing was taken
	l.beginWrite("gone") // deregistered after it was taken
	l.deregistered("gone", false)
	l.beginWrite("flying") // still under way
	l.replace(map[string]Held{"old": ours("old"), "gone": ours("gone"), "foreign": {}}, mark, time.Now())
	l.registered("flying", ours("flying"), false)
	got := l.ownedBy("c")
	slices.Sort(got)
	if want := []string{"during", "flying", "old"}; !slices.Equal(got, want) {
		t.Errorf("owned %q, want %q", got, want)
	}
	l.replace(map[string]Held{}, l.mark(), time.Now())
	if n := l.count(); n != 0 {
		t.Errorf("%d left after a later, empty listing", n)
	}
}

func TestLedgerLockEndsWithContext(t *testing.T) {
	l := newCache("h", false)
	unlock, err := l.lock(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.lock(ctx, "a"); err == nil {
		t.Error("got a lock that somebody holds")
	}
	unlock()
	if unlock, err = l.lock(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	unlock()
	if len(l.locks) != 0 {
		t.Errorf("%d locks left behind", len(l.locks))
	}
}

func TestStopSignals(t *testing.T) {
	for _, tt := range []struct {
		signal, stop string
		want         bool
	}{
		{"15", "", true}, {"SIGTERM", "", true}, {"term", "15", true}, {"9", "SIGUSR1", true}, {"1", "", false},
		{"3", "SIGQUIT", true}, {"15", "SIGQUIT", false}, {"37", "SIGRTMIN+3", true}, {"64", "RTMAX", true},
		{"63", "SIGRTMAX-1", true}, {"", "", false}, {"0", "nonsense", false}, {"99", "99", false}, {"34", "RTMIN+99", false},
	} {
		if got := stops(tt.signal, tt.stop); got != tt.want {
			t.Errorf("signal %q with stop signal %q: %v", tt.signal, tt.stop, got)
		}
	}
}

func FuzzSignalNumber(f *testing.F) {
	f.Add("SIGRTMIN+3")
	f.Add("-9")
	f.Fuzz(func(t *testing.T, s string) {
		if n := signalNumber(s); n < 0 || n > 64 {
			t.Errorf("%q is %d", s, n)
		}
	})
}
