package conformance

import (
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// zoned are so many instances in a zone, each a process.
func zoned(t testing.TB, ledger *lab.Ledger, zone string, n int) (list []discovery.Instance, all []*lab.Process) {
	for range n {
		p, addr := startFaulty(t, misbehaving{Ledger: ledger.Address, Usual: usualTime})
		in := at(addr)
		in.Zone = zone
		list, all = append(list, in), append(all, p)
	}
	return list, all
}

// Half of the own zone is killed under load, and then the rest, or all of it at once: no GET is lost, and so many leave the zone as the rule
// says.
func TestTheOwnZoneIsKilled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"event", "std"} {
		for steps, dead := range map[string][]int{"in halves": {2, 4}, "at once": {4}} {
			t.Run(name+" "+steps, func(t *testing.T) {
				t.Parallel()
				ownZoneIsKilled(t, kindNamed(name), dead)
			})
		}
	}
}

// ownZoneIsKilled has ever more of four instances killed.
func ownZoneIsKilled(t *testing.T, k *kind, steps []int) {
	const instances, rate, threshold = 4, 200, 0.7
	ledger := lab.ListenLedger(t, "127.0.0.1")
	home, processes := zoned(t, ledger, "a", instances)
	away, _ := zoned(t, ledger, "b", 2)
	r := start(t, k, setup{zone: "a", reviver: true}, append(home, away...)...)
	m := lab.StartMeter(t, lab.Load{Address: r.addr, Rate: rate})
	// leaving is the share that leaves the zone for a while.
	leaving := func(d time.Duration) float64 {
		own, other := r.counter("pointsman_zone_picks_total", "own"), r.counter("pointsman_zone_picks_total", "other")
		time.Sleep(d)
		own, other = r.counter("pointsman_zone_picks_total", "own")-own, r.counter("pointsman_zone_picks_total", "other")-other
		return other / max(1, own+other)
	}
	got := 0.0
	if !lab.Within(patience, func() bool { got = leaving(time.Second); return got == 0 }) {
		t.Errorf("all are well, and %.3f leave", got)
	}
	for _, dead := range steps {
		// Each gets the signal before any is waited for: a request that meets one that dies, and at its next try the next one, and so on, is
		// out of tries in the end, and that is not what is asked here.
		for _, p := range processes[:dead] {
			if p.Running() {
				p.Signal(syscall.SIGKILL)
			}
		}
		for _, p := range processes[:dead] {
			_ = p.Wait(patience) // killed
		}
		lab.Eventually(t, patience, "the dead are known", func() bool {
			n := 0
			for _, s := range r.switcher.Load().Services()[0].Instances {
				if s.Zone == "a" && !s.Upstream.Usable() {
					n++
				}
			}
			return n == dead
		})
		time.Sleep(200 * time.Millisecond) // the members are counted every 100 ms
		want := 1 - float64(instances-dead)/instances/threshold
		// One that a busy machine held up looks silent for a moment.
		if !lab.Within(patience, func() bool { got = leaving(2 * time.Second); return math.Abs(got-want) <= 0.05 }) {
			t.Errorf("%d of %d are dead: %.3f leave, want %.3f", dead, instances, got, want)
		}
	}
	if tally := m.Stop(); tally.Lost("GET") > 0 {
		t.Errorf("lost: %s", tally)
	}
}

// One that sticks to an instance of another zone stays there; requests without a cookie stay at home.
func TestStickyClientsStayInAnotherZone(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		list := balanced(t, "sticky", "sticky")
		list[0].Zone, list[1].Zone = "a", "b"
		r := start(t, k, setup{zone: "b"}, list...)
		_, body, of := ask(t, r, "/")
		cookie, _, _ := strings.Cut(of("Set-Cookie"), ";")
		if body != "b" {
			t.Errorf("at %s", body)
		}
		list[0].Zone, list[1].Zone = "b", "a"
		r.apply(list...)
		if got := answers(t, ask, r, 4, "Cookie: "+cookie); got != "bbbb" {
			t.Errorf("with the cookie: %s", got)
		}
		if got := answers(t, ask, r, 4); got != "aaaa" {
			t.Errorf("without: %s", got)
		}
	})
}
