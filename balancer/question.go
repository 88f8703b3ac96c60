package balancer

import (
	"context"
	"io"
	"time"
)

// Question is a safe request that failed at one instance in the middle of its answer, where it could not be tried elsewhere any more. It is
// asked at another one, to learn whose fault that was; the answer goes to nobody.
type Question struct {
	// Way is where it is asked.
	Way *Way
	// Request is all of it, as it is sent. The Reviver owns it.
	Request []byte
	// Good reads the answer, and says whether it is a good one.
	Good func(answer io.Reader) bool
	// Told is called where it is.
	Told func()
}

// Bounds of questions. What is learnt is worth little effort: past these nothing is asked.
const (
	maxQuestions  = 16
	questionTime  = 2 * time.Second
	askedAtOnce   = 4
	questionEvery = 10 * time.Millisecond
)

// Ask asks, unless there are too many questions or nobody looks after the instance. Any goroutine may call it; it does not block.
func (q Question) Ask() bool {
	r := q.Way.upstream.reviver
	if r == nil {
		return false
	}
	select {
	case r.questions <- q:
		return true
	default:
		return false
	}
}

// answerQuestions asks until ctx ends.
func (r *Reviver) answerQuestions(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-r.questions:
			if r.good(ctx, q) {
				q.Told()
			}
		}
		pause.Reset(questionEvery)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// good asks one.
func (r *Reviver) good(ctx context.Context, q Question) bool {
	c, _, err := r.connect(ctx, q.Way)
	if err != nil {
		return false
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if c.SetDeadline(time.Now().Add(questionTime)) != nil {
		return false
	}
	if _, err := c.Write(q.Request); err != nil {
		return false
	}
	return q.Good(c)
}
