package filter

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// RateLimit counts requests and says which are too many, by the generic cell rate algorithm: for each of those counted it remembers one
// time, that at which its allowance is whole again. Safe for concurrent use; whoever is known already costs no allocation. Make it
// with newRateLimit.
type RateLimit struct {
	dialect.RateLimit
	interval int64 // nanoseconds that one request takes of the allowance
	burst    int64 // nanoseconds of allowance
	began    time.Time
	seed     maphash.Seed
	route    atomic.Int64
	shards   [limitShards]limitShard
}

const (
	// limitShards have a lock each, so that loops seldom wait for one another.
	limitShards = 16
	// limitKnown is how many clients a shard knows; of more, those seen least recently are forgotten, and have their whole allowance again.
	// All shards know 16,384, at 40 bytes each and what a map needs.
	limitKnown = 1024
)

func newRateLimit(r dialect.RateLimit) *RateLimit {
	l := &RateLimit{RateLimit: r, began: time.Now(), seed: maphash.MakeSeed()}
	l.interval = max(1, int64(r.Per)/int64(max(1, r.Count)))
	l.burst = l.interval * int64(max(1, r.Burst))
	return l
}

// Client takes one request of a client's allowance. Where it is not ok, wait is when there will be one.
func (l *RateLimit) Client(addr netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	b := addr.As16()
	n := len(b)
	if addr.Is6() { // a client has at least a /64 for itself, and may change its address at each request
		n = 8
	}
	return l.known(maphash.Bytes(l.seed, b[:n]), now)
}

// Value takes one request of the allowance of a header's value.
func (l *RateLimit) Value(value string, now time.Time) (wait time.Duration, ok bool) {
	return l.known(maphash.String(l.seed, value), now)
}

// Route takes one request of the route's allowance.
func (l *RateLimit) Route(now time.Time) (wait time.Duration, ok bool) {
	at := int64(now.Sub(l.began))
	for {
		whole := l.route.Load()
		next, wait := l.take(whole, at)
		if wait > 0 {
			return wait, false
		}
		if l.route.CompareAndSwap(whole, next) {
			return 0, true
		}
	}
}

// take takes one request at a time from an allowance that is whole again at another; wait is above 0 where there is none.
func (l *RateLimit) take(whole, at int64) (next int64, wait time.Duration) {
	next = max(whole, at) + l.interval
	return next, max(0, time.Duration(next-at-l.burst))
}

func (l *RateLimit) known(key uint64, now time.Time) (wait time.Duration, ok bool) {
	s := &l.shards[key%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(key)
	next, wait := l.take(c.whole, int64(now.Sub(l.began)))
	if wait > 0 {
		return wait, false
	}
	c.whole = next
	return 0, true
}

// limitShard is a part of those who are counted, in the order in which they were last seen.
type limitShard struct {
	mu          sync.Mutex
	at          map[uint64]int32
	all         []counted
	first, last int32 // the one seen last, and the one to be forgotten
}

// counted is one who is counted.
type counted struct {
	key        uint64
	whole      int64 // when its allowance is whole again, in nanoseconds since RateLimit.began
	prev, next int32
}

// find is the place of a key, which is made where there is none. It needs s.mu, and is good until the next call.
func (s *limitShard) find(key uint64) *counted {
	i, ok := s.at[key]
	switch {
	case ok:
	case len(s.all) < limitKnown:
		if s.at == nil {
			s.at, s.first, s.last = map[uint64]int32{}, -1, -1
		}
		i = int32(len(s.all))
		s.all = append(s.all, counted{key: key, prev: -1, next: s.first})
		s.link(i)
		s.at[key] = i
		return &s.all[i]
	default:
		i = s.last
		delete(s.at, s.all[i].key)
		s.at[key] = i
		s.all[i].key, s.all[i].whole = key, 0
	}
	if s.first != i {
		c := &s.all[i]
		s.all[c.prev].next = c.next
		if c.next >= 0 {
			s.all[c.next].prev = c.prev
		} else {
			s.last = c.prev
		}
		c.prev, c.next = -1, s.first
		s.link(i)
	}
	return &s.all[i]
}

// link makes i, whose next is set, the first one.
func (s *limitShard) link(i int32) {
	if s.first >= 0 {
		s.all[s.first].prev = i
	} else {
		s.last = i
	}
	s.first = i
}
