package discovery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// answerSlack is what a question may take beyond the catalogue's own longest wait: the way there and back, and a large
	// answer over a slow line.
	answerSlack = 5 * time.Second
	// freshLimit bounds a question that is answered at once (index zero): nothing is waited for, so a silent connection can
	// be noticed much earlier than on a blocking question.
	freshLimit = 10 * time.Second
	// callGrace is left to a call whose context has ended, so that a well-behaved one is not left behind.
	callGrace = 250 * time.Millisecond
	// callSlots is how many calls one watch may have at the same time: one that ignores its context, and its successor.
	callSlots = 2
)

// reply is an answer to one of the questions: the list, the instances of one service, or a topic.
type reply struct {
	of      question
	listing Listing
	answer  Answer
	hints   Hints
}

// question is what a reply answers.
type question uint8

const (
	ofInstances question = iota
	ofList
	ofTopic
)

func (r *reply) meta() Meta {
	switch r.of {
	case ofList:
		return r.listing.Meta
	case ofTopic:
		return r.hints.Meta
	default:
		return r.answer.Meta
	}
}

// questionLimit is the client-side deadline of a question. Consul adds up to a sixteenth to the wait asked for
// (https://developer.hashicorp.com/consul/api-docs/features/blocking).
func questionLimit(q Query) time.Duration {
	if q.Index == 0 {
		return freshLimit
	}
	return q.Wait + q.Wait/16 + answerSlack
}

// call asks with a deadline that holds even when the catalogue ignores its context: such a call is left behind, but never
// more than callSlots of them for one watch, whose next questions then fail without being asked.
func call(ctx context.Context, slots chan struct{}, q Query, ask func(context.Context, Query) (reply, error)) (reply, error) {
	limit := questionLimit(q)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return reply{}, fmt.Errorf("ask the catalogue: earlier questions never returned: %w", ctx.Err())
	}
	type outcome struct {
		reply
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-slots }()
		r, err := ask(ctx, q)
		done <- outcome{r, err}
	}()
	select {
	case o := <-done:
		return o.reply, o.err
	case <-ctx.Done():
	}
	grace := time.NewTimer(callGrace)
	defer grace.Stop()
	select {
	case <-done: // too late to be believed: whoever cancelled has gone on
	case <-grace.C:
	}
	return reply{}, fmt.Errorf("ask the catalogue: no answer within %s: %w", limit, ctx.Err())
}

// errorKind sorts errors for the metric's label and the log.
func errorKind(err error) string {
	switch {
	case errors.Is(err, ErrDenied):
		return "denied"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	default:
		return "failed"
	}
}
