package discovery

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestCatalogueAwayChangesNothing(t *testing.T) {
	for name, fault := range map[string]func(ctx context.Context, service string) error{
		"refused": func(context.Context, string) error { return errors.New("connection refused") },
		"denied":  func(context.Context, string) error { return fmt.Errorf("list: %w", ErrDenied) },
		"hanging": func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.set("web", some("web", 2)...)
			f.set("api", some("api", 2)...)
			run(t, f, nil, func(b *bench) {
				before := b.view()
				b.after(time.Second)
				f.setFault(fault)
				if b.after(5*time.Hour) != before || !b.w.Ready() {
					t.Fatal("the view changed while the catalogue was away")
				}
				if n := b.lines(`"level":"warn"`) + b.lines(`"level":"error"`); n != 1 {
					t.Errorf("%d lines instead of one: %s", n, b.log)
				}
				if loud := b.lines(`"level":"error"`) == 1; loud != (name == "denied") {
					t.Errorf("log: %s", b.log)
				}
				if age := b.w.Ages()["web"]; age < 4*time.Hour {
					t.Errorf("the age is %s", age)
				}
				f.set("web", some("web", 3)...)
				f.setFault(nil)
				limit := 1100 * time.Millisecond
				if name == "hanging" {
					limit = freshLimit + 2*time.Second
				}
				b.after(limit)
				b.want("web", 3)
				if b.lines("answers again") != 1 {
					t.Errorf("log: %s", b.log)
				}
			})
		})
	}
}

func TestErrorsAreBounded(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	run(t, f, nil, func(b *bench) {
		b.want("web", 1)
		n := f.count("web")
		f.setFault(func(context.Context, string) error { return errors.New("500") })
		b.after(100 * time.Second)
		// At least one in each of the longest pauses, and at most two, since a pause may be half as long.
		if n = f.count("web") - n; n < 160 || n > 340 {
			t.Errorf("%d questions in 100 s", n)
		}
	})
}

// TestCallsThatIgnoreTheirContext: a stuck catalogue must neither block Run's end nor pile up goroutines.
func TestCallsThatIgnoreTheirContext(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	release := make(chan struct{})
	var stuck, worst int
	run(t, f, nil, func(b *bench) {
		release = make(chan struct{}) // of this bubble
		b.want("web", 1)
		f.setFault(func(context.Context, string) error {
			f.mu.Lock()
			stuck++
			worst = max(worst, stuck)
			f.mu.Unlock()
			<-release
			f.mu.Lock()
			stuck--
			f.mu.Unlock()
			return errors.New("late")
		})
		b.after(time.Hour)
		b.want("web", 1)
		if worst != 2*callSlots {
			t.Errorf("%d calls at the same time, want %d", worst, 2*callSlots)
		}
		f.set("web", some("web", 2)...)
		f.setFault(nil)
		close(release)
		b.after(20 * time.Second)
		b.want("web", 2)
	})
}

func TestJunkIndexesSlowAWatchDown(t *testing.T) {
	for name, bend := range map[string]func(m Meta) Meta{
		"zero":    func(m Meta) Meta { return Meta{} },
		"missing": func(m Meta) Meta { return Meta{IndexBad: true} },
		"huge":    func(m Meta) Meta { return Meta{Index: 1 << 60} },
		"falling": func() func(m Meta) Meta {
			n := uint64(1 << 40)
			return func(m Meta) Meta { n -= 5; return Meta{Index: n} }
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.index = 1 << 50 // above what falls, so that the fake answers at once
			f.set("web", some("web", 2)...)
			f.bend = func(service string, m Meta) Meta {
				if service == "web" {
					return bend(m)
				}
				return m
			}
			run(t, f, nil, func(b *bench) {
				b.want("web", 2)
				b.after(100 * time.Second)
				if n := f.count("web"); n > 105 {
					t.Errorf("%d questions in 100 s", n)
				}
				f.set("web", some("web", 3)...)
				b.after(1200 * time.Millisecond)
				b.want("web", 3)
			})
		})
	}
}

func TestALowerIndexStartsAgain(t *testing.T) {
	f := newFake()
	for range 100 {
		f.set("web", some("web", 2)...)
	}
	run(t, f, nil, func(b *bench) {
		b.want("web", 2)
		f.mu.Lock()
		f.index, f.at["web"], f.listAt = 3, 3, 3 // restored from a snapshot; the blocked question ends with its wait
		f.mu.Unlock()
		b.after(70 * time.Second)
		for n := 3; n < 6; n++ {
			f.set("web", some("web", n)...)
			b.want("web", n)
			time.Sleep(time.Second)
		}
	})
}
