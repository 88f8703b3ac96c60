package balancer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// asked answers checks by address: nil passes. told collects the changes.
type asked struct {
	mu    sync.Mutex
	fails map[string]bool
	count map[string]int
	paths map[string]bool
	told  []string
}

func (a *asked) ask(_ context.Context, w *Way, c Check) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count[w.upstream.address]++
	a.paths[c.Path] = true
	if a.fails[w.upstream.address] {
		return errors.New("500")
	}
	return nil
}

func (a *asked) tell(w *Way, failing bool, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, fmt.Sprint(w.upstream.address, " ", failing, " ", why))
}

func (a *asked) set(address string, fails bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails[address] = fails
}

// times is how often an address was asked.
func (a *asked) times(address string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count[address]
}

// path says whether a path was asked for since the last call.
func (a *asked) path(path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer clear(a.paths)
	return a.paths[path]
}

// all are the changes.
func (a *asked) all() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprint(a.told)
}

func checking(t *testing.T, body func(a *asked, k *Checker)) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{fails: map[string]bool{}, count: map[string]int{}, paths: map[string]bool{}}
		k := NewChecker(a.ask, a.tell)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		body(a, k)
		cancel()
		<-done
	})
}

// whileNoted is an error that is asked for its text, which a check does between the question whether it still counts and the note of its outcome.
type whileNoted func()

func (f whileNoted) Error() string { f(); return "500" }

// A check that is noted while it stops being asked for leaves no trace: nothing would take it back.
func TestACheckThatEndsBehindItsEndIsNotNoted(t *testing.T) {
	c := Check{Path: "/", Interval: time.Second, Timeout: time.Second}
	w, ended := NewUpstream("s", "a").Way(WayKey{}), make(chan struct{})
	k := NewChecker(nil, func(*Way, bool, string) {})
	k.ask = func(context.Context, *Way, Check) error {
		return whileNoted(func() {
			go func() {
				k.Unfollow(w, c)
				close(ended)
			}()
			select {
			case <-ended: // nothing has kept it from ending first
			case <-time.After(50 * time.Millisecond):
			}
		})
	}
	k.Follow(w, c)
	k.visit(t.Context(), k.take()[0], make(chan dueCheck, 1))
	<-ended
	if is, failing, why := w.Checked(); is || failing || why != "" {
		t.Errorf("checked %v, failing %v: %s", is, failing, why)
	}
}

func TestAWayThatFailsItsChecksIsLeftOut(t *testing.T) {
	checking(t, func(a *asked, k *Checker) {
		one, two := NewUpstream("s", "a").Way(WayKey{}), NewUpstream("s", "b").Way(WayKey{})
		check := Check{Path: "/up", Interval: 5 * time.Second, Timeout: time.Second}
		a.set("b", true) // from the first one on
		k.Follow(one, check)
		k.Follow(two, check)
		synctest.Wait()
		if !one.Usable() || two.Usable() {
			t.Errorf("usable: %t %t", one.Usable(), two.Usable())
		}
		a.set("a", true)
		time.Sleep(6 * time.Second)
		if !one.Usable() {
			t.Error("a single failure left it out")
		}
		time.Sleep(6 * time.Second)
		if is, failing, why := one.Checked(); one.Usable() || !is || !failing || why != "500" || !one.Reachable() {
			t.Errorf("%t %t %s", is, failing, why)
		}
		a.set("a", false)
		time.Sleep(6 * time.Second)
		if _, failing, why := one.Checked(); !one.Usable() || failing || why != "" {
			t.Errorf("%t %s", failing, why)
		}
		if a.all() != "[b true 500 a true 500 a false ]" {
			t.Errorf("told %s", a.all())
		}
	})
}

func TestACheckEndsAndIsReplaced(t *testing.T) {
	checking(t, func(a *asked, k *Checker) {
		w := NewUpstream("s", "a").Way(WayKey{})
		first := Check{Path: "/1", Interval: time.Hour, Timeout: time.Second}
		second := Check{Path: "/2", Interval: 5 * time.Second, Timeout: time.Second}
		k.Follow(w, first)
		k.Follow(w, first)
		k.Unfollow(w, first)
		k.Unfollow(w, second) // which was never asked for
		synctest.Wait()
		a.set("a", true)
		k.Follow(w, second)
		synctest.Wait()
		if a.times("a") != 2 || !a.path("/2") {
			t.Errorf("asked %d times", a.times("a"))
		}
		time.Sleep(time.Minute)
		if w.Usable() || a.times("a") < 11 {
			t.Errorf("asked %d times", a.times("a"))
		}
		k.Follow(w, second)
		k.Unfollow(w, second)
		if is, _, _ := w.Checked(); !is {
			t.Error("it ended while it was asked for")
		}
		a.path("")
		k.Unfollow(w, second)
		synctest.Wait()
		if !a.path("/1") {
			t.Error("what was asked before is not asked again")
		}
		k.Unfollow(w, first)
		n := a.times("a")
		time.Sleep(time.Minute)
		if is, failing, why := w.Checked(); is || failing || why != "" || !w.Usable() || a.times("a") != n {
			t.Errorf("goes on: %t %t %s", is, failing, why)
		}
		k.Follow(w, second)
		synctest.Wait()
		w.Retire()
		n = a.times("a")
		time.Sleep(time.Minute)
		if a.times("a") != n {
			t.Error("a way that is gone is checked")
		}
	})
}

func TestChecksAreBoundedInNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		busy, most, total := 0, 0, 0
		k := NewChecker(func(ctx context.Context, _ *Way, _ Check) error {
			mu.Lock()
			busy++
			total++
			most = max(most, busy)
			mu.Unlock()
			<-ctx.Done() // silent
			mu.Lock()
			busy--
			mu.Unlock()
			return ctx.Err()
		}, func(*Way, bool, string) {})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		for i := range 1000 {
			k.Follow(NewUpstream("s", fmt.Sprint(i)).Way(WayKey{}), Check{Path: "/", Interval: time.Minute, Timeout: time.Second})
		}
		time.Sleep(17 * time.Second)
		mu.Lock()
		if most != maxChecks || total < 1000 {
			t.Errorf("%d at once, %d in all", most, total)
		}
		mu.Unlock()
		cancel()
		<-done
	})
}
