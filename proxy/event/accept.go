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
	"github.com/pointsman/pointsman/proxy/sockets"
)

// acceptMost is how many connections a turn takes from a listener: a flood of new ones must not starve those that are open.
const acceptMost = 32

// door is a listening socket in one loop, which deals what it accepts out over all loops: the counts stay equal, also when the
// connections are few and long, where sockets of their own (SO_REUSEPORT) leave it to a hash.
type door struct {
	sock
	loop     *loop
	listener Listener
	bunch    int // how many to accept next time
	course   sockets.Accepting
	paused   bool // it is not in epoll
}

// guest is a client's connection that has no loop yet.
type guest struct {
	fd   int
	addr netip.Addr
	door *door
}

// openDoor puts a listening socket into the loop, which owns it afterwards.
func (l *loop) openDoor(listener Listener, fd int) error {
	d := &door{loop: l, listener: listener, bunch: 1}
	// What is accepted inherits both: answers leave at once, and clients that vanished are found.
	sysSetInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	sockets.KeepAliveFD(fd)
	if errno := l.join(&d.sock, d, fd, unix.EPOLLIN); errno != 0 {
		return fmt.Errorf("watch listener %s: %w", listener.Addr(), errno)
	}
	l.files.Add(1)
	l.doors = append(l.doors, d)
	return nil
}

// ready accepts. The listener is level-triggered: what is left in its queue shows again with the next turn, so that a single new
// connection costs no call that finds nothing.
func (d *door) ready() {
	for range d.bunch {
		if d.paused || d.fd < 0 {
			return
		}
		if !d.loop.files.Room() {
			d.pause(sockets.ErrNoRoom)
			return
		}
		var from unix.RawSockaddrAny
		fd, errno := sysAccept(int(d.fd), &from)
		if errno != 0 {
			d.failed(errno)
			return
		}
		d.course.Went()
		d.loop.files.Add(1)
		d.loop.server.seat(guest{fd, peerOf(&from), d}, d.loop)
	}
	d.bunch = min(2*d.bunch, acceptMost)
}

// failed deals with an accept that brought nothing.
func (d *door) failed(errno unix.Errno) {
	d.bunch = 1
	if errno == unix.EAGAIN {
		return
	}
	pause := d.course.Failed(errno)
	if d.course.Broken() {
		d.loop.server.breaks(fmt.Errorf("serve %s: %w", d.listener.Addr(), os.NewSyscallError("accept", errno)))
	}
	if pause {
		d.pause(os.NewSyscallError("accept", errno))
	}
}

// pause stops accepting for a while. The listener leaves epoll, which would go on telling of one that has a fault.
func (d *door) pause(why error) {
	d.bunch = 1
	if !d.paused {
		d.paused = true
		pollDel(d.loop.ep, int(d.fd))
		d.loop.server.common.Paused(d.listener.Addr(), why)
	}
	d.loop.arm(&d.sock, int64(sockets.AcceptPause))
}

// expire looks whether there is room again.
func (d *door) expire() {
	if !d.loop.files.Room() {
		d.pause(sockets.ErrNoRoom)
		return
	}
	if errno := pollAdd(d.loop.ep, int(d.fd), unix.EPOLLIN, d.loop.data(&d.sock)); errno != 0 {
		d.pause(os.NewSyscallError("epoll_ctl", errno))
		return
	}
	d.paused = false
}

// fail has nothing to end: a panic here was over one connection.
func (d *door) fail() {}

// welcome makes a client of a connection.
func (l *loop) welcome(g guest) {
	c := l.stock.client()
	c.loop, c.door = l, g.door
	c.known = proxy.NewClient(g.addr, "http", &l.server.common.Forwarder)
	c.known.RedirectHTTPS = g.door.listener.RedirectHTTPS
	c.state = canWrite // and perhaps more: epoll tells at once
	if errno := l.join(&c.sock, c, g.fd, pollAll); errno != 0 {
		l.server.log.Error().Err(errno).Msg("watch a client's connection")
		sysClose(g.fd)
		l.files.Add(-1)
		l.open.Add(-1)
		l.stock.buryClient(c)
		return
	}
	c.phase = inHead
	if l.server.crowded() {
		if l.server.refused.Load() >= proxy.MostRefused {
			l.endClient(c)
			return
		}
		c.refused = true
		l.server.refused.Add(1)
		c.turnAway(proxy.OutcomeTooManyConnections)
		return
	}
	c.late = true // the first head has its time from here on, not from its first byte
	l.arm(&c.sock, int64(l.server.limits.ReadHead))
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
