// Package crowd serves HTTP to whoever asks, with bounds: nobody who holds connections keeps others out, and those who follow a stream for hours
// don't count among those who ask and go.
package crowd

import (
	"net"
	"sync"
	"time"
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
// A connection that is set apart, as it follows a stream, is busy for as long as it likes. It is no longer among those that are bounded so; there
// may be MostApart of these.
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

func newCrowd(l net.Listener, most int) *crowd {
	c := &crowd{Listener: l, most: most, open: map[*conn]struct{}{}, apart: map[*conn]struct{}{}}
	c.room.L = &c.mu
	return c
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
