//go:build linux

package event

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// acceptMost is how many connections a turn takes from a listener: a flood of new ones must not starve those that are open.
const acceptMost = 32

// acceptor is a listening socket in one loop, which deals what it accepts out over all loops: the counts stay equal, also when the
// connections are few and long, where sockets of their own (SO_REUSEPORT) leave it to a hash.
type acceptor struct {
	reactor.Conn
	loop      *loop
	listener  listen.Listener
	batch     int // how many to accept next time
	accepting listen.Accepting
	paused    bool // it is not in epoll
}

// acceptedConn is a client's connection that has no loop yet.
type acceptedConn struct {
	fd        int
	addr      netip.Addr
	acceptor  *acceptor
	admission listen.Admission
}

// listen puts a listening socket into the loop, which owns it afterwards.
func (l *loop) listen(listener listen.Listener, fd int) error {
	a := &acceptor{loop: l, listener: listener, batch: 1}
	// What is accepted inherits both: answers leave at once, and clients that vanished are found.
	reactor.NoDelay(fd)
	listen.KeepAliveFD(fd)
	if errno := l.Join(&a.Conn, a, fd, unix.EPOLLIN); errno != 0 {
		return fmt.Errorf("watch listener %s: %w", listener.Addr(), errno)
	}
	l.files.Add(1)
	l.acceptors = append(l.acceptors, a)
	return nil
}

// Ready accepts. The listener is level-triggered: what is left in its queue shows again with the next turn, so that a single new
// connection costs no call that finds nothing.
func (a *acceptor) Ready() {
	for range a.batch {
		if a.paused || a.FD() < 0 {
			return
		}
		if !a.loop.files.Room() {
			a.pause(listen.ErrNoRoom)
			return
		}
		fd, from, errno := reactor.Accept(a.FD())
		if errno != 0 {
			a.failed(errno)
			return
		}
		a.accepting.Succeeded()
		a.loop.files.Add(1)
		a.loop.server.assign(acceptedConn{fd, from, a, a.loop.server.crowd.Enter()}, a.loop)
	}
	a.batch = min(2*a.batch, acceptMost)
}

// failed deals with an accept that brought nothing.
func (a *acceptor) failed(errno unix.Errno) {
	a.batch = 1
	if errno == unix.EAGAIN {
		return
	}
	err := os.NewSyscallError("accept", errno)
	pause, broken := a.accepting.Failed(err)
	if broken {
		a.loop.server.listen.Break(fmt.Errorf("serve %s: %w", a.listener.Addr(), err))
	}
	if pause {
		a.pause(err)
	}
}

// pause stops accepting for a while. The listener leaves epoll, which would go on telling of one that has a fault.
func (a *acceptor) pause(why error) {
	a.batch = 1
	if !a.paused {
		a.paused = true
		a.loop.Mute(&a.Conn)
		a.loop.server.common.Paused(a.listener.Addr(), why)
	}
	a.loop.SetDeadline(&a.Conn, listen.AcceptPause)
}

// Expire looks whether there is room again.
func (a *acceptor) Expire() {
	if !a.loop.files.Room() {
		a.pause(listen.ErrNoRoom)
		return
	}
	if errno := a.loop.Unmute(&a.Conn, unix.EPOLLIN); errno != 0 {
		a.pause(os.NewSyscallError("epoll_ctl", errno))
		return
	}
	a.paused = false
}

// Fail has nothing to end: a panic here was over one connection.
func (a *acceptor) Fail() {}

// Quiesce is listen.Socket's.
func (a *acceptor) Quiesce() bool { return listen.QuiesceFD(a.FD()) }

// Queued is listen.Socket's.
func (a *acceptor) Queued() int { return listen.QueuedFD(a.FD()) }

// Close has the loop close the socket, and waits for that.
func (a *acceptor) Close() error {
	closed := make(chan struct{})
	end := func() { close(closed) }
	if a.loop.tasks.Post(task{do: func() { a.loop.CloseConn(&a.Conn); end() }, dropped: end}) {
		<-closed
	}
	return nil
}

// adopt makes an accepted connection one of this loop's.
func (l *loop) adopt(accepted acceptedConn) {
	c := l.free.takeClient()
	c.loop, c.acceptor, c.admission = l, accepted.acceptor, accepted.admission
	c.info = proxy.NewClient(accepted.addr, accepted.acceptor.listener.Scheme(), &l.server.common.Forwarder)
	c.info.RedirectHTTPS, c.info.Listener = accepted.acceptor.listener.RedirectHTTPS, accepted.acceptor.listener.Name
	c.info.Number = l.server.common.CountConnection()
	c.State = reactor.Writable // and perhaps more: epoll tells at once
	if errno := l.Join(&c.Conn, c, accepted.fd, reactor.AllEvents); errno != 0 {
		l.server.common.Failed(errno, "a client connection could not be added to epoll")
		l.drop(accepted)
		l.free.putClient(c)
		return
	}
	c.phase = clientReadsHead
	if c.admission == listen.AdmissionRefused {
		c.refuse(proxy.OutcomeTooManyConnections)
		return
	}
	c.headTimed = true // the first head has its time from here on, not from its first byte
	l.arm(&c.conn, l.server.limits.ReadHead)
}

// drop closes an accepted connection that no loop serves. It had been assigned to this one.
func (l *loop) drop(accepted acceptedConn) {
	reactor.CloseFD(accepted.fd)
	l.files.Add(-1)
	l.uncount(accepted.admission)
}

// uncount takes a connection that has ended, or has been handed over, out of the counts.
func (l *loop) uncount(a listen.Admission) {
	l.open.Add(-1)
	l.server.crowd.Leave(a)
}
