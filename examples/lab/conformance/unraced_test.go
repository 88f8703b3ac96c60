//go:build !race

package conformance

// raced is false: memory is what it is, and so is time.
const (
	raced  = false
	slower = 1
)
