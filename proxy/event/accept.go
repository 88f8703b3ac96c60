//go:build linux

package event

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
)

// acceptMost is how many connections a turn takes from a listener: a flood of new ones must not starve those that are open.
const acceptMost = 32

// acceptor is a listening socket in one loop, which deals what it accepts out over all loops: the counts stay equal, also when the
// connections are few and long, where sockets of their own (SO_REUSEPORT) leave it to a hash.
type acceptor struct {
	conn
	loop      *loop
	listener  Listener
	batch     int // how many to accept next time
	accepting listen.Accepting
	paused    bool // it is not in epoll
}

// acceptedConn is a client's connection that has no loop yet.
type acceptedConn struct {
	fd       int
	addr     netip.Addr
	acceptor *acceptor
}

// listen puts a listening socket into the loop, which owns it afterwards.
func (l *loop) listen(listener Listener, fd int) error {
	a := &acceptor{loop: l, listener: listener, batch: 1}
	// What is accepted inherits both: answers leave at once, and clients that vanished are found.
	sysSetInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	listen.KeepAliveFD(fd)
	if errno := l.join(&a.conn, a, fd, unix.EPOLLIN); errno != 0 {
		return fmt.Errorf("watch listener %s: %w", listener.Addr(), errno)
	}
	l.files.Add(1)
	l.acceptors = append(l.acceptors, a)
	return nil
}

// ready accepts. The listener is level-triggered: what is left in its queue shows again with the next turn, so that a single new
// connection costs no call that finds nothing.
func (a *acceptor) ready() {
	for range a.batch {
		if a.paused || a.fd < 0 {
			return
		}
		if !a.loop.files.Room() {
			a.pause(listen.ErrNoRoom)
			return
		}
		var from unix.RawSockaddrAny
		fd, errno := sysAccept(int(a.fd), &from)
		if errno != 0 {
			a.failed(errno)
			return
		}
		a.accepting.Went()
		a.loop.files.Add(1)
		a.loop.server.assign(acceptedConn{fd, peerOf(&from), a}, a.loop)
	}
	a.batch = min(2*a.batch, acceptMost)
}

// failed deals with an accept that brought nothing.
func (a *acceptor) failed(errno unix.Errno) {
	a.batch = 1
	if errno == unix.EAGAIN {
		return
	}
	pause := a.accepting.Failed(errno)
	if a.accepting.Broken() {
		a.loop.server.breaks(fmt.Errorf("serve %s: %w", a.listener.Addr(), os.NewSyscallError("accept", errno)))
	}
	if pause {
		a.pause(os.NewSyscallError("accept", errno))
	}
}

// pause stops accepting for a while. The listener leaves epoll, which would go on telling of one that has a fault.
func (a *acceptor) pause(why error) {
	a.batch = 1
	if !a.paused {
		a.paused = true
		pollDel(a.loop.ep, int(a.fd))
		a.loop.server.common.Paused(a.listener.Addr(), why)
	}
	a.loop.arm(&a.conn, int64(listen.AcceptPause))
}

// expire looks whether there is room again.
func (a *acceptor) expire() {
	if !a.loop.files.Room() {
		a.pause(listen.ErrNoRoom)
		return
	}
	if errno := pollAdd(a.loop.ep, int(a.fd), unix.EPOLLIN, a.loop.data(&a.conn)); errno != 0 {
		a.pause(os.NewSyscallError("epoll_ctl", errno))
		return
	}
	a.paused = false
}

// fail has nothing to end: a panic here was over one connection.
func (a *acceptor) fail() {}

// adopt makes an accepted connection one of this loop's.
func (l *loop) adopt(accepted acceptedConn) {
	c := l.free.takeClient()
	c.loop, c.acceptor = l, accepted.acceptor
	c.info = proxy.NewClient(accepted.addr, "http", &l.server.common.Forwarder)
	c.info.RedirectHTTPS = accepted.acceptor.listener.RedirectHTTPS
	c.state = canWrite // and perhaps more: epoll tells at once
	if errno := l.join(&c.conn, c, accepted.fd, pollAll); errno != 0 {
		l.server.log.Error().Err(errno).Msg("watch a client's connection")
		sysClose(accepted.fd)
		l.files.Add(-1)
		l.open.Add(-1)
		l.free.putClient(c)
		return
	}
	c.phase = clientReadsHead
	if l.server.crowded() {
		if l.server.refused.Load() >= proxy.MostRefused {
			l.endClient(c)
			return
		}
		c.refused = true
		l.server.refused.Add(1)
		c.refuse(proxy.OutcomeTooManyConnections)
		return
	}
	c.headTimed = true // the first head has its time from here on, not from its first byte
	l.arm(&c.conn, int64(l.server.limits.ReadHead))
}

// peerOf is the address of an accepted connection; the zero Addr where it has none.
func peerOf(a *unix.RawSockaddrAny) netip.Addr {
	switch a.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		return netip.AddrFrom4(in.Addr)
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(a))
		return netip.AddrFrom16(in.Addr).Unmap()
	}
	return netip.Addr{}
}

// sockaddr is an address as connect takes it.
type sockaddr struct {
	raw  unix.RawSockaddrAny
	size uint32
}

func sockaddrOf(ap netip.AddrPort) (a sockaddr) {
	port := (*[2]byte)(nil)
	if addr := ap.Addr().Unmap(); addr.Is4() {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		in.Family, in.Addr = unix.AF_INET, addr.As4()
		port, a.size = (*[2]byte)(unsafe.Pointer(&in.Port)), unix.SizeofSockaddrInet4
	} else {
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw))
		in.Family, in.Addr, in.Scope_id = unix.AF_INET6, addr.As16(), zoneOf(addr)
		port, a.size = (*[2]byte)(unsafe.Pointer(&in.Port)), unix.SizeofSockaddrInet6
	}
	binary.BigEndian.PutUint16(port[:], ap.Port())
	return a
}

// zoneOf is the index of an IPv6 address's interface; 0 is none.
func zoneOf(addr netip.Addr) uint32 {
	if addr.Zone() == "" {
		return 0
	}
	if n, err := strconv.ParseUint(addr.Zone(), 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(addr.Zone()); err == nil {
		return uint32(i.Index)
	}
	return 0
}
