package discovery

import (
	"context"
	"sync/atomic"
	"time"
)

// trace is what a topic's watch remembers from one answer to the next. A nil trace belongs to a watch that is on no topic.
type trace struct {
	topic Topic
	known map[Fact]struct{} // what the last answer told; nil before the first
	quiet bool              // the last answer told nothing new
}

// change is what an answer to a topic has that the one before had not, and the other way round.
type change struct {
	first bool // there was none before, so that what went unseen is unknown
	known map[Fact]struct{}
	facts []Fact
	// floor is the index up to which everything was known already: what has changed has changed after it. 0 where unknown.
	floor uint64
}

// learn compares an answer with the last one, whose index was last.
func (t *trace) learn(h Hints, last uint64, d doubt) change {
	t.quiet = true
	if h.Unchanged {
		return change{known: t.known}
	}
	c := change{first: t.known == nil, known: make(map[Fact]struct{}, len(h.Facts))}
	if d == sure {
		c.floor = last
	}
	for _, f := range h.Facts {
		c.known[f] = struct{}{}
		if _, was := t.known[f]; !was {
			c.facts = append(c.facts, f)
		}
	}
	for f := range t.known {
		if _, is := c.known[f]; !is {
			c.facts = append(c.facts, f)
		}
	}
	t.known, t.quiet = c.known, len(c.facts) == 0
	return c
}

// rotateRate is how many questions a second go to nodes that take turns. One without news costs some 0.2 ms here.
const rotateRate = 200

// turns bounds how many watches ask at the same time. While there are more, each waits for its turn and gives it up
// soon, so that all are asked within sharing/rate seconds. Nil bounds nothing.
type turns struct {
	slots   chan struct{}
	rate    int // questions a second
	sharing atomic.Int64
}

func (t *turns) enter(ctx context.Context) bool {
	return t == nil || acquire(ctx, t.slots)
}

func (t *turns) leave() {
	if t != nil {
		<-t.slots
	}
}

// wait is how long a question may wait for news, at most longest.
func (t *turns) wait(longest time.Duration) time.Duration {
	if t == nil || !t.crowded() {
		return longest
	}
	return min(longest, time.Duration(cap(t.slots))*time.Second/time.Duration(t.rate))
}

func (t *turns) crowded() bool { return int(t.sharing.Load()) > cap(t.slots) }
