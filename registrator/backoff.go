package registrator

import (
	"math/rand/v2"
	"time"
)

const (
	// firstRetry is about the time that an agent needs to answer again after a hiccup.
	firstRetry = 100 * time.Millisecond
	// eagerRetry bounds the wait for the first eagerTries: a leader election takes some 10 s, and a registration should
	// follow within a second of its end.
	eagerRetry = time.Second
	eagerTries = 20
	// patientRetry bounds the wait later on: 500 containers then cost a dead agent 50 attempts a second at most.
	patientRetry = 10 * time.Second
	// logEvery: the first failure is logged, then every tenth.
	logEvery = 10
)

// backoff is the wait before the next try after that many failures in a row (1 for the first). Half of it is jitter, so
// that those who failed together do not come back together.
func backoff(failures int) time.Duration {
	limit := eagerRetry
	if failures > eagerTries {
		limit = patientRetry
	}
	d := limit
	if failures < 8 { // beyond that the shift exceeds every limit
		d = min(limit, firstRetry<<(max(failures, 1)-1))
	}
	return d/2 + rand.N(d/2+1)
}

// worthLogging says whether this failure of a row is to be logged.
func worthLogging(failures int) bool { return failures == 1 || failures%logEvery == 0 }
