package discovery

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pinNames are the pins of the newest Snapshot.
func pinNames(b *bench) string {
	var out []string
	for _, p := range b.view().Pins {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}

func aPin(service, content string) *Text {
	return NewText(TextKV, PinPrefix+"/"+KeyOf(service), content, 0)
}

// The first view waits for pins, and a service that is pinned is followed whatever its tags ask for.
func TestFirstViewWaitsForPins(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 1)...)
	f.set("shy", some("shy", 1)...)
	run(t, f, func(o *Options) {
		o.Pinned = true
		o.Wanted = func(name string, _ []string) bool { return name == "web" }
	}, func(b *bench) {
		time.Sleep(time.Second)
		if b.w.Ready() {
			t.Fatal("a view without pins")
		}
		b.w.SetPins([]*Text{aPin("shy", "x"), aPin("a b", "y")})
		time.Sleep(time.Second)
		if v := b.view(); pinNames(b) != "pins/a_20b pins/shy" || len(v.Services) != 2 {
			t.Errorf("%s, %d services", pinNames(b), len(v.Services))
		}
		before := b.view()
		b.w.SetPins([]*Text{aPin("shy", "x"), aPin("a b", "y")})
		time.Sleep(time.Second)
		if b.view() != before {
			t.Error("the same pins are news")
		}
		b.w.SetPins(nil)
		time.Sleep(time.Second)
		if v := b.view(); pinNames(b) != "" || len(v.Services) != 1 {
			t.Errorf("%s, %d services", pinNames(b), len(v.Services))
		}
	})
}

// Where nobody may know the pins, the first view comes without them; those of the disk stay in effect.
func TestPinsThatCannotBeToldStay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	f := newFake()
	f.set("web", some("web", 1)...)
	with := func(o *Options) { o.Pinned, o.StateFile = true, file }
	run(t, f, with, func(b *bench) {
		b.w.SetPins([]*Text{aPin("web", "x")})
		time.Sleep(5 * time.Second)
	})
	run(t, f, with, func(b *bench) {
		time.Sleep(time.Second)
		if v := b.view(); !v.Stale || pinNames(b) != "pins/web" {
			t.Errorf("from disk: %v, %s", v.Stale, pinNames(b))
		}
		b.w.PinsUnknown()
		time.Sleep(time.Second)
		if v := b.view(); v.Stale || pinNames(b) != "pins/web" {
			t.Errorf("confirmed without them: %v, %s", v.Stale, pinNames(b))
		}
		b.w.SetPins(nil)
		time.Sleep(time.Second)
		if pinNames(b) != "" {
			t.Error(pinNames(b))
		}
	})
}
