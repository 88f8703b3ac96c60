package discovery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func exampleState(t testing.TB, at time.Time) []byte {
	t.Helper()
	in := some("web", 2)
	in[0].Kind = "connect-proxy"
	in[0].Meta, in[0].Marked, in[0].Started, in[0].Container = map[string]string{"k": "v"}, true, at, "abc"
	in[0].Registered, in[0].Created, in[0].Zone = true, 5, "a"
	s := &Snapshot{Services: []*Service{{Name: "api", Instances: some("api", 1)}, {Name: "web", Index: 7}}, Datacenter: "dc1"}
	s.Services[1].Instances, _ = clean(in)
	b, err := json.Marshal(newState(s, at))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStateComesBackAsItWas(t *testing.T) {
	now := time.Now()
	s, at, err := parseState(bytes.NewReader(exampleState(t, now)), now)
	if err != nil || !at.Equal(now) || !s.Stale || s.Datacenter != "dc1" || len(s.Services) != 2 {
		t.Fatalf("%+v, %v, %v", s, at, err)
	}
	want := some("web", 2)
	want[0].Kind = "connect-proxy"
	want[0].Meta, want[0].Marked, want[0].Started, want[0].Container = map[string]string{"k": "v"}, true, now, "abc"
	want[0].Registered, want[0].Zone = true, "a"
	want, _ = clean(want)
	if got := lookup(s, "web").Instances; !same(got, want) || got[0].Created+got[1].Created != 5 {
		t.Errorf("got %+v, want %+v", lookup(s, "web").Instances, want)
	}
}

func TestJunkStateIsRefused(t *testing.T) {
	now := time.Now()
	good := string(exampleState(t, now))
	for name, text := range map[string]string{
		"empty":           "",
		"cut":             good[:len(good)/2],
		"no JSON":         "<html>",
		"another version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"trailing":        good + "{}",
		"too old":         string(exampleState(t, now.Add(-stateLimit-time.Minute))),
		"from the future": string(exampleState(t, now.Add(2*stateSkew))),
		"twice a service": strings.Replace(good, `"name":"web"`, `"name":"api"`, 1),
		"a name with LF":  strings.Replace(good, `"name":"web"`, `"name":"we\nb"`, 1),
		"an address":      strings.Replace(good, `10.0.0.1`, `10.0.0.1; evil`, 1),
		"a port":          strings.Replace(good, `"port":80`, `"port":65536`, 1),
		"a weight":        strings.Replace(good, `"weight":1`, `"weight":0`, 1),
		"a status":        strings.Replace(good, `"passing"`, `"fine"`, 1),
	} {
		if text == good {
			t.Fatalf("%s: the case changes nothing", name)
		}
		if s, _, err := parseState(strings.NewReader(text), now); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, err := parseState(endless{}, now); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("endless: %v", err)
	}
	if _, _, err := readState(t.TempDir(), now); err == nil {
		t.Error("read a folder")
	}
}

// endless is a JSON string that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '"'
	}
	if len(p) > 1 {
		copy(p, bytes.Repeat([]byte(" "), len(p)))
	}
	return len(p), nil
}

func FuzzState(f *testing.F) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Add(exampleState(f, now))
	f.Add([]byte(`{"version":1,"confirmed":"2030-01-01T00:00:00Z","services":[{"name":"a","instances":[null]}]}`))
	f.Add([]byte(`{"version":1e0,"services":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, at, err := parseState(bytes.NewReader(b), now)
		if err != nil {
			return
		}
		last := ""
		for _, block := range s.Services {
			if CheckName(block.Name) != nil || block.Name <= last {
				t.Fatalf("name %q after %q", block.Name, last)
			}
			last = block.Name
			for i := range block.Instances {
				in := &block.Instances[i]
				if !valid(in) || in.Weight < 1 || find(block.Instances, in.Identity) == nil {
					t.Fatalf("instance %+v", in)
				}
			}
		}
		again, err := json.Marshal(newState(s, at))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := parseState(bytes.NewReader(again), now); err != nil {
			t.Fatalf("what was accepted is refused when written again: %v", err)
		}
	})
}

func TestASnapshotOnDiskIsServedUntilTheCatalogueAnswers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	opt := func(o *Options) { o.StateFile = file }
	f := newFake()
	f.set("web", some("web", 2)...)
	f.set("old", one("old", 9))
	run(t, f, opt, func(b *bench) {
		b.want("web", 2)
		b.after(30 * time.Hour) // unchanged, but confirmed again and again
	})
	f = newFake()
	f.set("web", some("web", 3)...)
	f.fault = func(context.Context, string) error { return errors.New("refused") }
	synctest.Test(t, func(t *testing.T) { time.Sleep(30 * time.Hour) })
	run(t, f, opt, func(b *bench) {
		// The bubble's clock starts anew, in the past of the file's stamp: it must be refused.
		if b.view() != nil || b.lines("is not used") != 1 {
			t.Fatalf("a snapshot from the future is served: %s", b.log)
		}
	})
	body := exampleState(t, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Hour)) // synctest's clock starts in 2000
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	f = newFake()
	f.set("web", some("web", 3)...)
	f.fault = func(_ context.Context, service string) error { return errors.New("refused") }
	run(t, f, opt, func(b *bench) {
		if s := b.view(); s == nil || !s.Stale || !b.w.Ready() {
			t.Fatalf("not served: %s", b.log)
		}
		b.want("web", 2)
		if age := b.w.Ages()["web"]; age < time.Hour {
			t.Errorf("age %s", age)
		}
		b.after(time.Hour)
		b.accepts(false)
		f.setFault(func(_ context.Context, service string) error {
			if service == "web" {
				return errors.New("500")
			}
			return nil
		})
		b.after(2 * time.Second)
		if !b.newest.Stale {
			t.Error("a partial view replaces that from disk")
		}
		f.setFault(nil)
		b.after(2 * time.Second)
		b.want("web", 3)
		b.want("api", -1) // on disk only
		if b.newest.Stale || b.newest.Sequence != 2 {
			t.Errorf("stale %v, sequence %d", b.newest.Stale, b.newest.Sequence)
		}
		for _, i := range lookup(b.newest, "web").Instances {
			if i.SinceStart {
				t.Error("an instance of the first live view counts as new")
			}
		}
	})
}

// What stands in files, and where hosts lead, is known without the catalogue: until that answers, it is served with the services from disk.
func TestTextsAndNamesDoNotWaitForTheCatalogue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	body := exampleState(t, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Hour))
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newTexter(nil)
	f.fault = func(context.Context, string) error { return errors.New("refused") }
	opt := func(o *Options) {
		over(f)(o)
		o.StateFile, o.Wanted = file, func(name string, _ []string) bool { return name == "web" }
	}
	run(t, f.fake, opt, func(b *bench) {
		first := b.view()
		if first == nil || lookup(first, "web") == nil || lookup(first, "api") != nil {
			t.Fatalf("not served: %s", b.log)
		}
		b.w.SetTexts([]*Text{NewText(TextFile, "/f", "host=db\n", 0)})
		hold(t, b, "file /f: host=db")
		b.w.SetNames([]*Name{{Host: "db", Addresses: []netip.Addr{netip.MustParseAddr("10.9.9.9")}}})
		if s := b.view(); len(s.Names) != 1 || !s.Stale || s.Taken != first.Taken || s.Services[0] != first.Services[0] {
			t.Errorf("names %v, stale %v, taken %s", s.Names, s.Stale, s.Taken)
		}
		b.w.SetTexts([]*Text{NewText(TextFile, "/f", "host=db\nservice=api\n", 0)})
		if s := b.view(); lookup(s, "api") == nil || lookup(s, "web") == nil || !s.Stale {
			t.Error("a line does not reach a service that is on disk")
		}
		last := b.view()
		f.setFault(func(_ context.Context, service string) error {
			if service == "web" {
				return errors.New("500")
			}
			return nil
		})
		b.after(2 * time.Second)
		if b.view() != last {
			t.Errorf("a partial view is published: %s", b.newest.Cause)
		}
		f.setFault(nil)
		b.after(2 * time.Second)
		b.want("web", 1)
		b.want("api", -1)
		if s := b.view(); s.Stale || len(s.Names) != 1 || len(s.Texts) != 1 {
			t.Errorf("stale %v, names %v, texts %v", s.Stale, s.Names, s.Texts)
		}
	})
}

func TestADiskThatFailsIsOneLine(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	file := filepath.Join(t.TempDir(), "gone", "state.json")
	run(t, f, func(o *Options) { o.StateFile = file }, func(b *bench) {
		for n := 1; n < 6; n++ {
			f.set("web", some("web", n)...)
			b.after(2 * time.Second)
			b.want("web", n)
		}
		if b.lines("write the snapshot to disk") != 1 {
			t.Errorf("log: %s", b.log)
		}
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		f.set("web", one("web", 1))
		b.after(2 * time.Second)
		if b.lines("on disk again") != 1 {
			t.Errorf("log: %s", b.log)
		}
	})
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
