package balancer

import "time"

// Member is one instance of a fixed set, spoken to over one way.
type Member struct {
	Way *Way
	// Weight is relative to the others; 0 means that it is chosen only when no member with a weight can be.
	Weight int
	// ID is what keys are hashed with: the same for as long as the instance is, whatever process or table; 0 where nothing is hashed.
	ID uint64
	// Sticky is what a client's cookie names the instance by; 0 where the route is not sticky.
	Sticky uint64
	// Backup members are chosen only when no other can be.
	Backup bool
	// Away members stand in another zone than ours, see Zones.
	Away bool
	at   int32 // the position in the whole set, plus one; 0 where it is that in the picker's own
	// MaxConns is how many requests the instance may have at once, over all ways and routes; 0 is no limit.
	MaxConns int
	// SlowStart is how long the share grows of one that has come or has come back; 0 is not at all.
	SlowStart time.Duration
}

// Full says whether the instance has as many requests as it may.
func (m *Member) Full() bool {
	return m.MaxConns > 0 && m.Way.upstream.InFlight() >= int64(m.MaxConns)
}

// position is that of member i of a picker in the whole set.
func (m *Member) position(i int) int {
	if m.at > 0 {
		return int(m.at) - 1
	}
	return i
}

// chance is whether a member may be chosen.
type chance uint8

const (
	chanceNone  chance = iota
	chanceLater        // its ramp leaves this turn to others
	chanceNow
)

// may judges member i of a set, which is m. In a first pass for settled members, one that is merely not settled yet is reported to its
// Reviver, so that it does not starve while others serve.
func (m *Member) may(i int, w *Want) chance {
	if w.Tried.any() && w.Tried.Has(m.position(i)) || !m.Way.Usable() || m.Full() {
		return chanceNone
	}
	if w.Settled {
		if !m.Way.Settled() {
			if !w.dry {
				m.Way.ask()
			}
			return chanceNone
		}
		if m.Way.Leaving() {
			return chanceNone
		}
	}
	if w.eager || m.Way.takes(m.SlowStart) {
		return chanceNow
	}
	return chanceLater
}
