package listen

import "time"

// How a connection ends whose other side has vanished without a word, and that nothing else ends: a tunnel, or an answer that an
// instance takes its time over. These are the values of Go's net, so that it does not matter which listener has a connection, and
// whether it was handed over: after 15 s without a segment there is a probe every 15 s, and the ninth without an answer is the end.
const (
	KeepIdle     = 15 * time.Second
	KeepInterval = 15 * time.Second
	KeepCount    = 9
)
