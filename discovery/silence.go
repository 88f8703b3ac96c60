package discovery

import (
	"errors"
	"time"
)

// silence is that of a Store which had not told what it holds when the first view could wait no longer.
type silence struct {
	since time.Time // zero where it has told
}

// theStore is who does not answer, for people.
const theStore = "the store of drains and pins"

var (
	errNoneKnown = errors.New("none are in effect here: an instance that is drained may get requests, and a service that is pinned has the routes that its tags ask for")
	errDiskKnown = errors.New("those that the snapshot on disk has stay in effect")
)

// goWithoutStore says that the first view comes without what the Store holds. To serve all the same is right: that an instance is drained, or a service
// pinned, is rare, and to answer nobody would be worse than both.
func (v *view) goWithoutStore() {
	if v.drainsKnown() && v.pinsKnown() {
		return
	}
	v.silent.since = time.Now()
	why := errNoneKnown
	if v.disk != nil {
		why = errDiskKnown
	}
	v.o.Log.Warn().Err(why).Msg(theStore + " has not answered: starting without it; what it holds is put into effect as soon as it does")
	if v.o.Noted != nil {
		v.o.Noted(Outage{Whose: theStore, Why: why})
	}
}

// storeAnswers says that what it holds is in effect now.
func (v *view) storeAnswers() {
	if v.silent.since.IsZero() || !v.drainsKnown() || !v.pinsKnown() {
		return
	}
	d := time.Since(v.silent.since)
	v.silent.since = time.Time{}
	v.o.Log.Info().Stringer("after", d).Msg(theStore + " answers: what it holds is in effect")
	if v.o.Noted != nil {
		v.o.Noted(Outage{Whose: theStore, For: d})
	}
}
