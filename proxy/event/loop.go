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
	"github.com/pointsman/pointsman/proxy/sockets"
)

// rawWait is how long, in milliseconds, a loop that was busy a moment ago waits without telling the scheduler, which would cost a
// wake-up of its monitor; the next event mostly comes within. An idle loop waits in a blocking call.
const rawWait = 5

// loop is one thread's share of the connections. Nothing of it is touched by others but what stands under inbox and the counts.
type loop struct {
	server *Server
	seat   *proxy.Recorder
	number int

	ep     int
	places []place
	free   []uint32
	events [pollEvents]unix.EpollEvent

	base  time.Time
	now   time.Time // read once a turn
	clock int64     // the same, in nanoseconds since base
	wheel wheel

	buffers buffers
	pipes   pipes
	front   []byte // for reads from clients
	back    []byte // for reads from instances
	message []byte // for heads and framed pieces on their way out

	answer   http1.Response // the one that is being read
	trailers []http1.Field

	batch   []*sock // who is to have its turn
	cursor  int
	current *sock   // whose turn it is: a client's, also where its instance's connection is ready
	later   []*sock // who has used up its share of this turn
	busy    bool    // the last turn brought events
	expire  func(*sock)

	doors   []*door
	pools   map[*balancer.Way]*pool
	stock   stock
	files   *sockets.Files
	open    atomic.Int64 // clients' connections
	halted  bool
	knocked sock // the eventfd that wakes the loop

	inbox inbox
	mail  []letter // what is being read
	page  int      // how much of it was
}

func newLoop(s *Server, number int) *loop {
	l := &loop{server: s, seat: s.common.NewRecorder(), number: number, base: time.Now(), files: s.files, ep: -1,
		front: make([]byte, headRoom+sharedBytes), back: make([]byte, headRoom+sharedBytes), message: make([]byte, 0, largeBuffer),
		pools: make(map[*balancer.Way]*pool)}
	l.expire = func(s *sock) {
		l.current = s
		if l.stands(s) {
			s.owner.expire()
		}
	}
	l.knocked.fd = -1
	l.tell()
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
	if errno := l.join(&l.knocked, porter{l}, fd, unix.EPOLLIN|unix.EPOLLET); errno != 0 {
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
		l.tell()
		l.gather(n)
	}
	for l.cursor < len(l.batch) {
		s := l.batch[l.cursor]
		l.cursor++
		if s.fresh {
			s.fresh, l.current = false, s
			s.owner.ready()
		}
	}
	l.wheel.advance(l.clock, l.expire)
	l.current = nil
	l.stock.bury()
}

// rescue makes a panic cost the connection that was having its turn, and nothing else.
func (l *loop) rescue() {
	fault := recover()
	if fault == nil {
		return
	}
	l.seat.Panic()
	l.server.log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Msg("request ended in a panic")
	if len(l.mail) > 0 { // the other letters are still to be read
		l.knock()
	}
	if s := l.current; s != nil && s.fd >= 0 {
		l.current = nil
		l.end(s)
	}
}

// end ends what a panic interrupted. Where that panics too, what is left is a socket to close.
func (l *loop) end(s *sock) {
	defer func() {
		if recover() == nil {
			return
		}
		l.seat.Panic()
		if c, ok := s.owner.(*client); ok && c.phase != clientGone {
			c.phase = clientGone
			l.uncount(c)
		}
		l.close(s)
	}()
	s.owner.fail()
}

func (l *loop) tell() {
	l.now = time.Now()
	l.clock = int64(l.now.Sub(l.base))
}

// gather makes the next batch: first all events are noted, so that whoever has its turn knows what has happened to others, then who
// was put off comes before who is new.
func (l *loop) gather(n int) {
	l.batch, l.later = l.later, l.batch[:0]
	l.cursor = 0
	for i := range l.events[:n] {
		ev := &l.events[i]
		data := pollData(ev)
		p := &l.places[uint32(data)]
		if p.s == nil || p.number != uint32(data>>32) {
			continue // for one that is gone
		}
		p.s.note(ev.Events)
		if !p.s.fresh {
			p.s.fresh = true
			l.batch = append(l.batch, p.s)
		}
	}
}

// putOff gives s another turn when all others had theirs.
func (l *loop) putOff(s *sock) {
	if !s.fresh {
		s.fresh = true
		l.later = append(l.later, s)
	}
}

// wait returns how many events came.
func (l *loop) wait() int {
	if len(l.later) > 0 {
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
	at, ok := l.wheel.next()
	if !ok {
		return -1
	}
	return int(max(0, (at*tick-l.clock+tick-1)/tick))
}
