package discovery

import (
	"net"
	"strconv"
	"sync"
	"time"
)

// Decision is what became of an instance that the catalogue no longer listed as usable, where that was in doubt.
type Decision struct {
	At                         time.Time
	Service, Instance, Address string
	// Kept says that the instance stays in service while it accepts connections, at most for a minute; else that is over, and Removed says
	// that the instance went the way that the catalogue said.
	Kept, Removed bool
	// Why is the reason, for people.
	Why string
	// Vanished is how many services lost their last usable instance within seconds, of Services in all; 0 where that was not the reason.
	Vanished, Services int
}

// keptDecisions is how many are kept for those who ask afterwards.
const keptDecisions = 256

// decisions are the last ones. The zero value is ready, and safe for concurrent use.
type decisions struct {
	tell func(Decision) // may be nil
	mu   sync.Mutex
	last []Decision // the oldest first
}

// add notes one about an instance.
func (d *decisions) add(one Decision, about *Instance) {
	one.At, one.Service, one.Instance = time.Now(), about.Service, about.ID
	if about.Datacenter != "" {
		one.Service += "@" + about.Datacenter
	}
	one.Address = net.JoinHostPort(about.Address, strconv.Itoa(about.Port))
	if d.tell != nil {
		d.tell(one)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.last) == keptDecisions {
		d.last = append(d.last[:0], d.last[1:]...)
	}
	d.last = append(d.last, one)
}

// Decisions are the last 256 about instances whose removal was in doubt, the latest first.
func (w *Watcher) Decisions() []Decision {
	d := &w.decisions
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Decision, 0, len(d.last))
	for i := len(d.last) - 1; i >= 0; i-- {
		out = append(out, d.last[i])
	}
	return out
}
