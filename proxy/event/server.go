//go:build linux

package event

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
)

// Available says whether this system has what the package needs.
const Available = true

// Server serves requests from the Switch's present table.
type Server struct {
	common   *proxy.Shared
	limits   proxy.Limits
	heads    http1.Limits // of requests
	answers  http1.Limits
	log      zerolog.Logger
	handOver func(c net.Conn, read []byte, l listen.Listener)
	mostIdle int // kept connections per instance and loop

	loops   []*loop
	listen  *listen.Shared
	crowd   *listen.Crowd
	life    context.Context // ends with Run
	lookups sync.WaitGroup
}

// NewServer makes a Server; nothing runs until Run.
func NewServer(o Options) *Server {
	s := &Server{common: o.Common, limits: o.Common.Limits, log: o.Common.Log, handOver: o.HandOver,
		listen: o.Listen, crowd: o.Listen.NewCrowd(o.Common.Limits.Conns)}
	s.heads = http1.Limits{HeadBytes: s.limits.HeadBytes, Fields: s.limits.HeadFields}
	s.answers = http1.Limits{HeadBytes: proxy.AnswerBytes, Fields: proxy.AnswerFields}
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
// is broken for good it drains, too, and returns why. See listen.Shared for what draining keeps.
func (s *Server) Run(ctx context.Context, listeners ...listen.Listener) error {
	var end context.CancelFunc
	s.life, end = context.WithCancel(context.WithoutCancel(ctx))
	defer s.lookups.Wait()
	defer end()
	sockets, err := s.start(listeners)
	if err != nil {
		s.halt()
		return err
	}
	var wg sync.WaitGroup
	for _, l := range s.loops {
		wg.Go(l.run)
	}
	err = s.listen.Run(ctx, sockets...)
	for _, l := range s.loops {
		l.tasks.Post(task{do: func() { l.Stop() }})
	}
	wg.Wait()
	return err
}

// start opens the loops and deals the listeners out to them.
func (s *Server) start(listeners []listen.Listener) (sockets []listen.Socket, err error) {
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
		sockets = append(sockets, l.acceptors[len(l.acceptors)-1])
	}
	return sockets, nil
}

// takeFD is a listener's descriptor, a copy; the listener itself is closed, as the runtime's poller would go on waking up for it.
func takeFD(l listen.Listener) (int, error) {
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
	switch {
	case accepted.admission == listen.AdmissionClosed:
		to.drop(accepted)
	case to == here:
		to.adopt(accepted)
	case !to.tasks.Post(task{accepted: accepted}):
		to.drop(accepted)
	}
}
