//go:build !race

package lab

// Raced is false: memory, time and allocations are what they are.
const (
	Raced      = false
	RaceFactor = 1
)
