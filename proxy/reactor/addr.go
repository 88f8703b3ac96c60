//go:build linux

package reactor

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Accept takes a connection from a listening socket: its descriptor, which does not block, and its address, the zero Addr where it has
// none.
func Accept(fd int) (conn int, from netip.Addr, errno unix.Errno) {
	var raw unix.RawSockaddrAny
	if conn, errno = sysAccept(fd, &raw); errno == 0 {
		from = remoteAddr(&raw)
	}
	return conn, from, errno
}

// remoteAddr is the address of an accepted connection; the zero Addr where it has none.
func remoteAddr(a *unix.RawSockaddrAny) netip.Addr {
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

// Sockaddr is an address as the kernel takes it.
type Sockaddr struct {
	raw  unix.RawSockaddrAny
	size uint32
}

// SockaddrOf is where ap leads.
func SockaddrOf(ap netip.AddrPort) (a Sockaddr) {
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

// Socket makes a socket of the address's family, which does not block.
func (a *Sockaddr) Socket() (fd int, errno unix.Errno) { return sysSocket(int(a.raw.Addr.Family)) }

// Connect begins to connect a socket; what became of it, TakeError says when the connection is Writable.
func (a *Sockaddr) Connect(fd int) unix.Errno {
	errno := sysConnect(fd, &a.raw, a.size)
	if errno == unix.EINPROGRESS {
		return 0
	}
	return errno
}

// NoDelay lets small pieces leave at once. What a listening socket accepts inherits it.
func NoDelay(fd int) { sysSetInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) }

// CloseFD closes a descriptor that no connection has.
func CloseFD(fd int) { sysClose(fd) }
