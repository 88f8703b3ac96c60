//go:build linux

package event

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
)

// rawWait is how long, in milliseconds, a loop that was busy a moment ago waits without telling the scheduler, which would cost a
// wake-up of its monitor; the next event mostly comes within. An idle loop waits in a blocking call.
const rawWait = 5

// loop is one thread's share of the connections. Nothing of it is touched by others but tasks and the counts.
type loop struct {
	server   *Server
	recorder *proxy.Recorder
	number   int

	ep          int
	handles     []handle
	freeHandles []uint32
	events      [pollEvents]unix.EpollEvent

	base   time.Time
	now    time.Time // read once a turn
	clock  int64     // the same, in nanoseconds since base
	timers timerWheel

	buffers buffers
	pipes   pipes
	front   []byte // for reads from clients
	back    []byte // for reads from instances
	message []byte // for heads and framed pieces on their way out

	answer   http1.Response // the one that is being read
	trailers []http1.Field

	batch    []*conn // who is to have its turn
	cursor   int
	current  *conn   // whose turn it is: a client's, also where its instance's connection is ready
	requeued []*conn // who has used up its share of this turn
	busy     bool    // the last turn brought events
	expire   func(*conn)

	acceptors []*acceptor
	pools     map[*balancer.Way]*pool
	free      freeLists
	files     *listen.Files
	open      atomic.Int64 // clients' connections
	halted    bool
	waker     conn // the eventfd that wakes the loop

	tasks   taskQueue
	running []task // what is being read
	begun   int    // how much of it was
}

func newLoop(s *Server, number int) *loop {
	l := &loop{server: s, recorder: s.common.NewRecorder(), number: number, base: time.Now(), files: s.files, ep: -1,
		front: make([]byte, headSpace+sharedBytes), back: make([]byte, headSpace+sharedBytes), message: make([]byte, 0, largeBuffer),
		pools: make(map[*balancer.Way]*pool)}
	l.expire = func(s *conn) {
		l.current = s
		if l.standsStill(s) {
			s.owner.expire()
		}
	}
	l.waker.fd = -1
	l.readClock()
	return l
}

// begin opens what the loop waits with.
func (l *loop) begin() error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("start loop: %w", err)
	}
	l.ep = ep
	l.files.Add(1)
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("start loop: %w", err)
	}
	if errno := l.join(&l.waker, waker{l}, fd, unix.EPOLLIN|unix.EPOLLET); errno != 0 {
		unix.Close(fd)
		return fmt.Errorf("start loop: %w", errno)
	}
	l.files.Add(1)
	return nil
}

// run serves until halt.
func (l *loop) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for !l.halted {
		l.turn()
	}
	l.closeAll()
}

// turn waits, and lets everybody who is ready have its turn. A panic ends what it interrupted; the rest goes on with the next call.
// Deadlines come last: what came in time is not late because this thread was, which a machine with too much to do may have kept
// waiting for longer than a connect may take.
func (l *loop) turn() {
	defer l.rescue()
	if l.cursor == len(l.batch) {
		n := l.wait()
		l.readClock()
		l.collect(n)
	}
	for l.cursor < len(l.batch) {
		s := l.batch[l.cursor]
		l.cursor++
		if s.pending {
			s.pending, l.current = false, s
			s.owner.ready()
		}
	}
	l.timers.advance(l.clock, l.expire)
	l.current = nil
	l.free.recycle()
}

// rescue makes a panic cost the connection that was having its turn, and nothing else.
func (l *loop) rescue() {
	fault := recover()
	if fault == nil {
		return
	}
	l.recorder.Panic()
	l.server.log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Msg("request ended in a panic")
	if len(l.running) > 0 { // the other tasks are still to be done
		l.wake()
	}
	if s := l.current; s != nil && s.fd >= 0 {
		l.current = nil
		l.end(s)
	}
}

// end ends what a panic interrupted. Where that panics too, what is left is a socket to close.
func (l *loop) end(s *conn) {
	defer func() {
		if recover() == nil {
			return
		}
		l.recorder.Panic()
		if c, ok := s.owner.(*clientConn); ok && c.phase != clientGone {
			c.phase = clientGone
			l.uncount(c)
		}
		l.close(s)
	}()
	s.owner.fail()
}

func (l *loop) readClock() {
	l.now = time.Now()
	l.clock = int64(l.now.Sub(l.base))
}

// collect makes the next batch: first all events are noted, so that whoever has its turn knows what has happened to others, then who
// was put back comes before who is new.
func (l *loop) collect(n int) {
	l.batch, l.requeued = l.requeued, l.batch[:0]
	l.cursor = 0
	for i := range l.events[:n] {
		ev := &l.events[i]
		data := pollData(ev)
		p := &l.handles[uint32(data)]
		if p.conn == nil || p.generation != uint32(data>>32) {
			continue // for one that is gone
		}
		p.conn.note(ev.Events)
		if !p.conn.pending {
			p.conn.pending = true
			l.batch = append(l.batch, p.conn)
		}
	}
}

// requeue gives s another turn when all others had theirs.
func (l *loop) requeue(s *conn) {
	if !s.pending {
		s.pending = true
		l.requeued = append(l.requeued, s)
	}
}

// wait returns how many events came.
func (l *loop) wait() int {
	if len(l.requeued) > 0 {
		return pollRaw(l.ep, l.events[:], 0)
	}
	ms := l.untilTick()
	if l.busy {
		raw := rawWait
		if ms >= 0 {
			raw = min(raw, ms)
		}
		if n := pollRaw(l.ep, l.events[:], raw); n > 0 {
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
	n := pollBlocking(l.ep, l.events[:], ms)
	l.busy = n > 0
	return n
}

// untilTick is how many milliseconds may pass until something is due; -1 is no end.
func (l *loop) untilTick() int {
	at, ok := l.timers.next()
	if !ok {
		return -1
	}
	return int(max(0, (at*tick-l.clock+tick-1)/tick))
}
