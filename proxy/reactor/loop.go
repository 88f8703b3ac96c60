//go:build linux

package reactor

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// rawWait is how long, in milliseconds, a loop that was busy a moment ago waits without telling the scheduler, which would cost a
// wake-up of its monitor; the next event mostly comes within. An idle loop waits in a blocking call.
const rawWait = 5

// Options are what a Loop needs. None may be nil.
type Options struct {
	// Descriptors counts what the loop has open. Whoever gives a descriptor to the loop has added it before.
	Descriptors Descriptors
	// Panic is told what a panic said, in the panic's own goroutine, before the Handler whose turn it was is told to Fail. Where that
	// panics, too, it is told again, with the Handler whose connection is closed afterwards; h is nil the first time.
	Panic func(fault any, h Handler)
	// TurnEnds is called when everybody had its turn: what has ended within the turn is in nobody's hands any more.
	TurnEnds func()
}

// Descriptors counts open descriptors, here and elsewhere in the process.
type Descriptors interface {
	// Add counts n that were opened or, with n below 0, closed.
	Add(n int64)
	// Spare says whether there are some for what can be done without.
	Spare() bool
}

// Loop is one thread's share of the connections. Nothing of it may be touched by other goroutines while it runs; they leave Tasks.
// The zero Loop is to be opened.
type Loop struct {
	// Now is when this turn began.
	Now time.Time
	// Clock is the same in nanoseconds since the loop was opened, which deadlines are counted in.
	Clock int64
	// Current is whose turn it is: the Conn whose Handler ends what a panic interrupts. A Handler that acts for another connection says so
	// here.
	Current *Conn

	o       Options
	epoll   int
	open    bool
	stopped bool
	base    time.Time

	handles []handle
	unused  []uint32 // of handles
	events  [pollEvents]unix.EpollEvent

	batch    []*Conn // who is to have its turn
	cursor   int
	requeued []*Conn // who has used up its share of this turn
	busy     bool    // the last turn brought events

	timers  timerWheel
	expire  func(*Conn)
	buffers buffers
	pipes   pipes
}

// Open opens what the loop waits with.
func (l *Loop) Open(o Options) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("start loop: %w", err)
	}
	l.o, l.epoll, l.open, l.base = o, ep, true, time.Now()
	o.Descriptors.Add(1)
	l.expire = func(c *Conn) {
		l.Current = c
		c.handler.Expire()
	}
	l.readClock()
	return nil
}

// Close closes what Open opened; the connections were closed before. It may be closed already, or was never opened.
func (l *Loop) Close() {
	if !l.open {
		return
	}
	for l.pipes.free != nil {
		p := l.pipes.free
		l.pipes.free = p.next
		l.closePipe(p)
	}
	sysClose(l.epoll)
	l.open = false
	l.o.Descriptors.Add(-1)
}

// Run gives all connections their turns until Stop.
func (l *Loop) Run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for !l.stopped {
		l.turn()
	}
}

// Stop ends Run after this turn. It is called by the loop itself, as in a task.
func (l *Loop) Stop() { l.stopped = true }

// turn waits, and lets everybody who is ready have its turn. A panic ends what it interrupted; the rest goes on with the next call.
// Deadlines come last: what came in time is not late because this thread was, which a machine with too much to do may have kept
// waiting for longer than a connect may take.
func (l *Loop) turn() {
	defer l.rescue()
	if l.cursor == len(l.batch) {
		n := l.wait()
		l.readClock()
		l.collect(n)
		if at, ok := l.timers.next(); ok && at*Tick <= l.Clock {
			l.catchUp()
		}
	}
	for l.cursor < len(l.batch) {
		c := l.batch[l.cursor]
		l.cursor++
		if c.pending {
			c.pending, l.Current = false, c
			c.handler.Ready()
		}
	}
	l.timers.advance(l.Clock, l.expire)
	l.Current = nil
	l.o.TurnEnds()
}

// rescue makes a panic cost the connection that was having its turn, and nothing else.
func (l *Loop) rescue() {
	fault := recover()
	if fault == nil {
		return
	}
	l.o.Panic(fault, nil)
	if c := l.Current; c != nil && c.fd >= 0 {
		l.Current = nil
		l.fail(c)
	}
}

// fail ends what a panic interrupted. Where that panics too, what is left is a socket to close.
func (l *Loop) fail(c *Conn) {
	defer func() {
		if fault := recover(); fault != nil {
			l.o.Panic(fault, c.handler)
			l.CloseConn(c)
		}
	}()
	c.handler.Fail()
}

func (l *Loop) readClock() {
	l.Now = time.Now()
	l.Clock = int64(l.Now.Sub(l.base))
}

// collect makes the next batch: first all events are noted, so that whoever has its turn knows what has happened to others, then who
// was put back comes before who is new.
func (l *Loop) collect(n int) {
	l.batch, l.requeued = l.requeued, l.batch[:0]
	l.cursor = 0
	l.note(n)
}

// catchUp adds what came before the clock was read, where deadlines have passed by then: a wait that a signal ended, or after which this thread was
// kept waiting, told nothing of it.
func (l *Loop) catchUp() {
	for {
		n := pollRaw(l.epoll, l.events[:], 0)
		l.note(n)
		if n < len(l.events) {
			return
		}
	}
}

// note adds the connections of n events to the batch.
func (l *Loop) note(n int) {
	for i := range l.events[:n] {
		ev := &l.events[i]
		data := pollData(ev)
		h := &l.handles[uint32(data)]
		if h.conn == nil || h.generation != uint32(data>>32) {
			continue // for one that is gone
		}
		h.conn.note(ev.Events)
		if !h.conn.pending {
			h.conn.pending = true
			l.batch = append(l.batch, h.conn)
		}
	}
}

// Requeue gives c another turn when all others had theirs.
func (l *Loop) Requeue(c *Conn) {
	if !c.pending {
		c.pending = true
		l.requeued = append(l.requeued, c)
	}
}

// wait returns how many events came.
func (l *Loop) wait() int {
	if len(l.requeued) > 0 {
		return pollRaw(l.epoll, l.events[:], 0)
	}
	ms := l.untilTick()
	if l.busy {
		raw := rawWait
		if ms >= 0 {
			raw = min(raw, ms)
		}
		if n := pollRaw(l.epoll, l.events[:], raw); n > 0 {
			return n
		}
		l.busy = false
		if raw == ms {
			return 0
		}
		if ms > 0 {
			ms -= raw
		}
	}
	n := pollBlocking(l.epoll, l.events[:], ms)
	l.busy = n > 0
	return n
}

// untilTick is how many milliseconds may pass until something is due; -1 is no end.
func (l *Loop) untilTick() int {
	at, ok := l.timers.next()
	if !ok {
		return -1
	}
	return int(max(0, (at*Tick-l.Clock+Tick-1)/Tick))
}
