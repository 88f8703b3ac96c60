package discovery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// reply is an answer to one of the questions: the list, the instances of one service, or a topic.
type reply struct {
	of      question
	listing Listing
	answer  Answer
	hints   Hints
	texts   TextAnswer
}

// question is what a reply answers.
type question uint8

const (
	ofInstances question = iota
	ofList
	ofTopic
	ofTexts
)

func (r *reply) meta() Meta {
	switch r.of {
	case ofList:
		return r.listing.Meta
	case ofTopic:
		return r.hints.Meta
	case ofTexts:
		return r.texts.Meta
	default:
		return r.answer.Meta
	}
}

// call asks with a deadline that holds even when the catalogue ignores its context: such a call is left behind, but never
// more than callSlots of them for one watch, whose next questions then fail without being asked.
func call(ctx context.Context, slots chan struct{}, q Query, limit time.Duration, ask func(context.Context, Query) (reply, error)) (reply, error) {
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
