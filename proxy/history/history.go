package history

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// The bounds of a History.
const (
	// Most is how many tables are remembered unless Options say it.
	Most = 1000
	// mostBytes is what the tables may take that can be made anew: 1,000 changes of services with ten instances are 25 MiB.
	mostBytes = 28 << 20
)

// Options say what a History follows.
type Options struct {
	// Switch publishes the tables.
	Switch *routing.Switch
	// Answers tells how many requests were answered so far, and how many of them with a status of 500 or more; nil leaves both 0. It is
	// called once for each table.
	Answers func() (requests, errors uint64)
	// Most is how many tables are remembered; 0 means Most.
	Most int
}

// Version is one table that was published.
type Version struct {
	// Number is the table's, Previous that of the one before. Where tables were published faster than they could be looked at, what a Version
	// changed is the difference to the Version before it.
	Number, Previous uint64
	// Published is when requests began to use it, Replaced when they ceased to; zero for the present one.
	Published, Replaced time.Time
	// Stale says that it was made of a snapshot from disk.
	Stale bool
	Cause Cause
	// Services, Instances and Routes are what came, went and was altered.
	Services, Instances, Routes Changes
	// Requests is how many were answered while it was the present one, and Errors how many of them with a status of 500 or more.
	Requests, Errors uint64
	// Held says that At makes it anew.
	Held bool
}

// counted are totals.
type counted struct{ requests, errors uint64 }

// History remembers the last tables of a Switch. Make it with New; Run does the work. Safe for concurrent use.
type History struct {
	options Options

	mu       sync.Mutex
	versions []*Version // the oldest first; the last one's Requests and Errors are still open
	archive  *routing.Archive
	last     *routing.Table
	began    counted // when the last one was published
}

// New makes a History that knows no table yet.
func New(o Options) *History {
	if o.Most <= 0 {
		o.Most = Most
	}
	if o.Answers == nil {
		o.Answers = func() (uint64, uint64) { return 0, 0 }
	}
	return &History{options: o, archive: routing.NewArchive(o.Most, mostBytes)}
}

// Run follows the Switch until ctx ends. It always returns nil.
func (h *History) Run(ctx context.Context) error {
	following := h.options.Switch.Follow()
	defer following.Stop()
	if t := h.options.Switch.Load(); t != nil {
		h.take(t)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-following.More():
			for _, t := range following.Take() {
				h.take(t)
			}
		}
	}
}

// take remembers a table, unless it is known already.
func (h *History) take(t *routing.Table) {
	if h.last != nil && t.Number <= h.last.Number {
		return
	}
	now := h.answers()
	v := versionOf(h.last, t)
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.versions); n > 0 {
		before := h.versions[n-1]
		closed := *before // who has got it reads it without the lock
		closed.Replaced, closed.Requests, closed.Errors = v.Published, now.requests-h.began.requests, now.errors-h.began.errors
		h.versions[n-1] = &closed
	}
	h.versions = append(h.versions, v)
	if n := len(h.versions) - h.options.Most; n > 0 {
		h.versions = slices.Delete(h.versions, 0, n)
	}
	h.archive.Add(t)
	h.last, h.began = t, now
}

func (h *History) answers() (c counted) {
	c.requests, c.errors = h.options.Answers()
	return c
}

// Versions are the last ones, at most so many, the latest first.
func (h *History) Versions(most int) []Version {
	now := h.answers()
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(max(0, most), len(h.versions))
	out := make([]Version, 0, n)
	for i := range n {
		v := *h.versions[len(h.versions)-1-i]
		if i == 0 {
			v.Requests, v.Errors = now.requests-h.began.requests, now.errors-h.began.errors
		}
		v.Held = v.Number >= h.archive.Oldest()
		out = append(out, v)
	}
	return out
}

// At makes the table of a moment anew: it is for people to ask, not for requests. The error is one line for people.
func (h *History) At(m Moment) (*routing.Table, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		return nil, fmt.Errorf("there is no table yet")
	}
	number := m.Number
	if !m.Time.IsZero() {
		v := h.current(m.Time)
		if v == nil {
			return nil, fmt.Errorf("nothing is known of %s: the oldest table that is remembered was published at %s", m, h.versions[0].Published.Format(time.RFC3339Nano))
		}
		number = v.Number
	}
	switch t := h.archive.At(number); {
	case t != nil:
		return t, nil
	case number > h.last.Number:
		return nil, fmt.Errorf("there is no table %d yet: the present one is %d", number, h.last.Number)
	case number < h.archive.Oldest():
		return nil, fmt.Errorf("table %d is not kept any more: the oldest one is %d", number, h.archive.Oldest())
	default:
		return nil, fmt.Errorf("table %d was replaced before it could be kept", number)
	}
}

// current is the version that was the present one at a time; nil where none is known. It needs mu.
func (h *History) current(at time.Time) *Version {
	for _, v := range slices.Backward(h.versions) {
		if !v.Published.After(at) {
			return v
		}
	}
	return nil
}
