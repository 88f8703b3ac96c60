//go:build linux

package reactor

import "golang.org/x/sys/unix"

// handle finds a connection by what epoll returns; the generation tells a stale event from one for the descriptor's successor.
type handle struct {
	conn       *Conn
	generation uint32
}

// AllEvents is what a connection is joined with, once: edge-triggered, so that no call changes it from request to request.
const AllEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// Join makes c the loop's, with the descriptor that it owns from now on, and h told of events. c.State is kept: the caller sets it to what
// is known. Where it fails, the descriptor is still the caller's.
func (l *Loop) Join(c *Conn, h Handler, fd int, events uint32) unix.Errno {
	if len(l.unused) == 0 {
		l.handles = append(l.handles, handle{})
		l.unused = append(l.unused, uint32(len(l.handles)-1))
	}
	id := l.unused[len(l.unused)-1]
	p := &l.handles[id]
	errno := pollAdd(l.epoll, fd, events, uint64(p.generation)<<32|uint64(id))
	if errno != 0 {
		return errno
	}
	l.unused = l.unused[:len(l.unused)-1]
	p.conn = c
	c.handler, c.fd, c.handle, c.slot = h, int32(fd), id, unlinked
	c.deadline = never
	return 0
}

// data is what epoll was given for c.
func (l *Loop) data(c *Conn) uint64 {
	return uint64(l.handles[c.handle].generation)<<32 | uint64(c.handle)
}

// leave takes c out of everything but epoll, from which closing takes it, and returns its descriptor. Nothing happens the second
// time: it returns -1.
func (l *Loop) leave(c *Conn) int {
	fd := int(c.fd)
	if fd < 0 {
		return -1
	}
	l.timers.unlink(c)
	p := &l.handles[c.handle]
	p.conn = nil
	p.generation++
	l.unused = append(l.unused, c.handle)
	l.DropIn(c)
	l.DropOut(c)
	c.fd, c.State, c.pending = -1, 0, false
	return fd
}

// Detach takes c out of the loop and returns its descriptor, which is the caller's.
func (l *Loop) Detach(c *Conn) int {
	pollDel(l.epoll, int(c.fd))
	l.o.Descriptors.Add(-1)
	return l.leave(c)
}

// CloseConn ends c. It may be closed already.
func (l *Loop) CloseConn(c *Conn) {
	if fd := l.leave(c); fd >= 0 {
		sysClose(fd)
		l.o.Descriptors.Add(-1)
	}
}

// Mute takes c out of epoll, and nothing else: it has its deadline, and no events until Unmute.
func (l *Loop) Mute(c *Conn) { pollDel(l.epoll, int(c.fd)) }

// Unmute puts c back into epoll.
func (l *Loop) Unmute(c *Conn, events uint32) unix.Errno {
	return pollAdd(l.epoll, int(c.fd), events, l.data(c))
}

// Handlers calls do with what every connection belongs to that the loop has. do may close it.
func (l *Loop) Handlers(do func(Handler)) {
	for i := range l.handles {
		if c := l.handles[i].conn; c != nil {
			do(c.handler)
		}
	}
}
