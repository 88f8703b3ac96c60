//go:build linux

package event

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// Available says whether this system has what the package needs.
const Available = true

// Options are what a Server needs. Common must not be nil; it is not changed, and its Limits take their defaults where they are zero.
type Options struct {
	Common *proxy.Shared
	// Files counts the descriptors of all listeners of the process; nil is a count of its own.
	Files *listen.Files
	// Loops is how many there are; 0 is one per core. A busy loop keeps a thread without telling the scheduler, for milliseconds at a
	// time: see reactor.ReserveProcs.
	Loops int
	// OnDrain is called once when draining begins, before anything else: it takes readiness away. May be nil.
	OnDrain func()
	// HandOver takes a connection over for good, with the bytes that were read and not answered, from a loop's goroutine: it must not
	// block. It gets what a loop can't serve: HTTP/2, and routes whose serving may block. Without it these are answered as what they
	// are to HTTP/1.1, and such routes are served here. Who takes them drains when the Server does, and says so in the log for both.
	HandOver func(c net.Conn, read []byte, l Listener)
}

// Listener is one address to serve: TCP, without TLS. The Server closes it.
type Listener struct {
	net.Listener
	// RedirectHTTPS, if not empty, is the port of the HTTPS listener that every request is sent to.
	RedirectHTTPS string
}

// Server serves requests from the Switch's present table.
type Server struct {
	common   *proxy.Shared
	limits   proxy.Limits
	heads    http1.Limits // of requests
	answers  http1.Limits
	log      zerolog.Logger
	onDrain  func()
	handOver func(c net.Conn, read []byte, l Listener)
	mostIdle int // kept connections per instance and loop

	loops    []*loop
	draining atomic.Bool
	files    *listen.Files
	refused  atomic.Int64    // clients' connections that are told that there is no room for them
	life     context.Context // ends with Run
	lookups  sync.WaitGroup
	broken   chan error // why a listener is
}

// NewServer makes a Server; nothing runs until Run.
func NewServer(o Options) *Server {
	s := &Server{common: o.Common, limits: o.Common.Limits, log: o.Common.Log, onDrain: o.OnDrain, handOver: o.HandOver,
		files: o.Files, broken: make(chan error, 1)}
	if s.files == nil {
		s.files = listen.NewFiles()
	}
	s.heads = http1.Limits{HeadBytes: s.limits.HeadBytes, Fields: s.limits.HeadFields}
	s.answers = http1.Limits{HeadBytes: proxy.AnswerBytes, Fields: proxy.AnswerFields}
	if s.onDrain == nil {
		s.onDrain = func() {}
	}
	number := o.Loops
	if number <= 0 {
		number = runtime.GOMAXPROCS(0)
	}
	if s.limits.KeepConns > 0 {
		s.mostIdle = max(1, s.limits.KeepConns/number)
	}
	if most := s.limits.UpstreamConns; most > 0 {
		s.mostIdle = min(s.mostIdle, most/number) // else what one loop keeps could leave the others none
	}
	for i := range number {
		s.loops = append(s.loops, newLoop(s, i))
	}
	return s
}

// Run serves the listeners until ctx ends, drains, and returns nil; or returns why it can't begin, with everything closed. Where a listener
// is broken for good it drains, too, and returns why. See drain for what draining keeps.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	var end context.CancelFunc
	s.life, end = context.WithCancel(context.WithoutCancel(ctx))
	defer s.lookups.Wait()
	defer end()
	acceptors, err := s.start(listeners)
	if err != nil {
		s.halt()
		return err
	}
	var wg sync.WaitGroup
	for _, l := range s.loops {
		wg.Go(l.run)
	}
	select {
	case <-ctx.Done():
	case err = <-s.broken:
		s.log.Error().Err(err).Msg("a listener is broken for good")
	}
	s.drain(acceptors)
	for _, l := range s.loops {
		l.tasks.Post(task{do: func() { l.Stop() }})
	}
	wg.Wait()
	return err
}

// breaks notes that a listener is broken for good. Only the first one counts.
func (s *Server) breaks(err error) {
	select {
	case s.broken <- err:
	default:
	}
}

// start opens the loops and deals the listeners out to them.
func (s *Server) start(listeners []Listener) (acceptors []*acceptor, err error) {
	for _, l := range s.loops {
		if err := l.begin(); err != nil {
			return nil, err
		}
	}
	for i, listener := range listeners {
		fd, err := takeFD(listener)
		if err != nil {
			return nil, err
		}
		l := s.loops[i%len(s.loops)]
		if err := l.listen(listener, fd); err != nil {
			unix.Close(fd)
			return nil, err
		}
		acceptors = append(acceptors, l.acceptors[len(l.acceptors)-1])
	}
	return acceptors, nil
}

// takeFD is a listener's descriptor, a copy; the listener itself is closed, as the runtime's poller would go on waking up for it.
func takeFD(l Listener) (int, error) {
	c, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return -1, fmt.Errorf("serve %s: %T is not a plain TCP listener", l.Addr(), l.Listener)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	if dupErr != nil {
		return -1, fmt.Errorf("serve %s: %w", l.Addr(), dupErr)
	}
	return fd, l.Close()
}

// halt closes loops that do not run.
func (s *Server) halt() {
	for _, l := range s.loops {
		l.closeAll()
	}
}

// assign gives a new connection to the loop with the fewest.
func (s *Server) assign(accepted acceptedConn, here *loop) {
	to := here
	for _, l := range s.loops {
		if l.open.Load() < to.open.Load() {
			to = l
		}
	}
	to.open.Add(1)
	if to == here {
		to.adopt(accepted)
	} else if !to.tasks.Post(task{accepted: accepted}) {
		reactor.CloseFD(accepted.fd)
		s.files.Add(-1)
	}
}

// Connections is how many clients' connections are open. Any goroutine may ask, at any time.
func (s *Server) Connections() (n int) {
	for _, l := range s.loops {
		n += int(l.open.Load())
	}
	return n
}

// crowded says whether there are more clients than may be. Those who are refused don't count: they would keep others out.
func (s *Server) crowded() bool {
	most := s.limits.Conns
	return most > 0 && s.Connections()-int(s.refused.Load()) > most
}
