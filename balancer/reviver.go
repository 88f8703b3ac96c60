package balancer

import (
	"container/heap"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the bare connects.
const (
	// connectTimeout is that of the requests themselves by default: an instance that takes longer is of no use to them.
	connectTimeout = time.Second
	// proofTime is how long a connection has to stay open. docker-proxy accepts before the application listens and then
	// closes: 0.1 ms later as a rule, 0.4 ms at most in measurements.
	proofTime = 2 * time.Millisecond
	// SpeakTime is how long a connection is watched for bytes of an instance that may be no HTTP server: what speaks first (SSH, SMTP,
	// databases) does so within milliseconds on a local network, and each start waits for this.
	SpeakTime = 20 * time.Millisecond
	// settleTime is the same for what cannot be replayed, while others serve: on a machine that has too much to do (and
	// starting containers is much), docker-proxy closes late: 50 ms were too short where requests took 40. Nobody waits for it.
	settleTime = 500 * time.Millisecond
	// settleStep is how soon an answer ends that watch: a connect of our own may be waiting for the room.
	settleStep = 50 * time.Millisecond
	// visitEvery is how often an instance is visited in the long run, and visitsAhead how many may be visited at once after a pause: a
	// visit costs some 0.06 ms of a core, so that a thousand instances which all start, or are all dead, cost a quarter of one.
	visitEvery  = 250 * time.Microsecond
	visitsAhead = 100
	// maxConnects bounds the descriptors and goroutines in use when many are ejected at once.
	maxConnects = 128
)

// Reviver brings back what was ejected: with bare connects of its own, and a handshake where the way is one over TLS, never with a
// client's request. It also settles instances that have not answered yet, and asks Questions. Make it with NewReviver; it does nothing until Run.
type Reviver struct {
	dial func(ctx context.Context, address string) (net.Conn, error)
	wake chan struct{}
	mu   sync.Mutex
	list *Way // those that asked, linked through next

	questions chan Question
}

// visits is what a Reviver notes at a way.
type visits struct {
	asked atomic.Bool // queued at the reviver, which then owns next
	next  *Way
}

// NewReviver makes a Reviver that connects through dial; nil means plain TCP.
func NewReviver(dial func(ctx context.Context, address string) (net.Conn, error)) *Reviver {
	if dial == nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	return &Reviver{dial: dial, wake: make(chan struct{}, 1), questions: make(chan Question, maxQuestions)}
}

// NewUpstream makes the live side of an instance that this Reviver looks after. A nil Reviver is allowed.
func (r *Reviver) NewUpstream(service, address string) *Upstream {
	u := NewUpstream(service, address)
	u.reviver = r
	return u
}

// ask queues the way at its Reviver, once until that has dealt with it. No allocation.
func (w *Way) ask() {
	r := w.upstream.reviver
	if r == nil || !w.asked.CompareAndSwap(false, true) {
		return
	}
	r.mu.Lock()
	w.next, r.list = r.list, w
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run connects until ctx ends, and then waits for the connects under way. It always returns nil.
func (r *Reviver) Run(ctx context.Context) error {
	var (
		wg   sync.WaitGroup
		due  queue
		done = make(chan *Way)
		pace pace
		busy int
	)
	defer wg.Wait()
	for range askedAtOnce {
		wg.Go(func() { r.answerQuestions(ctx) })
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for busy < maxConnects && due.ready(time.Now()) && pace.take(time.Now()) {
			w := heap.Pop(&due).(appointment).way
			busy++
			wg.Go(func() { r.visit(ctx, w, done) })
		}
		timer.Reset(max(due.wait(time.Now(), busy < maxConnects), pace.wait(time.Now())))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-r.wake:
			due.collect(r.take())
		case w := <-done:
			busy--
			due.again(w)
		}
	}
}

// take empties the list of those that asked.
func (r *Reviver) take() *Way {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.list
	r.list = nil
	return w
}

// visit makes one bare connect and hands the way back. A connection that stays open for proofTime brings the way back; one to an
// instance that has not answered is watched further, until it is settled.
func (r *Reviver) visit(ctx context.Context, w *Way, done chan<- *Way) {
	c, f, err := r.prove(ctx, w)
	if err == nil {
		defer c.Close()
		defer context.AfterFunc(ctx, func() { c.Close() })()
	}
	if ctx.Err() != nil {
		return
	}
	if w.visited(f, err, time.Now()); err == nil && !w.Answered() {
		err = w.watch(c)
		if ctx.Err() != nil {
			return
		}
		w.settle(err)
	}
	select {
	case done <- w:
	case <-ctx.Done():
	}
}

// settle applies how the longer watch over a bare connection ended. An answer in the meantime says more.
func (w *Way) settle(err error) {
	switch {
	case err == nil:
		w.settled.Store(true)
	case !w.Answered():
		w.visited(faultOf(err), err, time.Now())
	}
}

// visited applies the outcome of a bare connect.
func (w *Way) visited(f fault, err error, now time.Time) {
	if err != nil {
		w.failed(now, f)
		return
	}
	w.proved()
}

var (
	errClosed     = errors.New("closed right after the connect")
	errUnprompted = errors.New("bytes before a request")
)
