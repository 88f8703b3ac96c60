package balancer

import (
	"container/heap"
	"time"
)

// appointment is when a way is to be visited.
type appointment struct {
	way *Way
	at  time.Time
}

// queue is a heap of appointments, the earliest first.
type queue []appointment

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(appointment)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = appointment{}
	*q = (*q)[:last]
	return a
}

func (q queue) ready(now time.Time) bool { return len(q) > 0 && !q[0].at.After(now) }

// wait is the time until the next visit; an hour when there is none, or no room for one, as an event then ends the wait.
func (q queue) wait(now time.Time, room bool) time.Duration {
	if len(q) == 0 || !room {
		return time.Hour
	}
	return max(0, q[0].at.Sub(now))
}

// collect takes over a list of those that asked: one that is ejected is due after its back-off, another one now.
func (q *queue) collect(list *Way) {
	for w := list; w != nil; {
		next := w.next
		w.next = nil
		until, _, _ := w.Ejected()
		heap.Push(q, appointment{way: w, at: until})
		w = next
	}
}

// again makes the next appointment of a way that was just visited, or lets it go.
func (q *queue) again(w *Way) {
	until, _, ejected := w.Ejected()
	if ejected && !w.Retired() {
		heap.Push(q, appointment{way: w, at: until})
		return
	}
	w.asked.Store(false)
	// It may have failed between the visit and this line, and its question was then not queued.
	if _, _, ejected := w.Ejected(); ejected && !w.Retired() {
		w.ask()
	}
}

// pace bounds how often something is done: every visitEvery, and visitsAhead times at once after a pause.
type pace struct{ next time.Time }

// take says whether it may be done at now, and notes it if so.
func (p *pace) take(now time.Time) bool {
	if p.wait(now) > 0 {
		return false
	}
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(visitEvery)
	return true
}

// wait is the time until it may be done.
func (p *pace) wait(now time.Time) time.Duration {
	return max(0, p.next.Add(-visitsAhead*visitEvery).Sub(now)+visitEvery)
}
