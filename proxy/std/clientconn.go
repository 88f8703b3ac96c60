package std

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/routing"
)

// openConns is the set of clients' connections.
type openConns struct {
	progress time.Duration // that a write may stand still where no request says more
	crowd    *listen.Crowd
	files    *listen.Files
	mu       sync.Mutex
	conns    map[*clientConn]struct{}
	closed   bool
}

// add takes a connection into the set, and counts in who is to serve it, or to turn it away. It returns nil where it must be closed.
func (o *openConns) add(c net.Conn, serving *sync.WaitGroup) *clientConn {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	admission := o.crowd.Enter()
	if admission == listen.AdmissionClosed {
		return nil
	}
	if o.conns == nil {
		o.conns = make(map[*clientConn]struct{})
	}
	f := &clientConn{sender: sender{Conn: c, progress: o.progress}, open: o, admission: admission}
	o.conns[f] = struct{}{}
	o.files.Add(1)
	serving.Add(1)
	return f
}

func (o *openConns) remove(f *clientConn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, f)
	o.crowd.Leave(f.admission)
	o.files.Add(-1)
}

// closeAll closes what is open and takes nothing more. Who reads or writes there ends with an error.
func (o *openConns) closeAll() {
	o.mu.Lock()
	o.closed = true
	all := make([]*clientConn, 0, len(o.conns))
	for c := range o.conns {
		all = append(all, c)
	}
	o.mu.Unlock()
	for _, c := range all {
		if c.untilEnd.Load() {
			c.reset()
		} else {
			c.Close()
		}
	}
}

// clientConn is a client's connection, below TLS.
type clientConn struct {
	sender
	info      proxy.Client
	asked     routing.ClientAuth // in the TLS handshake
	open      *openConns
	admission listen.Admission
	untilEnd  atomic.Bool // an answer is on its way that ends with the connection
	once      sync.Once
	closeErr  error
}

// Close ends the connection. Any goroutine may call it, more than once.
func (c *clientConn) Close() error {
	c.once.Do(func() {
		c.closeErr = c.Conn.Close()
		c.open.remove(c)
	})
	return c.closeErr
}

// reset ends the connection so that nobody takes its end for the end of an answer.
func (c *clientConn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// linger ends this direction, and reads and throws away what the client still sends, or it would see a reset instead of the answer.
func (c *clientConn) linger() {
	if c.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(proxy.LingerTime)) != nil {
		return
	}
	in := readBuffer{from: newSource(c.Conn)}
	for left := proxy.LingerBytes; left > 0 && in.fill(0) == nil; {
		left -= len(in.unread())
		in.skip(len(in.unread()))
	}
	in.skip(len(in.unread()))
	in.release()
}
