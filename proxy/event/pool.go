//go:build linux

package event

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// pool is one loop's connections to one instance over one way. It survives every swap for as long as a route speaks that way.
type pool struct {
	loop     *loop
	up       *balancer.Upstream
	addr     netip.AddrPort   // zero where the address has a name, which is looked up for each connection
	to       reactor.Sockaddr // of addr
	idle     []*upstreamConn  // the latest on top
	mostIdle int
	large    bool // the last answer was
	gone     bool
}

// poolOf is the pool of a way, made when it is first asked for.
func (l *loop) poolOf(way *balancer.Way) *pool {
	if p := l.pools[way]; p != nil {
		return p
	}
	up := way.Upstream()
	p := &pool{loop: l, up: up, mostIdle: l.server.mostIdle}
	if ap, err := netip.ParseAddrPort(up.Address()); err == nil {
		p.addr, p.to = ap, reactor.SockaddrOf(ap)
	}
	l.pools[way] = p
	way.AfterRetire(func() { l.tasks.Post(task{retired: way}) })
	return p
}

// dropPool closes what is kept for a way that is gone for good. What is on its way to it ends as it ends.
func (l *loop) dropPool(way *balancer.Way) {
	if p := l.pools[way]; p != nil {
		p.gone = true
		p.empty()
		delete(l.pools, way)
	}
}

// take is an idle connection, or nil. With look the kernel is asked whether it is alive, beyond what events have told; closed is how many
// were not.
func (p *pool) take(look bool) (u *upstreamConn, closed int) {
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		u = p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		if !u.Has(reactor.Readable) && !u.Has(reactor.ReadClosed) && !u.Has(reactor.Broken) && (!look || u.Silent()) {
			return u, closed
		}
		closed++
		p.loop.endUpstream(u)
	}
	return nil, closed
}

// put keeps a connection for the next request, or closes it.
func (p *pool) put(u *upstreamConn) {
	if p.gone || len(p.idle) >= p.mostIdle || u.Has(reactor.Readable) || u.Has(reactor.ReadClosed) {
		p.loop.endUpstream(u)
		return
	}
	u.phase, u.exchange, u.reused = upstreamIdle, nil, true
	p.idle = append(p.idle, u)
	p.loop.arm(&u.conn, p.loop.server.limits.KeepIdle)
}

// forget takes a connection out of the idle ones.
func (p *pool) forget(u *upstreamConn) {
	for i, o := range p.idle {
		if o == u {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return
		}
	}
}

// empty closes what is idle.
func (p *pool) empty() {
	for i, u := range p.idle {
		p.idle[i] = nil
		p.loop.endUpstream(u)
	}
	p.idle = p.idle[:0]
}

// connect begins a connection to the pool's address for an exchange. It is nil where none can come about; why says so.
func (p *pool) connect(e *exchange) (u *upstreamConn, why proxy.Failure) {
	l := p.loop
	if !e.x.Room(l.server.limits.UpstreamConns, p.empty) {
		return nil, proxy.FailedFull
	}
	if err := l.server.common.Gate.Check(p.addr); err != nil {
		return nil, p.noConnection(err)
	}
	fd, errno := l.socket(&p.to)
	if errno != 0 {
		return nil, p.noConnection(os.NewSyscallError("socket", errno))
	}
	reactor.NoDelay(fd)
	listen.KeepAliveFD(fd)
	if errno = p.to.Connect(fd); errno != 0 {
		reactor.CloseFD(fd)
		l.files.Add(-1)
		return nil, p.noConnection(os.NewSyscallError("connect", errno))
	}
	return p.adopt(e, fd)
}

// adopt makes a connection of a socket that connects, or has connected. It owns the socket.
func (p *pool) adopt(e *exchange, fd int) (u *upstreamConn, why proxy.Failure) {
	l := p.loop
	u = l.free.takeUpstream()
	u.pool, u.exchange, u.reused, u.State = p, e, false, 0
	u.find = http1.Head{}
	if errno := l.Join(&u.Conn, u, fd, reactor.AllEvents); errno != 0 {
		reactor.CloseFD(fd)
		l.files.Add(-1)
		l.free.putUpstream(u)
		return nil, p.noConnection(os.NewSyscallError("epoll_ctl", errno))
	}
	u.phase = upstreamConnecting
	l.arm(&u.conn, e.x.Timeouts().Connect)
	return u, 0
}

// noConnection counts out what did not become a connection, and says which failure that is.
func (p *pool) noConnection(err error) proxy.Failure {
	p.up.Disconnect()
	return p.loop.scope.ConnectFailed(p.up, err)
}

// emptyAll closes the kept connections of all pools, where descriptors are lacking.
func (l *loop) emptyAll() {
	for _, p := range l.pools {
		p.empty()
	}
}

// socket makes one, for which kept connections to others may have to go.
func (l *loop) socket(to *reactor.Sockaddr) (int, unix.Errno) {
	fd, errno := to.Socket()
	if errno == unix.EMFILE || errno == unix.ENFILE {
		l.emptyAll()
		fd, errno = to.Socket()
	}
	if errno == 0 {
		l.files.Add(1)
	}
	return fd, errno
}
