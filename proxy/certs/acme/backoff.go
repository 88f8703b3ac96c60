package acme

import (
	"math/rand/v2"
	"time"
)

// backOff is how long something that failed is left alone: first, doubled with each failure up to most.
type backOff struct {
	first, most time.Duration
	failures    int       // in a row
	until       time.Time // zero where nothing failed
	told        time.Time // when the log said so last
}

var (
	// nameBackOff lets a name fail five times in the first hour, as many validations as Let's Encrypt allows it:
	// https://letsencrypt.org/docs/rate-limits/
	nameBackOff = backOff{first: 2 * time.Minute, most: 12 * time.Hour}
	// caBackOff is for a CA that can't be reached or is overloaded.
	caBackOff = backOff{first: 5 * time.Second, most: 10 * time.Minute}
	// storageBackOff is for a full disk or a Consul that is away.
	storageBackOff = backOff{first: 2 * time.Second, most: time.Minute}
)

// tellEvery is how often the log says that something still fails.
const tellEvery = time.Hour

// fail notes a failure, and says whether the log has to tell it. Processes that failed together try again at different moments.
func (b *backOff) fail(now time.Time) (tell bool) {
	wait := b.first
	for n := 0; n < b.failures && wait < b.most; n++ {
		wait *= 2
	}
	wait = min(wait, b.most)
	b.failures++
	b.until = now.Add(wait + rand.N(wait/8+1))
	if tell = b.told.IsZero() || now.Sub(b.told) >= tellEvery; tell {
		b.told = now
	}
	return tell
}

// succeed ends the failures, and says whether there were any.
func (b *backOff) succeed() (failed bool) {
	failed = b.failures > 0
	*b = backOff{first: b.first, most: b.most}
	return failed
}

// perHour is how many orders there may be in an hour: a loop of containers that come and go must not use up what a CA allows the account
// (Let's Encrypt: 300 in three hours).
const perHour = 20

// window is when the last orders were, the oldest first.
type window []time.Time

// take takes room for an order now, or says from when there is some.
func (w *window) take(now time.Time) (from time.Time, ok bool) {
	list := *w
	for len(list) > 0 && now.Sub(list[0]) >= time.Hour {
		list = list[1:]
	}
	*w = list
	if len(list) >= perHour {
		return list[0].Add(time.Hour), false
	}
	*w = append(list, now)
	return time.Time{}, true
}

// giveBack gives back what was taken last: there was no order after all.
func (w *window) giveBack() {
	if n := len(*w); n > 0 {
		*w = (*w)[:n-1]
	}
}
