package balancer

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// maxChecks bounds the checks under way at the same time: each is a connection and a goroutine.
const maxChecks = 64

// Checker asks ways that are to be checked. Requests keep away from one that fails, while another can be asked. Make it with NewChecker; it
// does nothing until Run. All methods may be called from several goroutines.
type Checker struct {
	ask  func(ctx context.Context, w *Way, c Check) error
	told func(w *Way, failing bool, why string)
	wake chan struct{}

	mu    sync.Mutex
	news  []dueCheck
	asked map[*Way][]asking // what is asked for of each way
}

// asking is how often a check is asked for.
type asking struct {
	check Check
	times int
}

// dueCheck is when a way is to be asked.
type dueCheck struct {
	way   *Way
	check *Check
	at    time.Time
}

// dueChecks is a heap, the earliest first.
type dueChecks []dueCheck

func (q dueChecks) Len() int           { return len(q) }
func (q dueChecks) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q dueChecks) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueChecks) Push(x any)        { *q = append(*q, x.(dueCheck)) }
func (q *dueChecks) Pop() any {
	last := len(*q) - 1
	d := (*q)[last]
	(*q)[last] = dueCheck{}
	*q = (*q)[:last]
	return d
}

// NewChecker makes a Checker. ask asks once; it must return when ctx ends. told gets each change, from the goroutine of its check.
func NewChecker(ask func(ctx context.Context, w *Way, c Check) error, told func(w *Way, failing bool, why string)) *Checker {
	return &Checker{ask: ask, told: told, wake: make(chan struct{}, 1), asked: map[*Way][]asking{}}
}

// Follow has a way checked from now on, in place of what was asked before. Their outcome so far stays. Each Follow is followed by one
// Unfollow with the same arguments; then what was asked before is asked again. A nil Checker checks nothing.
func (k *Checker) Follow(w *Way, c Check) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.asked[w]
	if i := slices.IndexFunc(list, func(a asking) bool { return a.check == c }); i >= 0 {
		list[i].times++
	} else {
		k.asked[w] = append(list, asking{c, 1})
	}
	k.begin(w, c)
}

// begin has a way checked, in place of what was asked before. It needs mu.
func (k *Checker) begin(w *Way, c Check) {
	if was := w.check.Load(); was != nil && *was == c {
		return
	}
	w.check.Store(&c)
	k.news = append(k.news, dueCheck{w, &c, time.Now()})
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Unfollow ends what Follow began, unless somebody else asks for it too.
func (k *Checker) Unfollow(w *Way, c Check) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.asked[w]
	i := slices.IndexFunc(list, func(a asking) bool { return a.check == c })
	if i < 0 {
		return
	}
	if list[i].times--; list[i].times > 0 {
		return
	}
	list = slices.Delete(list, i, i+1)
	k.asked[w] = list
	was := w.check.Load()
	switch {
	case len(list) == 0:
		delete(k.asked, w)
		if was != nil {
			w.stopCheck(was)
		}
	case was != nil && *was == c:
		k.begin(w, list[len(list)-1].check)
	}
}

// Run checks until ctx ends, and then waits for the checks under way. It always returns nil.
func (k *Checker) Run(ctx context.Context) error {
	var (
		running sync.WaitGroup
		due     dueChecks
		done    = make(chan dueCheck)
		busy    int
	)
	defer running.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for busy < maxChecks && len(due) > 0 && !due[0].at.After(time.Now()) {
			d := heap.Pop(&due).(dueCheck)
			if d.stale() {
				continue
			}
			busy++
			running.Go(func() { k.visit(ctx, d, done) })
		}
		wait := time.Hour
		if len(due) > 0 && busy < maxChecks {
			wait = max(0, time.Until(due[0].at))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-k.wake:
			for _, d := range k.take() {
				heap.Push(&due, d)
			}
		case d := <-done:
			busy--
			if !d.stale() {
				heap.Push(&due, d)
			}
		}
	}
}

// stale says whether the check has ended, or another one has taken its place.
func (d *dueCheck) stale() bool { return d.way.Retired() || d.way.check.Load() != d.check }

func (k *Checker) take() []dueCheck {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.news
	k.news = nil
	return list
}

// visit makes one check, notes what it says, and hands the way back with the next appointment: a tenth sooner or later, so that many that
// began together do not stay together.
func (k *Checker) visit(ctx context.Context, d dueCheck, done chan<- dueCheck) {
	limited, cancel := context.WithTimeout(ctx, d.check.Timeout)
	err := k.ask(limited, d.way, *d.check)
	cancel()
	if ctx.Err() != nil {
		return
	}
	if failing, why, changed := k.note(d, err); changed {
		k.told(d.way, failing, why)
	}
	tenth := int64(d.check.Interval / 10)
	d.at = time.Now().Add(d.check.Interval + time.Duration(rand.Int64N(2*tenth+1)-tenth))
	select {
	case done <- d:
	case <-ctx.Done():
	}
}

// note notes the outcome of a check, unless it is stale: under the lock, as nothing would take back what is noted behind an Unfollow.
func (k *Checker) note(d dueCheck, err error) (failing bool, why string, changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d.stale() || !d.way.noteCheck(err) {
		return false, "", false
	}
	_, failing, why = d.way.Checked()
	return failing, why, true
}
