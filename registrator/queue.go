package registrator

import (
	"sync"
	"time"
)

// queue holds the keys (container ids) that need another look. It never drops and never blocks a caller; equal keys
// coalesce; a key is handed to one goroutine at a time, and what arrives for it meanwhile is handed out afterwards.
type queue struct {
	mu      sync.Mutex
	ready   sync.Cond
	urgent  []string // from events: served first
	routine []string // from passes, retries, timers
	slots   map[string]*slot
	waiting int // keys queued and not yet handed out
	closed  bool
}

// slot is what the queue knows about one key. At most one of queued and running is set.
type slot struct {
	queued, running bool
	again           bool // arrived while running
	urgent          bool // of the queued (or again) request
	timer           *time.Timer
}

func newQueue() *queue {
	q := &queue{slots: map[string]*slot{}}
	q.ready.L = &q.mu
	return q
}

// add asks for a look at key. Urgent keys overtake routine ones.
func (q *queue) add(key string, urgent bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(key, urgent)
}

func (q *queue) push(key string, urgent bool) {
	s := q.slot(key)
	switch {
	case q.closed:
		return
	case s.running:
		s.again = true
		s.urgent = s.urgent || urgent
		return
	case s.queued && (s.urgent || !urgent):
		return
	case !s.queued:
		s.queued = true
		s.urgent = false
		q.waiting++
	}
	if urgent {
		s.urgent = true
		q.urgent = append(q.urgent, key)
	} else {
		q.routine = append(q.routine, key)
	}
	q.ready.Signal()
}

func (q *queue) slot(key string) *slot {
	s := q.slots[key]
	if s == nil {
		s = &slot{}
		q.slots[key] = s
	}
	return s
}

// next blocks until a key is due and marks it as running; ok is false once the queue is closed.
func (q *queue) next() (key string, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.closed {
			return "", false
		}
		if key, ok = q.pop(); ok {
			return key, true
		}
		q.ready.Wait()
	}
}

// pop takes the first key still queued. A key promoted from routine to urgent leaves a husk behind in routine: skipped.
func (q *queue) pop() (string, bool) {
	for _, list := range []*[]string{&q.urgent, &q.routine} {
		for len(*list) > 0 {
			key := (*list)[0]
			*list = (*list)[1:]
			if s := q.slots[key]; s != nil && s.queued {
				s.queued, s.running, s.urgent = false, true, false
				q.waiting--
				return key, true
			}
		}
	}
	return "", false
}

// done ends the run of key. after > 0 asks for another look then, in place of any earlier such request; 0 asks for none.
func (q *queue) done(key string, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.slot(key)
	s.running = false
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if s.again {
		s.again = false
		urgent := s.urgent
		s.urgent = false
		q.push(key, urgent)
	}
	switch {
	case q.closed:
	case after > 0:
		s.timer = time.AfterFunc(after, func() { q.add(key, false) })
	case !s.queued:
		delete(q.slots, key)
	}
}

// length counts the keys that wait to be looked at.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// close wakes all and stops the timers; nothing is handed out afterwards.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, s := range q.slots {
		if s.timer != nil {
			s.timer.Stop()
		}
	}
	q.ready.Broadcast()
}
