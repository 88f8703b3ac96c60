package proxy

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
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

// A line's tries count instances that were asked, and not the end of a kept connection under a request: that one costs no attempt, once.
func TestTheEndOfAKeptConnectionCostsNoTry(t *testing.T) {
	for _, c := range []struct {
		name, method string
		tries        int
		events       []event
	}{
		{"closed", "GET", 1, []event{{FailedSent, true, StepAnotherFresh}, {FailedSent, false, StepGiveUp}}},
		{"reset", "HEAD", 1, []event{{FailedReset, true, StepAnotherFresh}, {FailedReset, true, StepGiveUp}}},
		{"fresh", "GET", 1, []event{{FailedSent, false, StepGiveUp}}},
		{"silent", "GET", 1, []event{{FailedSilent, true, StepGiveUp}}},
		{"POST", "POST", 1, []event{{FailedSent, true, StepGiveUp}}},
		{"two", "GET", 2, []event{{FailedSent, true, StepAnotherFresh}, {FailedSent, false, StepAnother}, {FailedSent, false, StepGiveUp}}},
	} {
		p := routing.DefaultPolicy()
		p.Tries.Most = c.tries
		a := attemptsOf(c.method, &p)
		for i, e := range c.events {
			if got := a.Next(e.failure, e.kept, true, morning, func() bool { return false }); got != e.want {
				t.Errorf("%s: step %d is %d, want %d", c.name, i, got, e.want)
			}
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

// What may be sent elsewhere although its instance answered, or still may.
func TestElsewhere(t *testing.T) {
	written := func(next string, most int) routing.Tries {
		n, err := dialect.ParseNext(next)
		if err != nil {
			t.Fatal(err)
		}
		return routing.Tries{Next: n, Most: most}
	}
	for _, c := range []struct {
		name, method string
		tries        routing.Tries
		budget       int
		statuses     []int // one after the other
		want         int   // of them sent elsewhere
	}{
		{"a gateway's statuses", "GET", routing.Tries{}, 9, []int{502, 503, 504}, 2},
		{"within the budget", "HEAD", routing.Tries{}, 1, []int{502, 503}, 1},
		{"no other status", "GET", routing.Tries{}, 9, []int{500}, 0},
		{"nor what was not found", "GET", routing.Tries{}, 9, []int{404}, 0},
		{"silence", "GET", routing.Tries{}, 9, []int{0}, 1},
		{"PUT changes something", "PUT", routing.Tries{}, 9, []int{503}, 0},
		{"POST", "POST", routing.Tries{}, 9, []int{503}, 0},
		{"written: no budget", "GET", written("503,404", 0), 0, []int{503, 404, 503}, 3},
		{"written: not silence", "GET", written("503,timeout", 0), 9, []int{0}, 0},
		{"written: a bound", "GET", written("503", 2), 9, []int{503, 503}, 1},
		{"written: one attempt", "GET", written("503", 1), 9, []int{503}, 0},
		{"written: PUT may be repeated", "PUT", written("429", 0), 0, []int{429}, 1},
		{"written: POST may not", "POST", written("503", 0), 0, []int{503}, 0},
		{"written: POST may", "POST", written("503,non-idempotent", 0), 0, []int{503}, 1},
		{"off", "GET", written("off", 0), 9, []int{503}, 0},
		{"a bound alone", "GET", routing.Tries{Most: 4}, 0, []int{503, 503, 503, 503}, 3},
	} {
		p := routing.DefaultPolicy()
		p.Tries = c.tries
		a := attemptsOf(c.method, &p)
		left, got := c.budget, 0
		for _, status := range c.statuses {
			if !a.Elsewhere(status, true, func() bool { left--; return left >= 0 }) {
				break
			}
			got++
			if a.Next(FailedStatus, false, true, morning, nil) != StepPicked {
				t.Errorf("%s: not the one that was picked", c.name)
			}
		}
		if got != c.want {
			t.Errorf("%s: %d sent elsewhere, want %d", c.name, got, c.want)
		}
		if a = attemptsOf(c.method, &p); a.Elsewhere(c.statuses[0], false, func() bool { return true }) {
			t.Errorf("%s: without its body", c.name)
		}
	}
}

// Where the route's line has rules of its own, failures without an answer follow them.
func TestAttemptsAsWritten(t *testing.T) {
	const connect, sent, silent, bad = FailedConnect, FailedSent, FailedSilent, FailedAnswer
	for _, c := range []struct {
		name, method, next string
		most               int
		events             []event
	}{
		{"off", "GET", "off", 0, []event{{connect, false, StepGiveUp}}},
		{"off, and a kept connection ends", "GET", "off", 0, []event{{sent, true, StepSameFresh}, {sent, true, StepGiveUp}}},
		{"off, POST", "POST", "off", 0, []event{{sent, true, StepGiveUp}}},
		{"a dead kept connection", "POST", "off", 0, []event{{FailedStale, true, StepSameFresh}}},
		{"error", "GET", "error", 0, []event{{connect, false, StepAnother}, {sent, false, StepAnother}, {sent, false, StepAnother}, {silent, false, StepGiveUp}}},
		{"timeout", "GET", "timeout", 0, []event{{silent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"invalid", "GET", "invalid_header", 0, []event{{bad, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"a bound", "GET", "error", 2, []event{{connect, false, StepAnother}, {connect, false, StepGiveUp}}},
		{"a bound, and the end of a kept connection", "GET", "error", 2, []event{{sent, true, StepAnotherFresh}, {sent, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"POST", "POST", "error", 0, []event{{connect, false, StepAnother}, {sent, false, StepGiveUp}}},
		{"POST that may be repeated", "POST", "error,non-idempotent", 0, []event{{sent, false, StepAnother}}},
		{"full is not failed", "GET", "off", 1, []event{{FailedFull, false, StepAnother}}},
	} {
		next, err := dialect.ParseNext(c.next)
		if err != nil {
			t.Fatal(err)
		}
		p := routing.Policy{Tries: routing.Tries{Next: next, Most: c.most}}
		a := attemptsOf(c.method, &p)
		for i, e := range c.events {
			if got := a.Next(e.failure, e.kept, true, morning, func() bool { t.Errorf("%s: the budget was asked", c.name); return false }); got != e.want {
				t.Errorf("%s: step %d is %d, want %d", c.name, i, got, e.want)
			}
		}
	}
}
