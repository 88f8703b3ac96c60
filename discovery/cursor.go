package discovery

// doubt is why an absence in an answer is not believed at once. The zero value is none: sure.
type doubt uint8

const (
	sure       doubt = iota
	indexFell        // the index is lower than before: restored, wiped, or another server
	indexStood       // the index did not go forward, or was none at all, and yet something is missing
	afterError       // the first answer after an error
	massVanish       // at least two, and half, of all services vanished together
	nodeDown         // the node's own check is critical, which says little about its instances
)

// String is for the log.
func (d doubt) String() string {
	switch d {
	case indexFell:
		return "the catalogue's index fell"
	case indexStood:
		return "the catalogue's index did not move"
	case afterError:
		return "first answer after an error"
	case massVanish:
		return "half of all services vanished together"
	case nodeDown:
		return "its node's serfHealth is critical"
	default:
		return "no doubt"
	}
}

// maxIndex is the highest index that is believed. Consul's is the Raft log's: a million writes a second for 285 years. One
// beyond is junk, and waiting with it would be waiting for nothing.
const maxIndex = 1 << 53

// cursor follows the index of one watch. Zero value: nothing asked yet.
type cursor struct {
	ask     uint64 // what to wait with next
	last    uint64 // the last answer's index, 0 before the first and after a fall
	falls   int    // falls in a row, each followed by nothing but its re-reading
	pending doubt  // what the next answer is to be doubted for
}

// advance takes an answer's index. It returns why absences in that answer are in doubt, and whether the watch is to slow
// down because the index can't be waited with.
func (c *cursor) advance(m Meta) (d doubt, slow bool) {
	d, c.pending = c.pending, sure
	if m.IndexBad || m.Index == 0 || m.Index > maxIndex {
		c.ask = 1 // Consul: an index of zero counts as one, or the loop spins
		if d == sure && c.last != 0 {
			d = indexStood
		}
		c.last = max(c.last, 1)
		return d, true
	}
	last := c.last
	c.ask, c.last = m.Index, m.Index
	switch {
	case m.Index < last:
		// Start again from zero. What comes then is from the same, younger history and as doubtful.
		*c = cursor{pending: indexFell, falls: c.falls + 1}
		return indexFell, true
	case d == indexFell:
		return d, c.falls > 1 // an index that only ever falls must not be asked for twice a second
	case m.Index == last && d == sure:
		return indexStood, false
	}
	c.falls = 0
	return d, false
}

// fail notes an error: the next question starts from zero, since what was missed is unknown.
func (c *cursor) fail() {
	c.ask = 0
	if c.pending == sure {
		c.pending = afterError
	}
}
