//go:build race

package conformance

// raced: the race detector multiplies memory, so that its bounds say nothing.
const raced = true
