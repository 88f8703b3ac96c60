//go:build !race

package conformance

// raced is false: memory is what it is.
const raced = false
