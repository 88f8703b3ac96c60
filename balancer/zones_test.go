package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

const usual = 0.7

// parted are so many members of the own zone, and of others, which have answered; by names that a key is hashed with.
func parted(home, away int) []Member {
	m := named(home+away, func(int) int { return 1 })
	for i := range m {
		m[i].Away = i >= home
	}
	return m
}

func out(m []Member) {
	for i := range m {
		m[i].Way.ObserveRefused(time.Now().Add(time.Hour))
	}
}

// ruled is what the rule says of home's part.
func ruled(usable, all, away int, threshold float64) float64 {
	switch {
	case usable == 0:
		return 0
	case away == 0:
		return 1
	}
	return min(1, float64(usable)/float64(all)/threshold)
}

// stays is the share of choices that are at home.
func stays(p Picker, m []Member, n int) (share float64) {
	for range n {
		if i, ok := p.Pick(Want{}); ok && !m[i].Away {
			share += 1 / float64(n)
		}
	}
	return share
}

// Whoever is out, in whatever zone, home and each instance elsewhere get what a plain reading of the rule gives them.
func TestZonesAreSharedByTheRule(t *testing.T) {
	const picks = 20_000 // 0.04 is eleven times the deviation to be expected
	rapid.Check(t, func(t *rapid.T) {
		home, away := rapid.IntRange(1, 7).Draw(t, "home"), rapid.IntRange(1, 7).Draw(t, "away")
		homeOut, awayOut := rapid.IntRange(0, home).Draw(t, "home out"), rapid.IntRange(0, away).Draw(t, "away out")
		missing := rapid.IntRange(0, 3).Draw(t, "missing")
		threshold := float64(rapid.IntRange(1, 100).Draw(t, "threshold")) / 100
		policy := rapid.SampledFrom(policies()).Draw(t, "policy")
		m := parted(home, away)
		out(m[:homeOut])
		out(m[home : home+awayOut])
		p := Build(Zones{Of: policy, Threshold: threshold, Missing: [2]int{missing, 9}}, m, NewLane())
		if homeOut == home && awayOut == away {
			if i, ok := p.Pick(Want{}); ok {
				t.Fatalf("picked %d, and all are out", i)
			}
			return
		}
		got := make([]float64, len(m))
		for k := range picks {
			i, ok := p.Pick(Want{Key: mix(uint64(k + 1))})
			if !ok || !m[i].Way.Usable() {
				t.Fatalf("%d %v", i, ok)
			}
			got[i] += 1.0 / picks
		}
		want := ruled(home-homeOut, home+missing, away-awayOut, threshold)
		var share float64
		for i := range m {
			if !m[i].Away {
				share += got[i]
			}
		}
		if math.Abs(share-want) > 0.04 {
			t.Errorf("%T: home has %.3f, want %.3f", policy, share, want)
		}
		switch policy.(type) {
		case LeastConnections, LeastTime: // which draw, and are not even where some are out
			return
		}
		for i := range m {
			each := want / float64(max(1, home-homeOut))
			if m[i].Away {
				each = (1 - want) / float64(max(1, away-awayOut))
			}
			if m[i].Way.Usable() && math.Abs(got[i]-each) > 0.04 {
				t.Errorf("%T: member %d has %.3f, want %.3f of %v", policy, i, got[i], each, got)
			}
		}
	})
}

// Home gives way at once. It comes back by a tenth of the choices a second, also over a swap, and after it was gone altogether.
func TestHomeReturnsInSteps(t *testing.T) {
	for _, gone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			lane, m := NewLane(), parted(2, 2)
			z := Zones{Of: RoundRobin{}, Threshold: usual}
			p := Build(z, m, lane)
			if got := stays(p, m, 100); got < 0.999 {
				t.Fatalf("all are well, and %.3f stay", got)
			}
			out(m[:2])
			if gone {
				p = Build(z, m[2:], lane)
				if got := stays(p, m[2:], 100); got != 0 {
					t.Errorf("home is gone, and has %.3f", got)
				}
			} else if got := stays(p, m, 100); got != 0 {
				t.Errorf("none is well at home, and it has %.3f", got)
			}
			time.Sleep(time.Minute)
			stays(p, m, 10) // requests come all the time
			for i := range m[:2] {
				m[i].Way.ObserveAnswer(0, time.Millisecond)
			}
			p = Build(z, m, lane)
			last, begun := 0.0, time.Now()
			for time.Since(begun) < 9*time.Second {
				time.Sleep(200 * time.Millisecond)
				got := stays(p, m, 500)
				if got < last-0.01 || got > last+0.2*0.1+0.01 || math.Abs(got-time.Since(begun).Seconds()/10) > 0.12 {
					t.Fatalf("after %s home has %.3f, and had %.3f", time.Since(begun), got, last)
				}
				if last = got; got > 0.4 && got < 0.45 {
					p = Build(z, m, lane)
				}
			}
			time.Sleep(2 * time.Second)
			stays(p, m, 1)
			time.Sleep(time.Second)
			if got := stays(p, m, 500); got < 0.999 {
				t.Errorf("at last home has %.3f", got)
			}
		})
	}
}

// A set that nobody asks does not come back unseen.
func TestAQuietHomeReturnsInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := parted(1, 1)
		p := Build(Zones{Of: RoundRobin{}, Threshold: usual}, m, NewLane())
		stays(p, m, 1)
		out(m[:1])
		time.Sleep(time.Second)
		stays(p, m, 10)
		time.Sleep(time.Hour)
		m[0].Way.ObserveAnswer(0, time.Millisecond)
		if got := stays(p, m, 1000); got > 0.11 {
			t.Errorf("home has %.3f at once", got)
		}
	})
}

// Where home had no instance before, its first ones get their part at once: there is nothing to come back from.
func TestANewHomeServesAtOnce(t *testing.T) {
	lane, m := NewLane(), parted(2, 2)
	z := Zones{Of: RoundRobin{}, Threshold: usual}
	if got := stays(Build(z, m[2:], lane), m[2:], 10); got != 0 {
		t.Fatal(got)
	}
	if got := stays(Build(z, m, lane), m, 100); got < 0.999 {
		t.Errorf("home has %.3f", got)
	}
}

// Who is alone, in whatever zone, serves all.
func TestOneZoneServesAll(t *testing.T) {
	for _, policy := range policies() {
		z := Zones{Of: policy, Threshold: usual}
		for _, m := range [][]Member{parted(3, 0), parted(0, 3)} {
			p := Build(z, m, NewLane())
			out(m[:2])
			for key := range uint64(20) {
				if i, ok := p.Pick(Want{Key: key}); !ok || i != 2 {
					t.Fatalf("%T: %d %v", policy, i, ok)
				}
			}
			if _, ok := HomeShare(p, time.Now()); ok {
				t.Errorf("%T: there is nothing to choose between zones", policy)
			}
		}
	}
}

// A request that has tried all of home leaves it, and one that may not be repeated rather meets an instance of another zone that has answered.
func TestARequestLeavesHomeWhereItMust(t *testing.T) {
	for _, policy := range policies() {
		m := parted(2, 2)
		p := Build(Zones{Of: policy, Threshold: usual}, m, NewLane())
		var tried Tried
		for n, want := range []bool{false, false, true, true} {
			i, ok := p.Pick(Want{Tried: &tried, Key: 7})
			if !ok || m[i].Away != want || tried.Has(i) {
				t.Errorf("%T: attempt %d at %d %v", policy, n, i, ok)
			}
			tried.Add(i)
		}
		if i, ok := p.Pick(Want{Tried: &tried, Settled: true}); ok {
			t.Errorf("%T: %d, which was tried", policy, i)
		}
		for i := range m[:2] {
			m[i].Way = NewUpstream("s", "new:1").Way(WayKey{})
		}
		p = Build(Zones{Of: policy, Threshold: usual}, m, NewLane())
		for key := range uint64(10) {
			if i, ok := p.Pick(Want{Settled: true, Key: key}); !ok || !m[i].Away {
				t.Errorf("%T: %d %v has not answered", policy, i, ok)
			}
			if i, ok := p.Pick(Want{Key: key}); !ok || m[i].Away {
				t.Errorf("%T: %d %v is not at home", policy, i, ok)
			}
		}
	}
}

// Backups of all zones come behind the others of all zones, and among them the own zone is preferred, too.
func TestBackupsOfZones(t *testing.T) {
	m := parted(3, 3)
	m[1].Backup, m[2].Backup, m[4].Backup, m[5].Backup = true, true, true, true
	p := Build(Zones{Of: RoundRobin{}, Threshold: usual, Missing: [2]int{0, 2}}, m, NewLane())
	of := func() map[int]int {
		got := map[int]int{}
		for range 1000 {
			i, _ := p.Pick(Want{At: time.Now().Add(time.Minute).UnixNano()})
			got[i]++
		}
		return got
	}
	if got := of(); got[0] != 1000 {
		t.Error(got)
	}
	out(m[:1])
	if got := of(); got[3] != 1000 {
		t.Errorf("home's are out, and backups get %v", got)
	}
	out(m[3:4])
	if got := of(); math.Abs(float64(got[1]+got[2])-1000*0.5/usual) > 10 || got[4] < 100 || got[5] < 100 {
		t.Errorf("half of home's backups are missing: %v", got)
	}
}

// A client stays with its instance in whatever zone that is.
func TestAClientStaysInAnotherZone(t *testing.T) {
	m := parted(2, 2)
	for i := range m {
		m[i].Sticky = uint64(i + 1)
	}
	p := Build(Zones{Of: RoundRobin{}, Threshold: usual}, m, NewLane())
	for range 10 {
		if i, ok := p.Pick(Want{Sticky: 4}); !ok || i != 3 {
			t.Fatalf("%d %v", i, ok)
		}
	}
	if share, ok := HomeShare(p, time.Now()); !ok || share != 1 {
		t.Errorf("%v %v", share, ok)
	}
	out(m[3:])
	for range 10 {
		if i, ok := p.Pick(Want{Sticky: 4}); !ok || m[i].Away {
			t.Fatalf("its instance is out, and %d %v stands in", i, ok)
		}
	}
}

// As home gives way, only so many keys move as it has less, and those of instances that are out.
func TestFewKeysLeaveHome(t *testing.T) {
	m := parted(4, 3)
	p := Build(Zones{Of: Hash{}, Threshold: usual}, m, NewLane())
	before := owners(p, m)
	out(m[:2])
	p = Build(Zones{Of: Hash{}, Threshold: usual}, m, NewLane())
	left := 0
	for key, w := range owners(p, m) {
		switch {
		case w == before[key]:
		case before[key] == m[0].Way || before[key] == m[1].Way:
		case w == m[2].Way || w == m[3].Way:
			t.Fatal("a key moved from one instance of home to another")
		default:
			left++
		}
	}
	if got, want := float64(left)/manyKeys, (1-0.5/usual)/2; math.Abs(got-want) > 0.02 {
		t.Errorf("%.3f of the keys left instances that are well, want %.3f", got, want)
	}
}

// Limits of requests count while they hold, and cost home nothing once there is room again.
func TestFullInstancesOfHome(t *testing.T) {
	m := parted(2, 2)
	m[0].MaxConns, m[1].MaxConns = 1, 1
	p := Build(Zones{Of: RoundRobin{}, Threshold: 1}, m, NewLane())
	at := time.Now().UnixNano()
	stay := func() (n int) {
		at += int64(lookEvery)
		for range 100 {
			if i, _ := p.Pick(Want{At: at}); !m[i].Away {
				n++
			}
		}
		return n
	}
	if n := stay(); n != 100 {
		t.Error(n)
	}
	m[0].Way.upstream.Acquire(0)
	if n := stay(); n < 49 || n > 51 {
		t.Errorf("one is full, and %d of 100 stay", n)
	}
	m[0].Way.upstream.Release(0)
	if n := stay(); n != 100 {
		t.Errorf("there is room, and %d of 100 stay", n)
	}
}

// returning are two members at home, which come back now, and one elsewhere.
func returning(most int) ([]Member, Picker) {
	m := parted(2, 1)
	m[2].MaxConns = most
	p := Build(Zones{Of: RoundRobin{}, Threshold: usual}, m, NewLane())
	out(m[:2])
	stays(p, m, 1)
	time.Sleep(time.Second)
	for i := range m[:2] {
		m[i].Way.ObserveAnswer(0, time.Millisecond)
	}
	return m, p
}

// While the other zones are at their limit home takes all, and comes back no sooner for that.
func TestFullInstancesElsewhereDoNotBringHomeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := returning(1)
		time.Sleep(lookEvery)
		m[2].Way.upstream.Acquire(0)
		if got := stays(p, m, 100); got < 0.999 {
			t.Errorf("the others are full, and home has %.3f", got)
		}
		m[2].Way.upstream.Release(0)
		time.Sleep(2 * lookEvery)
		if got := stays(p, m, 1000); got > 0.15 {
			t.Errorf("the others have room again, and home has %.3f", got)
		}
	})
}

// A request that was long in coming to its choice, as a filter had it wait, makes home come back no sooner.
func TestOldRequestsDoNotBringHomeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := returning(0)
		for range 20 {
			time.Sleep(50 * time.Millisecond)
			p.Pick(Want{At: time.Now().Add(-time.Second).UnixNano()})
			p.Pick(Want{At: time.Now().UnixNano()})
		}
		if got := stays(p, m, 1000); got > 0.25 {
			t.Errorf("after a second home has %.3f", got)
		}
	})
}

// The clock may be set back.
func TestZonesOutliveTheClock(t *testing.T) {
	m := parted(1, 1)
	p := Build(Zones{Of: RoundRobin{}, Threshold: usual}, m, NewLane())
	now := time.Now()
	p.Pick(Want{At: now.Add(time.Hour).UnixNano()})
	out(m[:1])
	p.Pick(Want{At: now.UnixNano()})
	if share, ok := HomeShare(p, now); !ok || share != 0 {
		t.Errorf("home has %v", share)
	}
}

func TestZonesAllocateNothing(t *testing.T) {
	for _, policy := range append(policies(), Hash{Most: 1.25}) {
		m := parted(4, 3)
		out(m[:2])
		p := Build(Zones{Of: policy, Threshold: usual}, m, NewLane())
		var tried Tried
		at := time.Now().UnixNano()
		if got := testing.AllocsPerRun(200, func() {
			at += int64(lookEvery)
			p.Pick(Want{Key: uint64(at), Tried: &tried, Settled: at%2 == 0, At: at})
			p.Pick(Want{At: at})
		}); got != 0 {
			t.Errorf("%T: %v allocations", policy, got)
		}
	}
}
