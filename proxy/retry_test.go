package proxy

import (
	"testing"
	"time"
)

// event is one failed attempt, and what must follow.
type event struct {
	failure Failure
	kept    bool
	want    Step
}

// morning is any moment.
var morning = time.Unix(1_800_000_000, 0)

func TestAttempts(t *testing.T) {
	const connect, settle, stale, sent, reset, silent, bad = FailedConnect, FailedSettle, FailedStale, FailedSent, FailedReset, FailedSilent, FailedAnswer
	for _, c := range []struct {
		name       string
		method     string
		replayable bool
		budget     int
		events     []event
	}{
		{"nothing sent is outside budget and method", "POST", false, 0, []event{{connect, false, StepAnother}, {settle, false, StepAnother}, {FailedHandshake, false, StepAnother}, {connect, false, StepAnother}}},
		{"connects are bounded", "GET", true, 9, []event{{connect, false, StepAnother}, {connect, false, StepAnother}, {connect, false, StepAnother},
			{connect, false, StepAnother}, {connect, false, StepAnother}, {connect, false, StepAnother}, {connect, false, StepAnother}, {connect, false, StepGiveUp}}},
		{"dead kept connections", "POST", false, 0, []event{{stale, true, StepSameFresh}, {stale, true, StepSameFresh}, {stale, true, StepSameFresh}}},
		{"a POST is never sent twice", "POST", true, 9, []event{{sent, true, StepGiveUp}}},
		{"a PATCH neither", "PATCH", true, 9, []event{{sent, false, StepGiveUp}}},
		{"an unknown method neither", "BREW", true, 9, []event{{silent, false, StepGiveUp}}},
		{"GET at most Max times", "GET", true, 9, []event{{sent, false, StepAnother}, {silent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"PUT only while its body is at hand", "PUT", false, 9, []event{{sent, false, StepGiveUp}}},
		{"PUT with its body", "PUT", true, 9, []event{{sent, false, StepAnother}}},
		{"resets count apart", "GET", true, 9, []event{{sent, false, StepAnother}, {reset, false, StepAnother}, {sent, false, StepAnother}, {reset, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"resets are bounded", "GET", true, 9, []event{{reset, false, StepAnother}, {reset, false, StepAnother}, {reset, false, StepAnother}, {reset, false, StepAnother},
			{reset, false, StepAnother}, {reset, false, StepAnother}, {reset, false, StepAnother}, {reset, false, StepAnother}, {reset, false, StepGiveUp}}},
		{"a reset proves nothing for a POST", "POST", true, 9, []event{{reset, true, StepGiveUp}}},
		{"resets are within the budget", "GET", true, 1, []event{{reset, false, StepAnother}, {reset, false, StepGiveUp}}},
		{"the end of a kept connection costs no budget, once", "GET", true, 0, []event{{sent, true, StepAnotherFresh}, {sent, false, StepGiveUp}}},
		{"its reset neither", "GET", true, 2, []event{{reset, true, StepAnotherFresh}, {sent, false, StepAnother}, {silent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"the end of a kept connection is one of Max", "GET", true, 9, []event{{sent, true, StepAnotherFresh}, {sent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"what is silent on a kept connection may be at work", "GET", true, 0, []event{{silent, true, StepGiveUp}}},
		{"PUT without its body, after the end of a kept connection", "PUT", false, 9, []event{{sent, true, StepGiveUp}}},
		{"PUT without its body, after a reset", "PUT", false, 9, []event{{reset, true, StepGiveUp}}},
		{"the budget", "GET", true, 1, []event{{sent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"an answer that is none", "GET", true, 9, []event{{bad, false, StepGiveUp}}},
		{"the client's fault", "GET", true, 9, []event{{FailedClient, false, StepGiveUp}}},
		{"nothing sent after something sent", "GET", true, 9, []event{{sent, false, StepAnother}, {connect, false, StepAnother}, {sent, false, StepAnother}, {sent, false, StepGiveUp}}},
	} {
		a := Attempts{Idempotent: Idempotent(c.method), Max: 2}
		left := c.budget
		for i, e := range c.events {
			got := a.Next(e.failure, e.kept, c.replayable, morning.Add(time.Duration(i)*time.Second), func() bool { left--; return left >= 0 })
			if got != e.want {
				t.Errorf("%s: step %d is %d, want %d", c.name, i, got, e.want)
			}
		}
	}
}

func TestWithoutRetriesNoneAfterAReset(t *testing.T) {
	for _, max := range []int{0, -1} {
		a := Attempts{Idempotent: true, Max: max}
		if got := a.Next(FailedReset, true, true, morning, func() bool { return true }); got != StepGiveUp {
			t.Errorf("Max %d: %d", max, got)
		}
	}
}

func TestLastInstance(t *testing.T) {
	free := func() bool { return true }
	for _, c := range []struct {
		name string
		f    Failure
		kept bool
		want [2]bool
	}{
		{"refused: once more", FailedConnect, false, [2]bool{true, false}},
		{"kept connection lost: once more", FailedSent, true, [2]bool{true, false}},
		{"kept connection reset: once more", FailedReset, true, [2]bool{true, false}},
		{"fresh connection lost: not again", FailedSent, false, [2]bool{false, false}},
	} {
		a := Attempts{Idempotent: true, Max: 9}
		for i, want := range c.want {
			a.Next(c.f, c.kept, true, morning, free)
			if got := a.Last(); got != want {
				t.Errorf("%s: %d: %v, want %v", c.name, i, got, want)
			}
		}
	}
}
