package std

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// pools keeps connections per instance and way. Those of a way that stays survive every swap; those of one that goes are closed.
type pools struct {
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	idle       time.Duration
	keep, most int // idle and, unless 0, all connections of an instance
	scope      *proxy.Scope
	files      *listen.Files
	byWay      sync.Map // *balancer.Way -> *pool

	life  context.Context // of all connections
	end   context.CancelFunc
	mu    sync.Mutex
	conns map[*upstreamConn]struct{} // open, idle or in use; nil at the end
}

// begin makes the pools ready for connections.
func (p *pools) begin() {
	p.life, p.end = context.WithCancel(context.Background())
	p.conns = make(map[*upstreamConn]struct{})
}

// enter notes an open connection. It is false after the end.
func (p *pools) enter(c *upstreamConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *pools) leave(c *upstreamConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// closeAll closes what is open, also what is in use, and connects no more: who waits for an instance there, to take something or to
// answer, has waited enough.
func (p *pools) closeAll() {
	p.end()
	p.mu.Lock()
	all := p.conns
	p.conns = nil
	p.mu.Unlock()
	for c := range all {
		c.Close()
	}
}

// of is the pool of a way.
func (p *pools) of(way *balancer.Way) *pool {
	if known, ok := p.byWay.Load(way); ok {
		return known.(*pool)
	}
	known, loaded := p.byWay.LoadOrStore(way, &pool{pools: p, way: way, upstream: way.Upstream()})
	if !loaded {
		way.AfterRetire(func() {
			known.(*pool).close()
			p.byWay.Delete(way)
		})
	}
	return known.(*pool)
}

func (p *pools) close() {
	p.byWay.Range(func(_, known any) bool {
		known.(*pool).close()
		return true
	})
}

// pool keeps the idle connections of one instance over one way, the latest on top.
type pool struct {
	pools    *pools
	way      *balancer.Way
	upstream *balancer.Upstream

	mu     sync.Mutex
	idle   []*upstreamConn
	timer  *time.Timer
	closed bool
}

// take returns an idle connection that is alive, and was made as one would be made now, or nil. Closed ones cost a system call each and nothing else: not a byte was written.
func (p *pool) take() (c *upstreamConn, closed int) {
	for {
		p.mu.Lock()
		if len(p.idle) == 0 {
			p.mu.Unlock()
			return nil, closed
		}
		last := len(p.idle) - 1
		c, p.idle[last] = p.idle[last], nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		if c.alive() && c.config == p.way.TLS() {
			c.reused = true
			return c, closed
		}
		closed++
		c.Close()
	}
}

// put keeps a connection for the next request, or closes it.
func (p *pool) put(c *upstreamConn) {
	c.idleSince = time.Now()
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.pools.keep {
		p.mu.Unlock()
		c.Close()
		return
	}
	p.idle = append(p.idle, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(p.pools.idle, p.sweep)
	}
	p.mu.Unlock()
}

// sweep closes what has been idle for too long: the bottom of the stack.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	if p.closed {
		return
	}
	now := time.Now()
	old := 0
	for old < len(p.idle) && now.Sub(p.idle[old].idleSince) >= p.pools.idle {
		p.idle[old].Close()
		old++
	}
	p.idle = append(p.idle[:0], p.idle[old:]...)
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(p.pools.idle-now.Sub(p.idle[0].idleSince), p.sweep)
	}
}

// empty closes what is idle.
func (p *pool) empty() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

// drop needs p.mu.
func (p *pool) drop() {
	for _, c := range p.idle {
		c.Close()
	}
	p.idle = nil
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.drop()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// open connects, once the instance has counted the connection in: see proxy.Exchange.Room. It is counted out where none comes about.
func (p *pool) open(t routing.Timeouts) (*upstreamConn, error) {
	u := p.upstream
	ctx, cancel := context.WithTimeout(p.pools.life, t.Connect)
	defer cancel()
	raw, err := p.pools.dial(ctx, "tcp", u.Address())
	below := &sender{Conn: raw, progress: t.Progress}
	conn, config := net.Conn(below), p.way.TLS()
	if err == nil && config != nil {
		conn, err = handshake(ctx, below, config)
	}
	if err != nil {
		u.Disconnect()
		return nil, fmt.Errorf("connect to %s: %w", u.Address(), err)
	}
	p.pools.scope.Connect(record.ConnectOK)
	c := newUpstreamConn(p, conn, below, config)
	if !p.pools.enter(c) {
		c.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}

func handshake(ctx context.Context, raw net.Conn, config *tls.Config) (net.Conn, error) {
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("%w: %w", proxy.ErrHandshake, err)
	}
	return c, nil
}
