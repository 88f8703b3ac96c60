package discovery

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// drainOf is one of an instance.
func drainOf(in *Instance, last time.Duration) Drain {
	return Drain{Identity: in.Identity, Until: time.Now().Add(last)}
}

// A view never goes on with a drain after its end, whatever keeps the one who told it.
func TestADrainEndsByItself(t *testing.T) {
	f := newFake()
	list := some("web", 3)
	f.set("web", list...)
	run(t, f, func(o *Options) { o.Drains = true }, func(b *bench) {
		time.Sleep(time.Second)
		if b.w.Ready() {
			t.Fatal("a view without drains")
		}
		b.w.SetDrains([]Drain{drainOf(&list[0], time.Minute), drainOf(&list[1], 2*time.Minute)})
		b.after(time.Second)
		for _, at := range []struct {
			after time.Duration
			want  int
		}{{57 * time.Second, 1}, {4 * time.Second, 2}, {55 * time.Second, 2}, {4 * time.Second, 3}} {
			if b.after(at.after); b.usable("web") != at.want {
				t.Errorf("%s later %d get requests, want %d", at.after, b.usable("web"), at.want)
			}
		}
	})
}

// What is drained stays so over a restart, also where the Store is away then, and no longer than the drain lasts.
func TestDrainsOutliveARestart(t *testing.T) {
	f := newFake()
	list := some("web", 3)
	f.set("web", list...)
	file := filepath.Join(t.TempDir(), "state")
	with := func(o *Options) { o.Drains, o.StateFile = true, file }
	run(t, f, with, func(b *bench) {
		b.w.SetDrains([]Drain{drainOf(&list[0], time.Minute), drainOf(&list[1], time.Hour)})
		b.after(5 * time.Second)
	})
	run(t, f, with, func(b *bench) {
		if b.after(time.Second); b.usable("web") != 1 || !b.newest.Stale {
			t.Errorf("from disk: %d get requests", b.usable("web"))
		}
		if b.after(time.Minute); b.usable("web") != 2 { // without a word of the Store
			t.Errorf("after its end: %d get requests", b.usable("web"))
		}
		b.w.SetDrains([]Drain{drainOf(&list[2], time.Hour)}) // as the second one was ended meanwhile
		if b.after(time.Second); b.usable("web") != 2 {
			t.Errorf("as told: %d get requests", b.usable("web"))
		}
	})
}

// Drains that are told at once are in effect in the first view from disk, and later ones in one that the catalogue has not confirmed.
func TestDrainsOfAViewFromDisk(t *testing.T) {
	f := newFake()
	list := some("web", 3)
	f.set("web", list...)
	file := filepath.Join(t.TempDir(), "state")
	with := func(o *Options) { o.Drains, o.StateFile, o.Pinned = true, file, true }
	run(t, f, with, func(b *bench) {
		b.w.SetDrains(nil)
		b.w.SetPins(nil)
		b.after(5 * time.Second)
	})
	run(t, f, with, func(b *bench) { // pins are never told: the view stays that from disk
		time.AfterFunc(diskDrains/2, func() { b.w.SetDrains([]Drain{drainOf(&list[0], time.Hour)}) })
		if time.Sleep(diskDrains / 4); b.w.Ready() {
			t.Error("it did not wait")
		}
		if b.after(diskDrains); b.newest.Sequence != 1 || !b.newest.Stale || b.usable("web") != 2 {
			t.Errorf("view %d: %d get requests", b.newest.Sequence, b.usable("web"))
		}
		b.w.SetDrains([]Drain{drainOf(&list[0], time.Hour), drainOf(&list[1], time.Hour)})
		if b.after(time.Second); !b.newest.Stale || b.usable("web") != 1 {
			t.Errorf("%d get requests", b.usable("web"))
		}
		b.w.SetDrains(nil)
		if b.after(time.Second); !b.newest.Stale || b.usable("web") != 3 {
			t.Errorf("%d get requests", b.usable("web"))
		}
	})
}

// Where the Store does not answer, the first view comes without drains and pins at its limit, and says so. They are in effect as soon as it answers.
func TestStartWithoutTheStore(t *testing.T) {
	f := newFake()
	list := some("web", 3)
	f.set("web", list...)
	var noted []Outage
	run(t, f, func(o *Options) {
		o.Drains, o.Pinned = true, true
		o.Noted = func(one Outage) { noted = append(noted, one) }
	}, func(b *bench) {
		if time.Sleep(9 * time.Second); b.w.Ready() {
			t.Error("it did not wait")
		}
		if b.after(2 * time.Second); b.usable("web") != 3 || pinNames(b) != "" {
			t.Errorf("%d get requests", b.usable("web"))
		}
		if len(noted) != 1 || !errors.Is(noted[0].Why, errNoneKnown) || b.lines("starting without it") != 1 {
			t.Errorf("%+v", noted)
		}
		b.w.SetDrains([]Drain{drainOf(&list[0], time.Hour)})
		b.w.SetPins([]*Text{aPin("web", "x")})
		if b.after(time.Second); b.usable("web") != 2 || pinNames(b) != "pins/web" {
			t.Errorf("%d get requests, pins %s", b.usable("web"), pinNames(b))
		}
		if len(noted) != 2 || noted[1].Why != nil || noted[1].For < time.Second || !slices.ContainsFunc(noted, func(o Outage) bool { return o.Whose == theStore }) {
			t.Errorf("%+v", noted)
		}
	})
}
