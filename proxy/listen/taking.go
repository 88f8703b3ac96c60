package listen

import "time"

// Looks is how many looks in a row have to find that a peer has taken nothing before it counts as standing still.
const Looks = 4

// LookAfter is the time between two looks at a peer that may stand still for most.
func LookAfter(most time.Duration) time.Duration { return most / Looks }

// Taking follows whether a peer takes what it is sent. The kernel tells of room only when a third of its buffer, which may hold
// megabytes, is free again: a slow peer may need longer for that than it may stand still, though it takes something all the time. So
// where there was no room for a while, who waits looks at how much the kernel still holds: see Held. The zero value has not looked yet.
type Taking struct{ held, stood int }

// Took looks, and says whether the peer has taken something since the last look, as far as that is known.
func (t *Taking) Took(held int) bool {
	took := held < t.held
	t.held = held
	if took {
		t.stood = 0
	} else {
		t.stood++
	}
	return took
}

// Stands looks, and says whether the peer has taken nothing for so many looks that it stands still.
func (t *Taking) Stands(held int) bool {
	t.Took(held)
	return t.stood >= Looks
}
