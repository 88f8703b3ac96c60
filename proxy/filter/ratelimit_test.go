package filter

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func TestRateLimit(t *testing.T) {
	l := newRateLimit(dialect.RateLimit{Count: 10, Per: time.Second, Burst: 3})
	anna, bob := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for i, step := range []struct {
		after time.Duration
		who   netip.Addr
		ok    bool
		wait  time.Duration
	}{
		{0, anna, true, 0}, {0, anna, true, 0}, {0, anna, true, 0}, {0, anna, false, 100 * time.Millisecond}, {0, bob, true, 0},
		{99 * time.Millisecond, anna, false, time.Millisecond}, {100 * time.Millisecond, anna, true, 0}, {100 * time.Millisecond, anna, false, 100 * time.Millisecond},
		{10 * time.Second, anna, true, 0}, {10 * time.Second, anna, true, 0}, {10 * time.Second, anna, true, 0}, {10 * time.Second, anna, false, 100 * time.Millisecond},
	} {
		wait, ok := l.Client(step.who, l.began.Add(step.after))
		if ok != step.ok || wait != step.wait {
			t.Errorf("%d: %v after %s, want %v after %s", i, ok, wait, step.ok, step.wait)
		}
	}
}

// A client of IPv6 has a network for itself, and no more of an allowance with each of its addresses.
func TestRateLimitOfANetwork(t *testing.T) {
	l := newRateLimit(dialect.RateLimit{Count: 1, Per: time.Hour, Burst: 1})
	for addr, want := range map[string]bool{"2001:db8::1": true, "2001:db8:0:1::1": true, "10.0.0.1": true, "10.0.0.2": true} {
		if _, ok := l.Client(netip.MustParseAddr(addr), l.began); ok != want {
			t.Errorf("%s: %v", addr, ok)
		}
	}
	for _, addr := range []string{"2001:db8::2", "2001:db8:0:1:ffff::", "10.0.0.1"} {
		if _, ok := l.Client(netip.MustParseAddr(addr), l.began); ok {
			t.Errorf("%s has an allowance of its own", addr)
		}
	}
}

// Who is counted is bounded: those seen last are known, whoever comes between.
func TestRateLimitForgetsTheOldest(t *testing.T) {
	l := newRateLimit(dialect.RateLimit{Count: 1, Per: time.Hour, Burst: 1})
	if _, ok := l.Value("regular", l.began); !ok {
		t.Fatal("the first request is refused")
	}
	for i := range 4 * limitShards * limitKnown {
		l.Value(fmt.Sprint(i), l.began)
		if i%100 == 0 {
			if _, ok := l.Value("regular", l.began); ok {
				t.Fatalf("forgotten after %d others", i)
			}
		}
	}
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		n += len(s.at)
		if len(s.at) != len(s.all) || len(s.all) > limitKnown {
			t.Errorf("shard %d: %d and %d", i, len(s.at), len(s.all))
		}
		seen := 0
		for at, prev := s.first, int32(-1); at >= 0; prev, at = at, s.all[at].next {
			if s.all[at].prev != prev || s.at[s.all[at].key] != at {
				t.Fatalf("shard %d: broken at %d", i, at)
			}
			seen++
		}
		if seen != len(s.all) {
			t.Errorf("shard %d: %d of %d are linked", i, seen, len(s.all))
		}
	}
	if n > limitShards*limitKnown {
		t.Errorf("%d are known", n)
	}
}

func TestRateLimitIsExactWithManyAtOnce(t *testing.T) {
	l := newRateLimit(dialect.RateLimit{Count: 1, Per: time.Hour, Burst: 100})
	addr := netip.MustParseAddr("10.0.0.1")
	var clients, routes atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if _, ok := l.Client(addr, l.began); ok {
					clients.Add(1)
				}
				if _, ok := l.Route(l.began); ok {
					routes.Add(1)
				}
			}
		})
	}
	all.Wait()
	if clients.Load() != 100 || routes.Load() != 100 {
		t.Errorf("%d and %d passed, want 100", clients.Load(), routes.Load())
	}
}

func TestRateLimitCostsNoAllocation(t *testing.T) {
	l := newRateLimit(dialect.RateLimit{Count: 1, Per: time.Second, Burst: 1})
	addr := netip.MustParseAddr("2001:db8::1")
	l.Client(addr, l.began)
	l.Value("x", l.began)
	if n := testing.AllocsPerRun(100, func() { l.Client(addr, l.began); l.Value("x", l.began); l.Route(l.began) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRateLimit(b *testing.B) {
	l := newRateLimit(dialect.RateLimit{Count: 1000, Per: time.Second, Burst: 1000})
	addr, now := netip.MustParseAddr("10.0.0.1"), time.Now()
	for b.Loop() {
		l.Client(addr, now)
	}
}
