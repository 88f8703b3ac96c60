package admin

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The bounds of a Feed.
const (
	// MostFollowers is how many may follow a Feed at a time.
	MostFollowers = 1024
	// mostKept is how many changes are kept for who was away, and mostKeptBytes how much they may take: 1,000 changes of services with ten
	// instances are 4 MiB.
	mostKept, mostKeptBytes = 2048, 16 << 20
	// linger is how long changes are computed and kept after the last follower has gone: it may come back.
	linger = 30 * time.Minute
)

// Feed tells its followers what each new table of a Switch has changed. Each change is computed and encoded once, whoever follows, and not at
// all while nobody does. It keeps what it encoded, and no table but the last. Nothing that a follower does or leaves undone is waited for.
//
// Tables have numbers. A follower says up to which table it knows, and gets the changes since; one that knows less than what is kept begins
// anew, with all that the present table holds. Make it with NewFeed; Run does the work. Safe for concurrent use.
type Feed struct {
	table *routing.Switch
	run   string // names this process's run: numbers of tables say nothing to another one
	born  uint64 // what is added to a table's number to make an index, which grows over restarts too: microseconds since 1970

	wanted chan struct{}
	done   chan struct{}

	mu        sync.Mutex
	followers map[string]map[*follower]struct{} // by service; "" are those who follow all
	count     int
	left      time.Time // when the last follower left
	active    bool      // the rest is up to date
	state
	base     uint64    // from which table on the changes are kept
	changes  []*change // the oldest first
	kept     int       // bytes
	snapshot *snapshot // the last one made; nil before

	resets atomic.Uint64 // streams that began anew, the first time too
}

// NewFeed makes a Feed of what s publishes. Nobody can follow it before Run.
func NewFeed(s *routing.Switch) *Feed {
	now := time.Now()
	return &Feed{
		table: s, run: strconv.FormatInt(now.UnixNano(), 36), born: uint64(now.UnixMicro()),
		wanted: make(chan struct{}, 1), done: make(chan struct{}), followers: map[string]map[*follower]struct{}{},
	}
}

// Errors of join.
var (
	errCrowded = errors.New("as many as may follow do so already")
	errEnding  = errors.New("shutting down")
)

// follower is one that follows a Feed: a service, or all.
type follower struct {
	feed    *Feed
	service string
	more    chan struct{} // has something to receive when there may be news
}

// join makes a follower of a service, or of all where service is "". It must leave. It fails with errCrowded or errEnding.
func (f *Feed) join(service string) (*follower, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
		return nil, errEnding
	default:
	}
	if f.count == MostFollowers {
		return nil, errCrowded
	}
	m := &follower{feed: f, service: service, more: make(chan struct{}, 1)}
	if f.followers[service] == nil {
		f.followers[service] = map[*follower]struct{}{}
	}
	f.followers[service][m] = struct{}{}
	f.count++
	if !f.active {
		signal(f.wanted)
	}
	return m, nil
}

// leave ends following.
func (m *follower) leave() {
	f := m.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.followers[m.service], m)
	if len(f.followers[m.service]) == 0 {
		delete(f.followers, m.service)
	}
	f.count--
	f.left = time.Now()
}

// news waits until a table after the known one has changed what m follows, and returns the number of the last such table. Without news ok is
// false when ctx ends, limit has passed or the Feed ends.
func (m *follower) news(ctx context.Context, known uint64, limit <-chan time.Time) (number uint64, ok bool) {
	for {
		number, active := m.feed.number(m.service)
		if active && number > known {
			return number, true
		}
		select {
		case <-m.more:
		case <-limit:
			return number, false
		case <-ctx.Done():
			return number, false
		case <-m.feed.done:
			return number, false
		}
	}
}

// begun waits until the Feed has begun to compute changes, which it has not while nobody follows. It is false when ctx or the Feed ends before.
func (m *follower) begun(ctx context.Context) bool {
	for {
		if _, active := m.feed.number(m.service); active {
			return true
		}
		select {
		case <-m.more:
		case <-ctx.Done():
			return false
		case <-m.feed.done:
			return false
		}
	}
}

// number is that of the last table that changed a service, as far as it is known, or any service where service is "". While nobody follows
// it is that of the present table.
func (f *Feed) number(service string) (n uint64, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.active {
		return numberOf(f.table.Load()), false
	}
	if service == "" {
		return f.present, true
	}
	if p := f.services[service]; p != nil {
		return p.number, true
	}
	return f.roster, true
}

// since are the changes that a follower has yet to get who knows the table of a number: all or the first of them. ok is false where it has to
// begin anew.
func (f *Feed) since(number uint64) (list []*change, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.active || number < f.base || number > f.present {
		return nil, false
	}
	at, _ := slices.BinarySearchFunc(f.changes, number+1, func(c *change, n uint64) int {
		if c.number < n {
			return -1
		}
		return 1
	})
	end, size := at, 0
	for end < len(f.changes) && size < crowd.Piece {
		size += f.changes[end].size
		end++
	}
	return slices.Clone(f.changes[at:end]), true
}

// id names a table for who comes back, see Feed.known.
func (f *Feed) id(number uint64) string { return f.run + "-" + strconv.FormatUint(number, 10) }

// known is the number in an id of this process's run. ok is false where it is of another one, or none.
func (f *Feed) known(id string) (number uint64, ok bool) {
	run, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(text, 10, 64)
	return number, err == nil && run == f.run
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func numberOf(t *routing.Table) uint64 {
	if t == nil {
		return 0
	}
	return t.Number
}
