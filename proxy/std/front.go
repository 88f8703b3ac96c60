package std

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/sockets"
)

// openConns is the set of clients' connections.
type openConns struct {
	progress time.Duration // that a write may stand still
	most     int           // 0 is no limit
	files    *sockets.Files
	mu       sync.Mutex
	conns    map[*front]struct{}
	away     int // of these, to be turned away
	closed   bool
}

// add takes a connection into the set, and counts in who is to serve it, or to turn it away. It returns nil where it must be closed.
func (o *openConns) add(c net.Conn, serving *sync.WaitGroup) *front {
	o.mu.Lock()
	defer o.mu.Unlock()
	crowded := o.most > 0 && len(o.conns)-o.away >= o.most
	if o.closed || crowded && o.away >= proxy.MostRefused {
		return nil
	}
	if o.conns == nil {
		o.conns = make(map[*front]struct{})
	}
	f := &front{sender: sender{Conn: c, progress: o.progress}, open: o, away: crowded}
	o.conns[f] = struct{}{}
	if crowded {
		o.away++
	}
	o.files.Add(1)
	serving.Add(1)
	return f
}

func (o *openConns) remove(f *front) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, f)
	if f.away {
		o.away--
	}
	o.files.Add(-1)
}

func (o *openConns) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

// closeAll closes what is open and takes nothing more. Who reads or writes there ends with an error.
func (o *openConns) closeAll() {
	o.mu.Lock()
	o.closed = true
	all := make([]*front, 0, len(o.conns))
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

// front is a client's connection, below TLS.
type front struct {
	sender
	client   proxy.Client
	open     *openConns
	away     bool        // there is no room for it
	untilEnd atomic.Bool // an answer is on its way that ends with the connection
	once     sync.Once
	closeErr error
}

// Close ends the connection. Any goroutine may call it, more than once.
func (f *front) Close() error {
	f.once.Do(func() {
		f.closeErr = f.Conn.Close()
		f.open.remove(f)
	})
	return f.closeErr
}

// reset ends the connection so that nobody takes its end for the end of an answer.
func (f *front) reset() {
	if tcp, ok := f.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	f.Close()
}

// linger ends this direction, and reads and throws away what the client still sends, or it would see a reset instead of the answer.
func (f *front) linger() {
	if f.CloseWrite() != nil || f.SetReadDeadline(time.Now().Add(proxy.LingerTime)) != nil {
		return
	}
	in := intake{from: newSource(f.Conn)}
	for left := proxy.LingerBytes; left > 0 && in.more(0) == nil; {
		left -= len(in.unread())
		in.skip(len(in.unread()))
	}
	in.skip(len(in.unread()))
	in.release()
}
