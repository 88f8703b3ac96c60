package discovery

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// texter is a fake that holds texts too.
type texter struct {
	*fake
	texts  map[string]string
	textAt uint64
}

func newTexter(texts map[string]string) *texter {
	f := newFake()
	f.set("web", some("web", 1)...)
	return &texter{fake: f, texts: texts, textAt: 100}
}

func (f *texter) Texts(ctx context.Context, q Query) (TextAnswer, error) {
	at, err := f.wait(ctx, "texts", q, func() uint64 { return f.textAt })
	if err != nil {
		return TextAnswer{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := TextAnswer{Meta: Meta{Index: at}}
	for name, content := range f.texts {
		out.Texts = append(out.Texts, NewText(TextKV, name, content, 7))
	}
	return out, nil
}

// put changes the texts under a new index.
func (f *texter) put(texts map[string]string, index uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.texts, f.textAt = texts, index
	f.wake()
}

// hold checks which texts the newest Snapshot has, as kind, name and lines.
func hold(t *testing.T, b *bench, want ...string) {
	t.Helper()
	var got []string
	for _, x := range b.view().Texts {
		got = append(got, []string{"kv ", "file "}[x.Kind]+x.Name+": "+strings.Join(x.Lines, "|"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("texts %q, want %q", got, want)
	}
}

// over puts f in the place of the catalogue.
func over(f *texter) func(*Options) {
	return func(o *Options) {
		o.Catalogue = f
		o.Wanted = func(name string, tags []string) bool { return slices.Contains(tags, "route") }
		o.Refer = func(texts []*Text) (r References) {
			for _, x := range texts {
				for _, l := range x.Lines {
					if name, ok := strings.CutPrefix(l, "service="); ok {
						r.Services = append(r.Services, name)
					}
					if name, ok := strings.CutPrefix(l, "host="); ok {
						r.Hosts = append(r.Hosts, name)
					}
				}
			}
			return r
		}
	}
}

func TestTextsAreCarried(t *testing.T) {
	f := newTexter(map[string]string{"r/b": "x\r\n\r\ny\n", "r/a": "z"})
	run(t, f.fake, over(f), func(b *bench) {
		hold(t, b, "kv r/a: z", "kv r/b: x||y")
		before := b.view()
		b.w.SetTexts([]*Text{NewText(TextFile, "/f", "one\n", 0)})
		hold(t, b, "file /f: one", "kv r/a: z", "kv r/b: x||y")
		if is := b.view(); is.Texts[1] != before.Texts[0] || is.Services[0] != before.Services[0] || is.Cause != "routes in /f" {
			t.Errorf("%q; what has not changed must keep its pointer", is.Cause)
		}
		last := b.view()
		b.w.SetTexts([]*Text{NewText(TextFile, "/f", "one\n", 0)})
		f.put(map[string]string{"r/a": "z", "r/b": "x\n\ny"}, 101)
		time.Sleep(time.Second)
		if b.view() != last {
			t.Errorf("published %q though nothing has changed", b.view().Cause)
		}
		f.put(map[string]string{"r/b": "x"}, 102)
		hold(t, b, "file /f: one", "kv r/b: x")
		f.put(nil, 103) // the last one, as its owner removed it
		hold(t, b, "file /f: one")
	})
}

func TestTextsStayWhileTheirLossIsInDoubt(t *testing.T) {
	both := []string{"kv r/a: 1", "kv r/b: 2"}
	for name, c := range map[string]struct {
		fault func(f *texter)
		stay  time.Duration // at least
		end   []string      // after ten minutes
	}{
		"an error": {func(f *texter) {
			f.setFault(func(context.Context, string) error { return errors.New("down") })
		}, 10 * time.Minute, both},
		"denied later": {func(f *texter) {
			f.setFault(func(context.Context, string) error { return ErrDenied })
		}, 10 * time.Minute, both},
		"wiped": {func(f *texter) { f.put(nil, 3) }, 10 * time.Minute, both},
		"wiped, and one is back": {func(f *texter) {
			f.put(nil, 3)
			time.Sleep(time.Second)
			f.put(map[string]string{"r/a": "1"}, 4)
		}, 50 * time.Second, both[:1]},
		"the index stood": {func(f *texter) { f.put(map[string]string{"r/b": "2"}, 100) }, 50 * time.Second, both[1:]},
		"deleted during an outage": {func(f *texter) {
			f.setFault(func(context.Context, string) error { return errors.New("down") })
			time.Sleep(time.Second)
			f.put(nil, 101)
			f.setFault(nil)
		}, 50 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTexter(map[string]string{"r/a": "1", "r/b": "2"})
			run(t, f.fake, over(f), func(b *bench) {
				hold(t, b, both...)
				c.fault(f)
				time.Sleep(min(c.stay, 50*time.Second))
				hold(t, b, both...)
				time.Sleep(10 * time.Minute)
				hold(t, b, c.end...)
			})
		})
	}
}

func TestNoRightToReadTextsIsSaidOnceAndHoldsNothingUp(t *testing.T) {
	f := newTexter(nil)
	f.fault = func(_ context.Context, what string) error {
		if what == "texts" {
			return ErrDenied
		}
		return nil
	}
	run(t, f.fake, over(f), func(b *bench) {
		b.want("web", 1)
		time.Sleep(time.Hour)
		if n := strings.Count(b.log.String(), "denies"); n != 1 {
			t.Errorf("said %d times: %s", n, b.log)
		}
		if n := f.count("texts"); n > 361 {
			t.Errorf("asked %d times in an hour", n)
		}
		f.put(map[string]string{"r/a": "1"}, 101)
		f.setFault(nil)
		time.Sleep(deniedPause)
		hold(t, b, "kv r/a: 1")
	})
}

func TestTheFirstViewWaitsForTextsAndNames(t *testing.T) {
	f := newTexter(map[string]string{"r/a": "host=db"})
	f.fault = func(ctx context.Context, what string) error {
		if what == "texts" {
			sleep(ctx, 2*time.Second)
		}
		return nil
	}
	run(t, f.fake, over(f), func(b *bench) {
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if b.w.Ready() {
			t.Error("a view without the name")
		}
		b.w.SetNames([]*Name{{Host: "db", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.9")}}})
		if s := b.view(); len(s.Names) != 1 || s.Names[0].Host != "db" || len(s.Texts) != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAServiceThatATextNamesIsWatched(t *testing.T) {
	f := newTexter(nil)
	plain := one("plain", 2)
	plain.Tags = nil
	f.set("plain", plain)
	run(t, f.fake, over(f), func(b *bench) {
		if s := b.view(); lookup(s, "plain") != nil {
			t.Error("it is watched without being named")
		}
		f.put(map[string]string{"r/a": "service=plain"}, 101)
		b.want("plain", 1)
		f.put(nil, 102)
		time.Sleep(time.Second)
		if s := b.view(); lookup(s, "plain") != nil {
			t.Error("it is watched without being named any more")
		}
	})
}

func TestStoredTextsOutliveARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	kept := func(f *texter) func(*Options) {
		return func(o *Options) { over(f)(o); o.StateFile = file }
	}
	f := newTexter(map[string]string{"r/a": "1"})
	run(t, f.fake, kept(f), func(b *bench) {
		b.w.SetTexts([]*Text{NewText(TextFile, "/f", "one\n", 0)})
		hold(t, b, "file /f: one", "kv r/a: 1")
		time.Sleep(2 * time.Second)
	})
	wiped := newTexter(nil) // with an index that is lower
	wiped.textAt = 5
	run(t, wiped.fake, kept(wiped), func(b *bench) {
		hold(t, b, "kv r/a: 1")
		time.Sleep(10 * time.Minute)
		hold(t, b, "kv r/a: 1")
	})
}

// What was last known of a text that is broken now is on disk in its place, and comes with it after a restart.
func TestTheLastTextThatWasNotBrokenOutlivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	options := func(f *texter) func(*Options) {
		return func(o *Options) {
			o.Catalogue, o.StateFile = f, file
			o.Broken = func(t *Text) bool { return slices.Contains(t.Lines, "broken") }
		}
	}
	before := func(b *bench, want string) {
		t.Helper()
		texts := b.view().Texts
		if len(texts) != 1 {
			t.Fatalf("%d texts", len(texts))
		}
		got := ""
		if t := texts[0].Before; t != nil {
			got = strings.Join(t.Lines, "|")
		}
		if got != want {
			t.Errorf("before it %q, want %q", got, want)
		}
	}
	f := newTexter(map[string]string{"a": "good"})
	run(t, f.fake, options(f), func(b *bench) {
		b.after(2 * time.Second)
		hold(t, b, "kv a: good")
		before(b, "")
		for i, text := range []string{"broken", "broken\nmore"} {
			f.put(map[string]string{"a": text}, 101+uint64(i))
			b.after(2 * time.Second)
			hold(t, b, "kv a: "+strings.ReplaceAll(text, "\n", "|"))
			before(b, "good")
		}
	})
	for range 2 {
		run(t, f.fake, options(f), func(b *bench) {
			b.after(2 * time.Second)
			hold(t, b, "kv a: broken|more")
			before(b, "good")
		})
	}
	run(t, f.fake, options(f), func(b *bench) {
		f.put(map[string]string{"a": "better"}, 110)
		b.after(2 * time.Second)
		hold(t, b, "kv a: better")
		before(b, "")
		f.put(map[string]string{"a": "broken"}, 111)
		b.after(2 * time.Second)
		before(b, "better")
	})
	f = newTexter(map[string]string{"a": "broken"})
	file = filepath.Join(t.TempDir(), "state.json")
	run(t, f.fake, options(f), func(b *bench) {
		b.after(2 * time.Second)
		before(b, "")
		f.put(map[string]string{"a": "broken\nmore"}, 101)
		b.after(2 * time.Second)
		before(b, "")
	})
}
