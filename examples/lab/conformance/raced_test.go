//go:build race

package conformance

// raced: the race detector multiplies memory, so that its bounds say nothing, and time.
const (
	raced  = true
	slower = 4
)
