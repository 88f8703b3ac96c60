package discovery

import (
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

// farSlack is what a question to another datacenter may take beyond that: the servers of this one connect to those of the other first, and
// a large answer crosses a longer line.
const farSlack = 10 * time.Second

// questionLimit is the client-side deadline of a question, far where it goes to another datacenter. Consul adds up to a sixteenth to the wait asked for
// (https://developer.hashicorp.com/consul/api-docs/features/blocking).
func questionLimit(q Query, far bool) time.Duration {
	limit := freshLimit
	if q.Index != 0 {
		limit = q.Wait + q.Wait/16 + answerSlack
	}
	if far {
		limit += farSlack
	}
	return limit
}
