//go:build linux

package event

import (
	"net"
	"os"
)

// handOver passes a client's connection on for good: e is the request that needs it, nil where not even a head was read. Whoever takes
// it gets all bytes that were read of what has not been answered.
func (l *loop) handOver(c *clientConn, e *exchange) {
	var read []byte
	if e != nil {
		read = append(read, e.head...)
		read = append(read, e.requestBody.replay...)
		e.end()
		e.recycle()
		c.exchange = nil
	}
	read = append(read, c.In...)
	listener := c.acceptor.listener
	fd := l.Detach(&c.Conn)
	c.phase = clientGone
	defer l.uncount(c.admission) // after the other server has counted it: the drain waits for it at any time
	l.free.putClient(c)
	conn, err := connOf(fd)
	if err != nil {
		l.server.common.Failed(err, "handing over a connection failed")
		return
	}
	l.server.handOver(conn, read, listener)
}

// connOf makes a net.Conn of a descriptor, which it owns in any case.
func connOf(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "client")
	defer f.Close()
	return net.FileConn(f) // has a descriptor of its own
}
