package discovery

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	listed := func(s Status, down bool) *Instance { return &Instance{Status: s, NodeDown: down} }
	for _, c := range []struct {
		name string
		loss loss
		d    doubt
		want doubt
	}{
		{"absent, index forward", loss{}, sure, sure},
		{"critical by its own check", loss{now: listed(Critical, false)}, sure, sure},
		{"critical with its node, same answer", loss{now: listed(Critical, true)}, sure, nodeDown},
		{"absent, and its node is critical in another answer", loss{nodeDown: true}, sure, nodeDown},
		{"absent, index fell", loss{}, indexFell, indexFell},
		{"absent, index stood", loss{}, indexStood, indexStood},
		{"critical, first answer after an error", loss{now: listed(Critical, false)}, afterError, afterError},
		{"absent, half of all vanished", loss{}, massVanish, massVanish},
		{"maintenance is an operator's word", loss{now: listed(Maintenance, true), nodeDown: true}, indexFell, sure},
		{"another instance has its place", loss{replaced: true, nodeDown: true}, afterError, sure},
	} {
		if got := judge(c.loss, c.d); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestVanishedTogether(t *testing.T) {
	for _, c := range []struct {
		vanished, all int
		want          bool
	}{{1, 1, false}, {1, 2, false}, {2, 2, true}, {2, 4, true}, {2, 5, false}, {50, 100, true}, {49, 100, false}, {0, 0, false}} {
		if got := vanishedTogether(c.vanished, c.all); got != c.want {
			t.Errorf("%d of %d: %v", c.vanished, c.all, got)
		}
	}
}

func TestLosses(t *testing.T) {
	before := some("web", 4)
	settled, _ := clean(before)
	again := one("web", 2)
	again.Start = "later"
	sick := one("web", 3)
	sick.Status = Critical
	now, _ := clean([]Instance{one("web", 1), again, sick})
	lost := losses(settled, now, func(node string) bool { return node == "node0" })
	got := map[string]string{}
	for _, l := range lost {
		got[l.was.ID] = fmt.Sprint(l.now != nil, l.nodeDown, l.replaced)
	}
	want := map[string]string{"web-2": "false true true", "web-3": "true false false", "web-4": "false true false"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func addresses(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("10.0.0.%d", i+1))
	}
	return out
}

// An agent that wakes from a freeze shows all instances critical by serfHealth for a moment.
func TestAFrozenAgentWakes(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 4)...)
	f.set("api", some("api", 2)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 4)
		b.accepts(true, addresses(4)...)
		f.edit(func(of map[string][]Instance) { of["web"], of["api"] = frozen(of["web"]), frozen(of["api"]) })
		before := b.newest
		if b.after(130*time.Millisecond) != before {
			t.Fatalf("published %q", b.newest.Cause)
		}
		f.edit(func(of map[string][]Instance) { of["web"], of["api"] = some("web", 4), some("api", 2) })
		if b.after(5*time.Second) != before {
			t.Fatalf("published %q", b.newest.Cause)
		}
		if b.probed != 6 {
			t.Errorf("%d probes, want one for each instance", b.probed)
		}
	})
}

// A node that is really gone: its instances accept nothing.
func TestAnInstanceOfADeadNodeThatRefusesIsGone(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 4)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 4)
		b.accepts(true, "10.0.0.1", "10.0.0.2")
		f.set("web", frozen(some("web", 4))...)
		b.want("web", 2)
		b.accepts(false, "10.0.0.1")
		b.after(probeInterval)
		b.want("web", 1)
		b.after(retentionLimit) // the catalogue had its time
		b.want("web", 0)
		if b.lines("retaining instances") != 1 || b.lines("a retained instance is removed") != 1 {
			t.Errorf("log: %s", b.log)
		}
	})
}

func TestATrueRemovalGoesAtOnce(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	f.set("api", some("api", 2)...)
	f.set("etc", some("etc", 2)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 2)
		b.accepts(true, addresses(4)...)
		b.after(time.Second)
		f.set("web", one("web", 1))
		b.want("web", 1)
		b.after(time.Second)
		sick := one("web", 1)
		sick.Status = Critical
		f.set("web", sick)
		b.want("web", 0)
		b.after(2 * time.Second)
		f.set("api", []Instance{}...)
		f.edit(func(of map[string][]Instance) { of["api"] = nil })
		b.want("api", 0)
		b.after(2 * time.Second)
		f.set("etc")
		b.want("etc", -1)
		if b.probed != 0 {
			t.Errorf("probed %d times", b.probed)
		}
	})
}

func TestServicesThatVanishTogetherAreHeldBack(t *testing.T) {
	f := newFake()
	names := []string{"a", "b", "c", "d", "e"}
	for i, n := range names {
		f.set(n, one(n, i+1))
	}
	run(t, f, nil, func(b *bench) {
		b.want("a", 1)
		b.accepts(true, addresses(4)...) // e is really gone
		b.after(time.Second)
		f.edit(func(of map[string][]Instance) { clear(of) })
		b.after(200 * time.Millisecond)
		for _, n := range names[:4] {
			b.want(n, 1)
		}
		b.want("e", -1)
		kept, removed := 0, 0
		for _, d := range b.w.Decisions() {
			switch {
			case d.Kept && d.Vanished > 1 && d.Services == len(names) && d.Address != "" && d.Why == massVanish.String():
				kept++
			case d.Removed && d.Service == "e":
				removed++
			}
		}
		if kept < len(names)-1 || removed != 1 {
			t.Errorf("decisions: %+v", b.w.Decisions())
		}
		for i, n := range names {
			f.set(n, one(n, i+1))
		}
		b.after(2 * retentionLimit)
		for _, n := range names {
			b.want(n, 1)
		}
	})
}

// The answers of the single services, without the list: each in its own moment.
func TestServicesThatEmptyOneByOneComeBack(t *testing.T) {
	f := newFake()
	names := []string{"a", "b", "c", "d"}
	for i, n := range names {
		f.set(n, one(n, i+1))
	}
	run(t, f, nil, func(b *bench) {
		b.want("a", 1)
		b.accepts(true, addresses(4)...)
		for _, n := range names {
			b.after(20 * time.Millisecond)
			f.edit(func(of map[string][]Instance) { of[n] = nil })
		}
		b.after(500 * time.Millisecond)
		for _, n := range names {
			b.want(n, 1)
		}
		b.after(retentionLimit)
		for _, n := range names {
			b.want(n, 0)
		}
	})
}

// A service's own answer may come before the list that names none any more.
func TestAServiceThatVanishesAheadOfTheListComesBack(t *testing.T) {
	f := newFake()
	names := []string{"a", "b", "c", "d"}
	for i, n := range names {
		f.set(n, one(n, i+1))
	}
	run(t, f, nil, func(b *bench) {
		b.want("a", 1)
		b.accepts(true, addresses(4)...)
		f.edit(func(of map[string][]Instance) { of["b"] = nil })
		b.want("b", 0)
		b.after(50 * time.Millisecond)
		f.edit(func(of map[string][]Instance) { clear(of) })
		b.after(200 * time.Millisecond)
		for _, n := range names {
			b.want(n, 1)
		}
		b.after(retentionLimit)
		for _, n := range names {
			b.want(n, -1)
		}
	})
}

// Everything wiped: 503s, then valid but empty answers under a lower index, then the registrators fill it again.
func TestAWipedCluster(t *testing.T) {
	for _, errorsFirst := range []bool{true, false} {
		f := newFake()
		f.set("web", some("web", 4)...)
		f.set("api", one("api", 5))
		run(t, f, nil, func(b *bench) {
			b.want("web", 4)
			b.accepts(true, addresses(5)...)
			before := b.newest
			f.wipe()
			if errorsFirst {
				f.setFault(func(context.Context, string) error { return errors.New("503") })
				b.after(5 * time.Second)
				f.setFault(nil)
				b.after(3 * time.Second)
			} else {
				b.after(2 * listWait) // the list notices, and has the services asked for again
			}
			if b.view() != before {
				t.Fatalf("published %q", b.newest.Cause)
			}
			for n := range 4 {
				f.set("web", some("web", n+1)...)
				b.after(3 * time.Second)
			}
			f.set("api", one("api", 5))
			b.after(2 * retentionLimit)
			b.want("web", 4)
			b.want("api", 1)
			if b.newest != before {
				t.Errorf("published %q", b.newest.Cause)
			}
		})
	}
}

func TestAReplacedInstanceIsNotHeld(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 2)
		b.accepts(true, addresses(2)...)
		f.setFault(func(context.Context, string) error { return errors.New("500") })
		b.after(time.Second)
		again := one("web", 2)
		again.Start = "later"
		f.set("web", one("web", 1), again)
		f.setFault(nil)
		b.after(1100 * time.Millisecond)
		b.want("web", 2)
		if b.probed != 0 {
			t.Error("probed an instance whose place is taken")
		}
	})
}

func TestMaintenanceEndsAHold(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 2)
		b.accepts(true, addresses(2)...)
		f.set("web", frozen(some("web", 2))...)
		b.after(time.Second)
		b.want("web", 2)
		in := some("web", 2)
		in[0].Status = Maintenance
		f.set("web", in...)
		b.want("web", 1)
	})
}
