//go:build race

package lab

// Raced says that the race detector looks on: it multiplies memory and time, and lets pools lose what they hold, so that bounds of these and
// counts of allocations say nothing. RaceFactor is how much longer things take.
const (
	Raced      = true
	RaceFactor = 4
)
