package std

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// upload is a request's body on its way. A small one is read whole before an instance is asked. Else one goroutine, for as long as
// the request lasts, reads a piece and sends it to the instance of the present attempt; it never reads on before that is done.
type upload struct {
	exchange *exchange
	pace     pace
	chunked  bool // towards the instance
	ahead    bool // read whole, before an instance was asked
	started  bool
	stopped  sync.Once
	done     chan struct{} // closed when the goroutine has ended
	whole    atomic.Bool   // read to its end
	untaken  atomic.Bool   // no attempt takes it

	mu       sync.Mutex
	wake     sync.Cond
	to       *upstreamConn // nil while no attempt takes the body
	sent     int64         // bytes of content that to was given
	ended    bool          // to was given the end too
	quit     bool
	total    int64  // bytes read so far
	replay   []byte // these, where they are all kept
	outgrown bool   // they are not: see proxy.Exchange.KeepsBody
	end      error  // io.EOF, or why there is no more
	buf      []byte // for framing
}

func newUpload(e *exchange) *upload {
	u := &upload{exchange: e, chunked: e.request.Framing.Kind == http1.Chunked, pace: pace{exchange: &e.x}}
	u.wake.L = &u.mu
	return u
}

// readAhead reads a body whole, see proxy.Exchange.ReadsAhead. It is false when it could not.
func (u *upload) readAhead() bool {
	u.ahead = true
	for {
		data, err := u.exchange.body.readBody(&u.pace)
		if err == nil || u.replay != nil {
			u.replay = append(u.replay, data...)
		} else { // it came in one piece, which stays where it is
			u.replay = data
		}
		if err != nil {
			u.end = err
			u.whole.Store(u.wholeRead())
			return u.wholeRead()
		}
	}
}

// errOutgrown says that a body's beginning is no longer at hand: more came after the attempt before had ended.
var errOutgrown = errors.New("the body has outgrown what is kept of it")

// errTooLarge says that a body has more bytes than its route takes.
var errTooLarge = errors.New("the body is too large")

// attach sends what was read so far to an attempt's connection, and from now on what comes.
func (u *upload) attach(c *upstreamConn) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.outgrown {
		return errOutgrown
	}
	err := u.send(c, u.replay)
	if err != nil {
		return err
	}
	u.to, u.sent, u.ended = c, u.total, u.wholeRead()
	u.untaken.Store(false)
	if !u.started {
		u.started, u.done = true, make(chan struct{})
		go u.run()
	}
	u.wake.Signal()
	return nil
}

// detach ends that. Its connection must be closed where the attempt failed, as a write may be under way.
func (u *upload) detach() {
	u.mu.Lock()
	u.to = nil
	u.mu.Unlock()
}

// run reads and sends until the end.
func (u *upload) run() {
	defer close(u.done)
	for {
		data, err := u.exchange.body.readBody(&u.pace)
		if !u.forward(data, err) {
			return
		}
	}
}

// forward sends one piece, as soon as there is an attempt that takes it. It is false when there is nothing more to do.
func (u *upload) forward(data []byte, end error) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keep(data)
	if u.exchange.x.TooLarge(u.total) {
		end = errTooLarge
	}
	u.end = end
	u.whole.Store(u.wholeRead())
	if end != nil && !u.wholeRead() {
		u.exchange.cancel() // no instance is to wait for the rest
		return false
	}
	for {
		for u.to == nil && !u.quit {
			u.wake.Wait()
		}
		if u.quit {
			return false
		}
		if u.sent == u.total && u.ended == u.wholeRead() {
			return end == nil // attach has sent it
		}
		if u.send(u.to, data) == nil {
			u.sent, u.ended = u.total, u.wholeRead()
			return end == nil
		}
		u.to = nil
		u.untaken.Store(true)
	}
}

// wholeRead says whether the body was read to its end. It needs u.mu.
func (u *upload) wholeRead() bool { return errors.Is(u.end, io.EOF) }

// send writes a piece, and what ends the body where all of it was read. It needs u.mu.
func (u *upload) send(c *upstreamConn, data []byte) error {
	out := data
	if u.chunked {
		out = http1.AppendChunk(u.buf[:0], data)
		if u.wholeRead() {
			out = http1.AppendLastChunk(out, proxy.AppendTrailers(nil, u.exchange.body.trailers(), u.exchange.x.RequestChanges()))
		}
		u.buf = out
	}
	if len(out) == 0 {
		return nil
	}
	_, err := c.Write(out)
	return err
}

// keep needs u.mu.
func (u *upload) keep(data []byte) {
	u.total += int64(len(data))
	switch {
	case u.outgrown || len(data) == 0:
	case !u.exchange.x.KeepsBody() || len(u.replay)+len(data) > proxy.ReplayBytes:
		u.outgrown, u.replay = true, nil
	default:
		u.replay = append(u.replay, data...)
	}
}

// replayable says whether all that was read so far is still at hand.
func (u *upload) replayable() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.outgrown && (u.end == nil || u.wholeRead())
}

// received is how much of the body was read.
func (u *upload) received() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return max(u.total, int64(len(u.replay)))
}

// failed says whether the client's side failed.
func (u *upload) failed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.end != nil && !u.wholeRead()
}

// failure is what that means.
func (u *upload) failure() proxy.Failure {
	u.mu.Lock()
	defer u.mu.Unlock()
	var garbled *http1.Error
	switch {
	case errors.As(u.end, &garbled) && garbled != http1.ErrCut:
		return proxy.FailedBody
	case timedOut(u.end):
		return proxy.FailedSlow
	case errors.Is(u.end, errTooLarge):
		return proxy.FailedLarge
	}
	return proxy.FailedClient
}

// moves says whether the body is on its way: then its goroutine is who sees the client go away, and the instance need not answer yet.
func (u *upload) moves() bool { return u.started && !u.whole.Load() && !u.untaken.Load() }

// sentWait is how long the end of sending is waited for once the answer is complete and the body was read to its end: the
// instance has the last byte then, only the goroutine that wrote it may not have been told.
const sentWait = 5 * time.Millisecond

// gone says whether the whole body went to the instance.
func (u *upload) complete() bool {
	if !u.started || !u.whole.Load() {
		return u.ahead
	}
	timer := time.NewTimer(sentWait)
	defer timer.Stop()
	select {
	case <-u.done:
		return u.ended // what wrote it has ended
	case <-timer.C:
		return false
	}
}

// stop ends reading and sending. The connection of a failed or unfinished attempt must be closed.
func (u *upload) stop() {
	u.stopped.Do(func() {
		u.mu.Lock()
		u.quit = true
		u.wake.Signal()
		u.mu.Unlock()
		if u.started {
			if !u.whole.Load() {
				u.exchange.body.stopBody()
			}
			<-u.done
		}
	})
}

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
