//go:build linux

package event

import (
	"sync"

	"github.com/pointsman/pointsman/balancer"
)

// taskQueue is what others leave for a loop to do.
type taskQueue struct {
	mu     sync.Mutex
	queued []task
	spare  []task
	closed bool
}

// task is one thing for a loop to do.
type task struct {
	accepted acceptedConn  // a new client's connection, where fd > 0
	retired  *balancer.Way // is retired: its pool goes
	do       func()
	// dropped is called instead of do where the loop ends before. May be nil.
	dropped func()
}

// post queues a task and wakes the loop. Any goroutine may call it. It is false after the loop's end.
func (l *loop) post(t task) bool {
	l.tasks.mu.Lock()
	defer l.tasks.mu.Unlock()
	if l.tasks.closed {
		return false
	}
	l.tasks.queued = append(l.tasks.queued, t)
	if len(l.tasks.queued) == 1 {
		l.wake()
	}
	return true
}

// wake ends the loop's wait; it needs tasks.mu, or to be called by the loop itself.
func (l *loop) wake() {
	one := [8]byte{1}
	sysWrite(int(l.waker.fd), one[:])
}

// waker is the owner of the eventfd that wakes the loop.
type waker struct{ l *loop }

func (p waker) ready() {
	l := p.l
	var count [8]byte
	sysRead(int(l.waker.fd), count[:]) // empty where it was read before: an edge more does no harm
	if len(l.running) == 0 {
		l.tasks.mu.Lock()
		l.running, l.tasks.queued = l.tasks.queued, l.tasks.spare[:0]
		l.tasks.spare = nil
		l.tasks.mu.Unlock()
		l.begun = 0
	}
	for l.begun < len(l.running) {
		t := l.running[l.begun]
		l.running[l.begun] = task{}
		l.begun++
		l.current = nil // nobody's turn, unless the task says whose
		l.perform(t)
	}
	l.tasks.mu.Lock()
	l.tasks.spare, l.running = l.running[:0], nil
	more := len(l.tasks.queued) > 0
	l.tasks.mu.Unlock()
	if more {
		l.wake()
	}
}

func (l *loop) perform(t task) {
	switch {
	case t.do != nil:
		t.do()
	case t.retired != nil:
		l.dropPool(t.retired)
	case t.accepted.fd > 0:
		l.adopt(t.accepted)
	}
}

func (waker) expire() {}

// fail has nothing to end: a panic here was over one task.
func (waker) fail() {}
