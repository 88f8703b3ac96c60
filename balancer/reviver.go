package balancer

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Bounds of the bare connects.
const (
	// connectTimeout is that of the requests themselves by default: an instance that takes longer is of no use to them.
	connectTimeout = time.Second
	// proofTime is how long a connection has to stay open. docker-proxy accepts before the application listens and then
	// closes: 0.1 ms later as a rule, 0.4 ms at most in measurements.
	proofTime = 2 * time.Millisecond
	// settleTime is the same for what cannot be replayed, while others serve: on a machine that has too much to do (and
	// starting containers is much), docker-proxy closes late: 50 ms were too short where requests took 40. Nobody waits for it.
	settleTime = 500 * time.Millisecond
	// settleStep is how soon an answer ends that watch: a connect of our own may be waiting for the room.
	settleStep = 50 * time.Millisecond
	// maxConnects bounds the descriptors and goroutines in use when many instances are gone at once.
	maxConnects = 128
)

// Reviver brings instances back that were left out: with bare connects of its own, never with a client's request. It also
// settles instances that have not answered yet. Make it with NewReviver; it does nothing until Run.
type Reviver struct {
	dial func(ctx context.Context, address string) (net.Conn, error)
	wake chan struct{}
	mu   sync.Mutex
	list *Upstream // those that asked, linked through next
}

// NewReviver makes a Reviver that connects through dial; nil means plain TCP.
func NewReviver(dial func(ctx context.Context, address string) (net.Conn, error)) *Reviver {
	if dial == nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	return &Reviver{dial: dial, wake: make(chan struct{}, 1)}
}

// NewUpstream makes the live side of an instance that this Reviver looks after. A nil Reviver is allowed.
func (r *Reviver) NewUpstream(key, service, address string) *Upstream {
	u := NewUpstream(key, service, address)
	u.reviver = r
	return u
}

// ask queues the Upstream at its Reviver, once until that has dealt with it. No allocation.
func (u *Upstream) ask() {
	r := u.reviver
	if r == nil || !u.asked.CompareAndSwap(false, true) {
		return
	}
	r.mu.Lock()
	u.next, r.list = r.list, u
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
		done = make(chan *Upstream)
		busy int
	)
	defer wg.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for busy < maxConnects && due.ready(time.Now()) {
			u := heap.Pop(&due).(appointment).upstream
			busy++
			wg.Go(func() { r.visit(ctx, u, done) })
		}
		timer.Reset(due.wait(time.Now(), busy < maxConnects))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-r.wake:
			due.collect(r.take())
		case u := <-done:
			busy--
			due.again(u)
		}
	}
}

// take empties the list of those that asked.
func (r *Reviver) take() *Upstream {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.list
	r.list = nil
	return u
}

// visit makes one bare connect and hands the Upstream back. A connection that stays open for proofTime brings the instance
// back; one to an instance that has not answered is watched further, until it is settled.
func (r *Reviver) visit(ctx context.Context, u *Upstream, done chan<- *Upstream) {
	c, err := r.prove(ctx, u.address, u.accepted)
	if err == nil {
		defer c.Close()
		defer context.AfterFunc(ctx, func() { c.Close() })()
	}
	if ctx.Err() != nil {
		return
	}
	u.visited(err, time.Now())
	if err == nil && !u.Answered() {
		err = u.watch(c)
		if ctx.Err() != nil {
			return
		}
		u.settle(err)
	}
	select {
	case done <- u:
	case <-ctx.Done():
	}
}

// watch looks at a bare connection for settleTime, and no longer than until the instance has answered.
func (u *Upstream) watch(c net.Conn) error {
	for left := settleTime - proofTime; left > 0 && !u.Answered(); left -= settleStep {
		if err := staysOpen(c, min(left, settleStep)); err != nil {
			return err
		}
	}
	return nil
}

// settle applies how the longer watch over a bare connection ended. An answer in the meantime says more.
func (u *Upstream) settle(err error) {
	switch {
	case err == nil:
		u.settled.Store(true)
	case !u.Answered():
		u.visited(err, time.Now())
	}
}

// accepted brings back at once what refused before and now accepts: its application listens, and every millisecond counts for
// who waits for a start. One that accepted too early must prove itself first. What cannot be replayed waits for the proof in
// any case, until the instance is settled.
func (u *Upstream) accepted() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.early {
		u.out.Store(false)
	}
}

// visited applies the outcome of a bare connect.
func (u *Upstream) visited(err error, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil {
		u.leaveOut(now, !errors.Is(err, errConnect))
		return
	}
	// The count of failures stays until an answer clears it: who accepts and then fails again waits longer.
	u.out.Store(false)
}

var (
	errConnect = errors.New("no connection")
	errClosed  = errors.New("closed right after the connect")
)

// prove connects, calls accepted, and returns the connection if it stays open.
func (r *Reviver) prove(ctx context.Context, address string, accepted func()) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := r.dial(ctx, address)
	if err != nil {
		return nil, errors.Join(errConnect, err)
	}
	accepted()
	if err := staysOpen(c, proofTime); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// staysOpen watches a connection for so long.
func staysOpen(c net.Conn, d time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	var b [1]byte
	n, err := c.Read(b[:])
	var timeout net.Error
	switch {
	case n > 0: // an application that speaks first is there
		return nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil
	case errors.Is(err, io.EOF):
		return errClosed
	}
	return err
}

// appointment is when an Upstream is to be visited.
type appointment struct {
	upstream *Upstream
	at       time.Time
}

// queue is a heap of appointments, the earliest first.
type queue []appointment

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(appointment)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = appointment{}
	*q = (*q)[:last]
	return a
}

func (q queue) ready(now time.Time) bool { return len(q) > 0 && !q[0].at.After(now) }

// wait is the time until the next visit; an hour when there is none, or no room for one, as an event then ends the wait.
func (q queue) wait(now time.Time, room bool) time.Duration {
	if len(q) == 0 || !room {
		return time.Hour
	}
	return max(0, q[0].at.Sub(now))
}

// collect takes over a list of those that asked: one that is out is due after its back-off, another one now.
func (q *queue) collect(list *Upstream) {
	for u := list; u != nil; {
		next := u.next
		u.next = nil
		until, _, _ := u.Out()
		heap.Push(q, appointment{upstream: u, at: until})
		u = next
	}
}

// again makes the next appointment of an Upstream that was just visited, or lets it go.
func (q *queue) again(u *Upstream) {
	until, _, out := u.Out()
	if out && !u.Retired() {
		heap.Push(q, appointment{upstream: u, at: until})
		return
	}
	u.asked.Store(false)
	// It may have been refused between the visit and this line, and its question was then not queued.
	if _, _, out := u.Out(); out && !u.Retired() {
		u.ask()
	}
}
