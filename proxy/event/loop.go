//go:build linux

package event

import (
	"sync/atomic"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/reactor"
)

// loop is one thread's share of the server. Nothing of it is touched by others but tasks and the counts.
type loop struct {
	reactor.Loop
	tasks  reactor.Tasks[task]
	server *Server
	scope  *proxy.Scope
	number int

	front   []byte // for reads from clients
	back    []byte // for reads from instances
	message []byte // for heads and framed pieces on their way out

	answer   http1.Response // the one that is being read
	trailers []http1.Field

	acceptors []*acceptor
	pools     map[*balancer.Way]*pool
	free      freeLists
	files     *listen.Files
	open      atomic.Int64 // clients' connections
}

// task is one thing for a loop to do.
type task struct {
	accepted acceptedConn  // a new client's connection, where fd > 0
	retired  *balancer.Way // is retired: its pool goes
	do       func()
	// dropped is called instead of do where the loop ends before. May be nil.
	dropped func()
}

func newLoop(s *Server, number int) *loop {
	return &loop{server: s, scope: s.common.NewScope(), number: number, files: s.listen.Files, front: newShared(), back: newShared(),
		message: make([]byte, 0, reactor.HeadSpace+reactor.SharedBytes), pools: make(map[*balancer.Way]*pool)}
}

// newShared is a buffer for reads, with space for what goes before them.
func newShared() []byte { return make([]byte, reactor.HeadSpace+reactor.SharedBytes) }

// begin opens what the loop waits with.
func (l *loop) begin() error {
	if err := l.Open(reactor.Options{Descriptors: l.files, Panic: l.panicked, TurnEnds: l.free.recycle}); err != nil {
		return err
	}
	return l.tasks.Open(&l.Loop, l.perform)
}

// run serves until Stop.
func (l *loop) run() {
	l.Run()
	l.closeAll()
}

func (l *loop) perform(t task) {
	switch {
	case t.do != nil:
		t.do()
	case t.retired != nil:
		l.dropPool(t.retired)
	case t.accepted.fd > 0:
		l.adopt(t.accepted)
	}
}

// panicked counts a panic and says so in the log; h is whose end panicked, too: what is left of it is a socket to close.
func (l *loop) panicked(fault any, h reactor.Handler) {
	if h == nil {
		l.scope.Panicked(fault, "request")
		return
	}
	l.scope.Panic()
	if c, ok := h.(*clientConn); ok && c.phase != clientGone {
		c.phase = clientGone
		l.uncount(c.admission)
	}
}

// closeAll ends everything that a loop has, the loop itself too.
func (l *loop) closeAll() {
	for _, t := range l.tasks.Close() {
		if t.accepted.fd > 0 {
			l.drop(t.accepted)
		}
		if t.dropped != nil {
			t.dropped()
		}
	}
	l.Handlers(l.endHandler)
	for _, p := range l.pools {
		p.gone = true
		p.empty()
	}
	l.Close()
}

// endHandler ends whatever a connection belongs to.
func (l *loop) endHandler(h reactor.Handler) {
	switch h := h.(type) {
	case *clientConn:
		if h.exchange != nil {
			h.exchange.abandon()
		} else {
			l.endClient(h)
		}
	case *upstreamConn:
		if h.exchange == nil {
			h.pool.forget(h)
			l.endUpstream(h)
		} else {
			h.exchange.abandon()
		}
	case *acceptor:
		l.CloseConn(&h.Conn)
	}
}
