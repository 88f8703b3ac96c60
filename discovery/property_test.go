package discovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.RunLeakFree(m)) }

// TestEveryViewIsSomePastCatalogue: whatever the catalogue does, each service's published block is what the catalogue held
// at some moment (held-back instances apart: nothing accepts here, so none stays), errors change nothing, and in the end
// the view is the catalogue's.
func TestEveryViewIsSomePastCatalogue(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 99), 1, 40).Draw(r, "steps")
		problem := ""
		synctest.Test(t, func(*testing.T) { problem = walk(steps) })
		if problem != "" {
			r.Fatal(problem)
		}
	})
}

func walk(steps []int) string {
	f := newFake()
	names := []string{"a", "b", "c"}
	history := map[string][]string{}
	record := func() {
		for _, n := range names {
			s, _ := clean(slices.Clone(f.of[n]))
			history[n] = append(history[n], text(s))
		}
	}
	f.set("a", some("a", 2)...)
	record()
	w := NewWatcher(Options{Catalogue: f, Log: zerolog.Nop(), Probe: func(context.Context, string) error { return errors.New("refused") }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() { cancel(); <-done }()
	var view *Snapshot
	look := func() string {
		synctest.Wait()
		select {
		case view = <-w.Snapshots():
		default:
			return ""
		}
		for _, b := range view.Services {
			if !slices.Contains(history[b.Name], text(b.Instances)) {
				return fmt.Sprintf("%s was never %s", b.Name, text(b.Instances))
			}
		}
		return ""
	}

	for _, n := range steps {
		switch name := names[n%3]; {
		case n < 50:
			f.set(name, some(name, 1+n%5)...)
			record()
		case n < 65:
			f.set(name)
			record()
		case n < 75:
			f.set(name, frozen(some(name, 1+n%5))...)
			record()
		case n < 85:
			f.setFault(func(context.Context, string) error { return errors.New("500") })

		case n < 95:
			f.setFault(nil)

		default:
			time.Sleep(time.Duration(n) * time.Second)
		}
		time.Sleep(time.Duration(n) * 3 * time.Millisecond)
		if p := look(); p != "" {
			return p
		}
	}
	f.setFault(nil)
	time.Sleep(5 * time.Second)
	if p := look(); p != "" {
		return p
	}
	for _, n := range names {
		want, _ := clean(slices.Clone(f.of[n]))
		var got []Instance
		if b := lookup(view, n); b != nil {
			got = b.Instances
		}
		if text(got) != text(want) {
			return fmt.Sprintf("in the end %s is %s and not %s", n, text(got), text(want))
		}
	}
	return ""
}

func text(in []Instance) string {
	s := ""
	for _, i := range in {
		s += fmt.Sprint(i.ID, i.Status, " ")
	}
	return s
}
