package admin

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/live"
)

// MostConns is how many connections an address of this package has open at a time: two Prometheus servers, a few load balancers and
// people. Three such addresses take three quarters of the least that listen.ReserveFiles keeps. Those of followers come on top.
const MostConns = 16

// newcomerTime is what a new connection has for its first request, from when it is read from, before it may be closed for another new one:
// else those of many clients that come together would close each other. It is halved, shortenings times at most, with each MostConns
// connections in a row that were closed without a request: who opens connections and says nothing must not keep others waiting.
const (
	newcomerTime = 250 * time.Millisecond
	shortenings  = 5
)

// crowd is a listener whose connections are bounded in number. Nobody can keep others out by holding connections: where one too many
// comes, the connection that has done nothing for the longest is closed. Only if there is an answer being made on each of them does
// the new one wait.
//
// A connection that follows a Feed, or looks at what happens right now, is busy for as long as it likes. It is no longer among those that are
// bounded so; there may be MostFollowers and live.MostViewers of these.
type crowd struct {
	net.Listener
	most int

	mu     sync.Mutex
	room   sync.Cond // a connection has ended, or does nothing any more
	open   map[*conn]struct{}
	apart  map[*conn]struct{} // those that follow, or did so before
	silent int                // how many were closed without a request since the last one came
	closed bool
}

// Files counts file descriptors: listen.Files.
type Files interface {
	// Add counts descriptors that were opened or, with n below 0, closed.
	Add(n int64)
	// Spare says whether there are descriptors for what can be done without.
	Spare() bool
}

func newCrowd(l net.Listener, most int) *crowd {
	c := &crowd{Listener: l, most: most, open: map[*conn]struct{}{}, apart: map[*conn]struct{}{}}
	c.room.L = &c.mu
	return c
}

// conn is a connection of a crowd. All but the connection itself is guarded by the crowd's lock.
type conn struct {
	net.Conn
	crowd   *crowd
	busy    bool      // a request was read and is not answered
	writing bool      // and its client is to take a part of the answer
	since   time.Time // when it began to wait for its client
	asked   bool      // a request was read
	read    atomic.Bool
	files   Files // where it is counted while it is apart; may be nil
}

// Accept waits for a connection, and then until there is room for it.
func (c *crowd) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) >= c.most && !c.closed {
		idle := c.longest()
		switch {
		case idle == nil:
			c.room.Wait()
		case !idle.read.Load(): // its goroutine is not that far
			c.waitFor(newcomerTime)
		case !idle.asked && time.Since(idle.since) < c.grace():
			c.waitFor(c.grace() - time.Since(idle.since))
		default:
			if !idle.asked {
				c.silent++
			}
			delete(c.open, idle)
			_ = idle.Conn.Close()
		}
	}
	if c.closed {
		_ = accepted.Close()
		return nil, net.ErrClosed
	}
	guest := &conn{Conn: accepted, crowd: c, since: time.Now()}
	c.open[guest] = struct{}{}
	return guest, nil
}

// grace is newcomerTime as it is now.
func (c *crowd) grace() time.Duration { return newcomerTime >> min(c.silent/c.most, shortenings) }

// waitFor waits until there is room, or until a time has passed.
func (c *crowd) waitFor(d time.Duration) {
	later := time.AfterFunc(d, func() {
		c.mu.Lock() // it is held until room is waited for
		defer c.mu.Unlock()
		c.room.Broadcast()
	})
	c.room.Wait()
	later.Stop()
}

// longest is the connection that has waited for its client for the longest: for a request, or if none does, for an answer to be taken.
func (c *crowd) longest() (found *conn) {
	for one := range c.open {
		if one.busy && !one.writing {
			continue
		}
		if found == nil || found.busy && !one.busy || found.busy == one.busy && one.since.Before(found.since) {
			found = one
		}
	}
	return found
}

// Close ends accepting, for whoever waits for room too.
func (c *crowd) Close() error {
	c.mu.Lock()
	c.closed = true
	c.room.Broadcast()
	c.mu.Unlock()
	return c.Listener.Close()
}

// state is told by net/http what a connection does. Active means that a request's head was read.
func (c *crowd) state(of net.Conn, s http.ConnState) {
	if one, ok := ofCrowd(of); ok && (s == http.StateActive || s == http.StateIdle) {
		one.waits(func() { one.busy, one.asked, one.crowd.silent = s == http.StateActive, true, 0 })
	}
}

// ofCrowd is the connection of a crowd that net/http knows, be it over TLS.
func ofCrowd(c net.Conn) (one *conn, ok bool) {
	if over, is := c.(*tls.Conn); is {
		c = over.NetConn()
	}
	one, ok = c.(*conn)
	return one, ok
}

// waits changes what a connection does, and lets it count as waiting from now on.
func (c *conn) waits(change func()) {
	c.crowd.mu.Lock()
	change()
	c.since = time.Now()
	c.crowd.mu.Unlock()
	c.crowd.room.Signal() // only Accept waits, and only one goroutine accepts
}

// piece is how much of an answer is written at a time, so that a client that takes one after the other is seen to do so.
const piece = 64 << 10

// Read notes when a connection is read from for the first time.
func (c *conn) Read(b []byte) (int, error) {
	if !c.read.Load() {
		c.waits(func() { c.read.Store(true) })
	}
	return c.Conn.Read(b)
}

func (c *conn) Write(b []byte) (n int, err error) {
	for {
		part := b[n:min(len(b), n+piece)]
		c.waits(func() { c.writing = true })
		m, err := c.Conn.Write(part)
		c.waits(func() { c.writing = false })
		if n += m; err != nil || n == len(b) {
			return n, err
		}
	}
}

func (c *conn) Close() error {
	c.waits(c.leave)
	return c.Conn.Close()
}

// leave ends counting the connection.
func (c *conn) leave() {
	delete(c.crowd.open, c)
	if _, is := c.crowd.apart[c]; is {
		delete(c.crowd.apart, c)
		if c.files != nil {
			c.files.Add(-1)
		}
	}
}

// connKey finds the connection of a request in its context.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	one, _ := ofCrowd(c)
	return context.WithValue(ctx, connKey{}, one)
}

// follows sets the connection of a request apart, for as long as it is open. It is false where there is no room for it; files may be nil.
// Where as many are apart as may be, one that has ended following makes room.
func follows(r *http.Request, files Files) bool {
	c, _ := r.Context().Value(connKey{}).(*conn)
	if c == nil { // it has none of a crowd
		return true
	}
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(sendBuffer)
	}
	return c.crowd.setApart(c, files)
}

func (c *crowd) setApart(one *conn, files Files) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, is := c.apart[one]; is {
		return true
	}
	if files != nil && !files.Spare() {
		return false
	}
	if len(c.apart) >= MostFollowers+live.MostViewers && !c.closeIdle() {
		return false
	}
	delete(c.open, one)
	c.apart[one] = struct{}{}
	if one.files = files; files != nil {
		files.Add(1)
	}
	c.room.Signal()
	return true
}

// closeIdle closes one of those apart that follows nothing any more.
func (c *crowd) closeIdle() bool {
	for one := range c.apart {
		if !one.busy {
			one.leave()
			_ = one.Conn.Close()
			return true
		}
	}
	return false
}
