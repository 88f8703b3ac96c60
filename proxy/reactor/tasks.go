//go:build linux

package reactor

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Tasks are what other goroutines leave for a loop to do. Each wakes the loop through an eventfd, once for all that come meanwhile.
type Tasks[T any] struct {
	wakeup Conn // the eventfd
	loop   *Loop
	do     func(T)

	running []T // what is being done
	begun   int // how much of it was

	mu     sync.Mutex // of what follows
	queued []T
	spare  []T
	closed bool
}

// Open makes l do each task by calling do. It comes before the first Post.
func (t *Tasks[T]) Open(l *Loop, do func(T)) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("start loop: %w", err)
	}
	if errno := l.Join(&t.wakeup, t, fd, unix.EPOLLIN|unix.EPOLLET); errno != 0 {
		sysClose(fd)
		return fmt.Errorf("start loop: %w", errno)
	}
	t.loop, t.do = l, do
	l.o.Descriptors.Add(1)
	return nil
}

// Post queues a task and wakes the loop. Any goroutine may call it. It is false after Close.
func (t *Tasks[T]) Post(task T) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.loop == nil {
		return false
	}
	t.queued = append(t.queued, task)
	if len(t.queued) == 1 {
		t.wake()
	}
	return true
}

// wake ends the loop's wait; it needs mu, or to be called by the loop itself.
func (t *Tasks[T]) wake() {
	one := [8]byte{1}
	sysWrite(int(t.wakeup.fd), one[:])
}

// Close ends the queue and returns what nobody will do.
func (t *Tasks[T]) Close() (left []T) {
	t.mu.Lock()
	left, t.queued, t.closed = t.queued, nil, true
	t.mu.Unlock()
	if t.loop != nil {
		t.loop.CloseConn(&t.wakeup)
	}
	return left
}

// Ready does what is queued.
func (t *Tasks[T]) Ready() {
	var count [8]byte
	sysRead(int(t.wakeup.fd), count[:]) // empty where it was read before: an edge more does no harm
	if len(t.running) == 0 {
		t.mu.Lock()
		t.running, t.queued = t.queued, t.spare[:0]
		t.spare = nil
		t.mu.Unlock()
		t.begun = 0
	}
	defer t.goOn()
	for t.begun < len(t.running) {
		var none T
		task := t.running[t.begun]
		t.running[t.begun] = none
		t.begun++
		t.loop.Current = nil // nobody's turn, unless the task says whose
		t.do(task)
	}
}

// goOn sees to it that what is left is done: where a panic has ended one task, the others, too.
func (t *Tasks[T]) goOn() {
	if t.begun < len(t.running) {
		t.wake()
		return
	}
	t.mu.Lock()
	t.spare, t.running = t.running[:0], nil
	more := len(t.queued) > 0
	t.mu.Unlock()
	if more {
		t.wake()
	}
}

// Expire never comes: there is no deadline.
func (t *Tasks[T]) Expire() {}

// Fail has nothing to end: a panic here was over one task.
func (t *Tasks[T]) Fail() {}
