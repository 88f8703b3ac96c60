//go:build linux

package event

import (
	"context"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// dial connects to an instance whose address has a name or is a Unix socket, and goes on with e in the loop. The Gate looks the name up and tries its addresses
// in a goroutine, as for every other listener. Names are rare: catalogues hold addresses as a rule.
func (p *pool) dial(e *exchange) (failure proxy.Failure, reused, ok bool) {
	l, ticket, address, connect := p.loop, e.ticket, p.up.Address(), e.x.Timeouts().Connect
	if !e.x.Room(l.server.limits.UpstreamConns, p.empty) {
		return proxy.FailedFull, false, false
	}
	l.server.lookups.Go(func() {
		ctx, cancel := context.WithTimeout(l.server.life, connect)
		defer cancel()
		fd, err := dialFD(ctx, l.server.common.Gate, address)
		unused := func() {
			p.up.Disconnect()
			if err == nil {
				reactor.CloseFD(fd)
			}
		}
		if !l.tasks.Post(task{do: func() {
			if e.ticket != ticket { // its client has gone
				unused()
				return
			}
			c := e.clientConn
			l.Current = &c.Conn
			e.dialled(p, fd, err)
			c.afterEvent()
		}, dropped: unused}) {
			unused()
		}
	})
	return 0, false, true
}

// dialFD is the socket of a connection.
func dialFD(ctx context.Context, gate outside.Gate, address string) (int, error) {
	c, err := gate.Dial(ctx, "tcp", address)
	if err != nil {
		return -1, err
	}
	defer c.Close() // the loop has a descriptor of its own
	socket, ok := c.(syscall.Conn)
	if !ok {
		return -1, errors.ErrUnsupported
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	if dupErr != nil {
		return -1, os.NewSyscallError("fcntl", dupErr)
	}
	listen.KeepAliveFD(fd)
	return fd, nil
}

// dialled goes on with an attempt.
func (e *exchange) dialled(p *pool, fd int, err error) {
	l := p.loop
	var failure proxy.Failure
	if err != nil {
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
			l.emptyAll()
		}
		l.server.log.Debug().Err(err).Str("instance", p.up.Address()).Msg("connecting to an instance by its name failed")
		e.again(p.noConnection(err), false)
		return
	}
	l.files.Add(1)
	if e.upstreamConn, failure = p.adopt(e, fd); e.upstreamConn == nil {
		e.again(failure, false)
	}
}
