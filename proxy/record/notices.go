package record

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// What an instance did wrong is logged at the default level, or nobody could mend it: the client's 502 says only that it was an
// instance. One line for each instance and reason in a while, with how often it came since the last one.

// quiet is the least time between two lines about the same.
const quiet = 10 * time.Second

// Notices says which lines for operators are due, so that what goes wrong a thousand times a second is logged now and then. All Recorders
// of a process share one. The zero value is ready, and safe for concurrent use.
type Notices struct {
	shortages, pauses, handshakes seldom
	instances                     instanceNotices
}

// Paused logs, now and then, that a listener accepts no connections for a moment, and why.
func (n *Notices) Paused(log *zerolog.Logger, address net.Addr, why error) {
	if n.pauses.now() {
		log.Warn().Err(why).Stringer("address", address).Msg("accepting is paused; new connections wait")
	}
}

// seldom lets one through in a while.
type seldom struct{ last atomic.Int64 }

func (s *seldom) now() bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return now-last > int64(quiet) && s.last.CompareAndSwap(last, now)
}

// maxNotices bounds how many instances with a reason are remembered; past it the ones that were logged long ago are forgotten.
const maxNotices = 1024

// instanceNotices remembers what was logged. The zero value is ready, and safe for concurrent use.
type instanceNotices struct {
	mu    sync.Mutex
	known map[notice]*lastLine
}

// notice is an instance, by its address, and what it did.
type notice struct{ instance, reason string }

// lastLine is when the last line was written, and how many were not since.
type lastLine struct {
	at      time.Time
	omitted int
}

// count notes one more. It is true where a line is due, which says that many.
func (b *instanceNotices) count(one notice, now time.Time) (times int, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.known[one]
	if t == nil {
		if len(b.known) >= maxNotices && !b.forget(now) {
			return 0, false // the metric counts it all the same
		}
		if b.known == nil {
			b.known = make(map[notice]*lastLine)
		}
		b.known[one] = &lastLine{at: now}
		return 1, true
	}
	t.omitted++
	if now.Sub(t.at) < quiet {
		return 0, false
	}
	times = t.omitted
	*t = lastLine{at: now}
	return times, true
}

// forget drops what was logged long ago. It is false where nothing was. It needs b.mu.
func (b *instanceNotices) forget(now time.Time) bool {
	for one, t := range b.known {
		if now.Sub(t.at) >= quiet {
			delete(b.known, one)
		}
	}
	return len(b.known) < maxNotices
}
