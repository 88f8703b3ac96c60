package discovery

import (
	"math/rand/v2"
	"time"
)

const (
	// patrolTick is how often is looked which services are due.
	patrolTick = time.Second
	// patrolCovered: each service is asked about now and then whatever the hints say; 2,000 of them cost 0.3 % of a core.
	patrolCovered = 10 * time.Minute
	// patrolBare takes the place of hints while some of them are missing.
	patrolBare = 15 * time.Second
	// listFresh: while the list itself is not answered nobody is asked in its place.
	listFresh = 2 * listWait
)

// cover works out since when nothing can have changed unseen.
func (v *view) cover() {
	oldest := time.Since(v.base)
	for _, t := range v.tracking.topics {
		oldest = min(oldest, t.answered)
	}
	was := v.tracking.covered
	v.tracking.covered = oldest > 0 && !v.tracking.missing
	if !v.tracking.covered {
		return
	}
	v.ages.covered.Store(int64(oldest))
	if was {
		return
	}
	for _, s := range v.subjects {
		if s.failing {
			v.hint(s, 0)
		}
	}
}

// planPatrol sets when a service is asked for without a hint, if nothing comes in between.
func (v *view) planPatrol(s *subject) {
	if v.tracking != nil {
		s.patrol = time.Now().Add(patrolCovered/2 + rand.N(patrolCovered/2))
	}
}

// patrol has those services asked for that are due; while hints are missing, all that have not been answered for lately.
func (v *view) patrol() {
	now := time.Since(v.base)
	if v.tracking == nil || now-time.Duration(v.ages.list.Load()) > listFresh {
		return
	}
	for _, s := range v.subjects {
		late := !v.tracking.covered && now-time.Duration(s.age.answered.Load()) > patrolBare
		if late || time.Now().After(s.patrol) {
			v.hint(s, 0)
		}
	}
}
