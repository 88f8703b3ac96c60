// Package repeat says which of many equal lines of a log is due, so that what goes wrong a thousand times a second is a line now and then, with
// how often it came. It knows nothing of what the lines say.
package repeat

import (
	"sync"
	"time"
)

// Quiet is the least time between two lines about the same.
const Quiet = 10 * time.Second

// most bounds how much is remembered; past it what was logged long ago is forgotten.
const most = 1024

// Lines remembers what was logged, by a key that says what a line is about. The zero value is ready, and safe for concurrent use.
type Lines[K comparable] struct {
	mu    sync.Mutex
	known map[K]*last
}

// last is when the last line was written, and how many were not since.
type last struct {
	at      time.Time
	omitted int
}

// Count notes one more. It is true where a line is due, which says that many came since the last one, itself included. Where more than 1,024
// keys came in ten seconds, others get no line.
func (l *Lines[K]) Count(key K, now time.Time) (times int, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.known[key]
	if t == nil {
		if len(l.known) >= most && !l.forget(now) {
			return 0, false
		}
		if l.known == nil {
			l.known = make(map[K]*last)
		}
		l.known[key] = &last{at: now}
		return 1, true
	}
	t.omitted++
	if now.Sub(t.at) < Quiet {
		return 0, false
	}
	times = t.omitted
	*t = last{at: now}
	return times, true
}

// forget drops what was logged long ago. It is false where nothing was. It needs l.mu.
func (l *Lines[K]) forget(now time.Time) bool {
	for key, t := range l.known {
		if now.Sub(t.at) >= Quiet {
			delete(l.known, key)
		}
	}
	return len(l.known) < most
}
