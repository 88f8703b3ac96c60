package std

import (
	"bytes"
	"context"
	stdlog "log"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Lingering: after an answer that came before the request's end, the rest is read and thrown away for so long and so much, or
// the client would see a reset instead of the answer.
const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20 // what an upload may have under way
)

// openConns is the set of clients' connections, hijacked ones included, which net/http forgets.
type openConns struct {
	progress time.Duration
	mu       sync.Mutex
	conns    map[*frontConn]struct{}
	closed   bool
	lingers  sync.WaitGroup
}

func (o *openConns) add(c *frontConn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conns == nil {
		o.conns = make(map[*frontConn]struct{})
	}
	o.conns[c] = struct{}{}
}

func (o *openConns) remove(c *frontConn) {
	o.mu.Lock()
	delete(o.conns, c)
	o.mu.Unlock()
}

func (o *openConns) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

func (o *openConns) closeAll() {
	o.mu.Lock()
	o.closed = true
	all := make([]*frontConn, 0, len(o.conns))
	for c := range o.conns {
		all = append(all, c)
	}
	o.mu.Unlock()
	for _, c := range all {
		c.abort()
	}
}

// wait returns when all handlers' connections are gone.
func (o *openConns) wait() {
	o.lingers.Wait()
	for o.len() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// startLinger counts a lingering close, unless all are being closed.
func (o *openConns) startLinger() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.lingers.Add(1)
	return true
}

// trackedListener hands out frontConns.
type trackedListener struct {
	net.Listener
	open *openConns
}

func (l *trackedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	f := &frontConn{Conn: c, open: l.open}
	l.open.add(f)
	return f, nil
}

// frontConn is a client's connection with what net/http does not do: an empty line before the first request is skipped
// (RFC 9112 section 2.2), a write that stands still ends, and a close can linger or reset.
type frontConn struct {
	net.Conn
	open *openConns

	begun    bool // something but an empty line was read
	leading  int  // bytes of an empty line seen
	deadline time.Time

	linger, reset atomic.Bool
	once          sync.Once
	closeErr      error
}

func (c *frontConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if c.begun || n == 0 {
			return n, err
		}
		n = c.skipEmptyLine(p[:n])
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// skipEmptyLine removes one CRLF from the front of a connection's first bytes, which may come one by one. A lone CR goes too:
// the line that follows it is then read as it stands.
func (c *frontConn) skipEmptyLine(p []byte) int {
	const line = "\r\n"
	skip := 0
	for c.leading < len(line) && skip < len(p) && p[skip] == line[c.leading] {
		skip++
		c.leading++
	}
	c.begun = skip < len(p) || c.leading == len(line)
	return copy(p, p[skip:])
}

// Write sets its own deadline, at most once a second as timers cost.
func (c *frontConn) Write(p []byte) (int, error) {
	now := time.Now()
	if c.deadline.Sub(now) < c.open.progress-time.Second || len(p) > 1<<20 {
		c.deadline = now.Add(c.open.progress)
		if err := c.Conn.SetWriteDeadline(c.deadline); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// CloseWrite ends this direction.
func (c *frontConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

func (c *frontConn) Close() error {
	c.once.Do(func() {
		switch {
		case c.reset.Load():
			c.abortLocked()
		case c.linger.Load() && c.open.startLinger():
			go c.drainAndClose()
		default:
			c.closeErr = c.Conn.Close()
			c.open.remove(c)
		}
	})
	return c.closeErr
}

// abort ends the connection at once; a lingering one too.
func (c *frontConn) abort() {
	c.once.Do(c.abortLocked)
	c.Conn.Close()
}

func (c *frontConn) abortLocked() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.reset.Load() {
		tcp.SetLinger(0) // a reset: the only visible cut for an answer that ends with the connection
	}
	c.closeErr = c.Conn.Close()
	c.open.remove(c)
}

func (c *frontConn) drainAndClose() {
	defer c.open.lingers.Done()
	defer c.open.remove(c)
	defer c.Conn.Close()
	if err := c.CloseWrite(); err != nil {
		return
	}
	if err := c.Conn.SetReadDeadline(time.Now().Add(lingerTime)); err != nil {
		return
	}
	buf := make([]byte, 4<<10)
	for left := lingerBytes; left > 0; {
		n, err := c.Conn.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}

type frontKey struct{}

// withFront lets a handler find its connection below TLS.
func withFront(ctx context.Context, c net.Conn) context.Context {
	for {
		switch t := c.(type) {
		case *frontConn:
			return context.WithValue(ctx, frontKey{}, t)
		case interface{ NetConn() net.Conn }:
			c = t.NetConn()
		default:
			return ctx
		}
	}
}

func frontOf(ctx context.Context) *frontConn {
	c, _ := ctx.Value(frontKey{}).(*frontConn)
	return c
}

// quiet turns net/http's complaints about clients into debug lines.
func quiet(log zerolog.Logger) *stdlog.Logger { return stdlog.New(debugWriter{log}, "", 0) }

type debugWriter struct{ log zerolog.Logger }

func (d debugWriter) Write(p []byte) (int, error) {
	d.log.Debug().Msg(string(bytes.TrimSpace(p)))
	return len(p), nil
}
