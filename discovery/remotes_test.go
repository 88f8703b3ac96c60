package discovery

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// federation is a catalogue that can be asked about other datacenters.
type federation struct {
	*fake
	others map[string]*fake
}

func (f *federation) InstancesIn(ctx context.Context, datacenter, service string, q Query) (Answer, error) {
	other := f.others[datacenter]
	if other == nil {
		return Answer{}, fmt.Errorf("%w %s", ErrNoDatacenter, datacenter)
	}
	return other.Instances(ctx, service, q)
}

// federate puts another datacenter beside f. Tags of a service name services there: "at NAME@DC", and its own as standby: "failover DC".
func federate(f *fake, other *fake) (*federation, func(*Options)) {
	all := &federation{fake: f, others: map[string]*fake{"dc2": other}}
	return all, func(o *Options) {
		other.changed = make(chan struct{}) // one of this bubble
		o.Catalogue = all
		o.Named = func(own string, tags []string) (out References) {
			for _, tag := range tags {
				if text, ok := strings.CutPrefix(tag, "at "); ok {
					name, dc, _ := strings.Cut(text, "@")
					out.Remote = append(out.Remote, Remote{Service: name, Datacenter: dc})
				}
				if dc, ok := strings.CutPrefix(tag, "failover "); ok {
					out.Remote = append(out.Remote, Remote{Service: own, Datacenter: dc, Standby: true})
				}
			}
			return out
		}
	}
}

// tagged are n instances of a service with tags.
func tagged(name string, n int, tags ...string) []Instance {
	list := some(name, n)
	for i := range list {
		list[i].Tags = tags
	}
	return list
}

// there is how many usable instances a service of dc2 has in the newest view; -1 where it is not there, and why in words where nothing is known.
func (b *bench) there(name string) string {
	b.t.Helper()
	for _, s := range b.view().Remote {
		if s.Name == name && s.Datacenter == "dc2" {
			if s.Missing != "" {
				return s.Missing
			}
			return fmt.Sprint(usable(s.Instances))
		}
	}
	return "-1"
}

func (b *bench) wantThere(name, n string) {
	b.t.Helper()
	if got := b.there(name); got != n {
		b.t.Fatalf("%s@dc2 has %s usable instances in the view, want %s\nlog: %s", name, got, n, b.log)
	}
}

func sick2(list []Instance) []Instance {
	list = slices.Clone(list)
	for i := range list {
		list[i].Status = Critical
	}
	return list
}

func TestAServiceOfAnotherDatacenterIsWatchedWhileItIsNamed(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 2, "at api@dc2")...)
	other.set("api", some("api", 3)...)
	_, opt := federate(f, other)
	run(t, f, opt, func(b *bench) {
		b.wantThere("api", "3")
		if in := b.newest.Remote[0].Instances[0]; in.Datacenter != "dc2" {
			t.Errorf("%+v", in.Identity)
		}
		time.Sleep(time.Second)
		other.set("api", some("api", 4)...)
		b.wantThere("api", "4") // at once
		if f.count("api") > 0 {
			t.Error("the service is asked for at home")
		}
		if age, ok := b.w.Ages()["api@dc2"]; !ok || age > time.Second {
			t.Errorf("%v", b.w.Ages())
		}
		f.set("web", some("web", 2)...)
		f.mu.Lock()
		f.listAt = f.index
		f.wake()
		f.mu.Unlock()
		b.after(retentionLimit / 2)
		b.wantThere("api", "4")
		b.after(retentionLimit)
		b.wantThere("api", "-1")
		asked := other.count("api")
		time.Sleep(time.Hour)
		if other.count("api") != asked || len(b.w.Ages()) != 1 {
			t.Errorf("asked for after nobody names it: %v", b.w.Ages())
		}
	})
}

func TestOnStandbyAServiceIsWatchedOnlyWhileItIsNeeded(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 3, "failover dc2")...)
	other.set("web", some("web", 2)...)
	var inUse atomic.Bool
	_, change := federate(f, other)
	opt := func(o *Options) {
		change(o)
		o.InUse = func(service, datacenter string) bool { return inUse.Load() && service+datacenter == "webdc2" }
	}
	run(t, f, opt, func(b *bench) {
		watched := func(want int64) {
			t.Helper()
			if w, l := b.w.count.remoteWatched.Load(), b.w.count.remoteLooked.Load(); w != want || w+l != 1 {
				t.Errorf("%d watched, %d looked at, want %d watched", w, l, want)
			}
		}
		b.wantThere("web", "2") // an answer is at hand
		time.Sleep(time.Hour)
		if n := other.count("web"); n < 55 || n > 75 {
			t.Errorf("asked %d times in an hour, want about once a minute", n)
		}
		watched(0)
		other.set("web", some("web", 4)...)
		b.after(lookInterval + time.Second)
		b.wantThere("web", "4")
		// One of three left is few: it is watched before it is needed.
		list := tagged("web", 3, "failover dc2")
		f.set("web", append(sick2(list[:2]), list[2])...)
		b.view()
		watched(1)
		other.set("web", some("web", 5)...)
		b.wantThere("web", "5") // at once
		f.set("web", list...)
		b.after(watchFor + 2*time.Second)
		watched(0)
		// Requests go there: the catalogue here has not noticed.
		inUse.Store(true)
		b.after(2 * time.Second)
		watched(1)
		time.Sleep(time.Hour)
		watched(1)
		inUse.Store(false)
		b.after(watchFor + 2*time.Second)
		watched(0)
	})
}

// A service that is gone from here altogether is served from there, and not for ever.
func TestOnStandbyAServiceOutlivesTheOneHere(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 1, "failover dc2")...)
	f.set("api", some("api", 1)...)
	other.set("web", some("web", 2)...)
	_, opt := federate(f, other)
	run(t, f, opt, func(b *bench) {
		b.wantThere("web", "2")
		f.set("web")
		b.want("web", -1)
		b.wantThere("web", "2")
		other.set("web", some("web", 3)...)
		b.after(time.Second)
		b.wantThere("web", "3")
		b.after(standbyFor + 3*time.Second)
		b.wantThere("web", "-1")
	})
}

func TestErrorsOfAnotherDatacenterChangeNothing(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 2, "at api@dc2", "at api@dc9")...)
	other.set("api", some("api", 3)...)
	_, opt := federate(f, other)
	run(t, f, opt, func(b *bench) {
		b.wantThere("api", "3")
		for name, fault := range map[string]func(ctx context.Context, service string) error{
			"refused": func(context.Context, string) error { return errors.New("500") },
			"no way":  func(context.Context, string) error { return ErrNoDatacenter },
			"denied":  func(context.Context, string) error { return ErrDenied },
			"hanging": func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
		} {
			b.log.Reset()
			other.setFault(fault)
			asked := other.count("api")
			b.after(time.Hour)
			b.wantThere("api", "3")
			if n := other.count("api") - asked; n > 3000 || b.lines("the datacenter dc2 ") != 1 {
				t.Errorf("%s: asked %d times in an hour; %s", name, n, b.log)
			}
			other.setFault(nil)
			b.after(time.Minute)
			if b.lines("the datacenter dc2 answers again") != 1 {
				t.Errorf("%s: %s", name, b.log)
			}
		}
		time.Sleep(time.Second)
		other.set("api", some("api", 1)...)
		b.wantThere("api", "1")
		if i := slices.IndexFunc(b.newest.Remote, func(s *Service) bool { return s.Datacenter == "dc9" }); i < 0 || b.newest.Remote[i].Missing == "" {
			t.Errorf("%+v", b.newest.Remote)
		}
	})
}

// Each datacenter is judged by its own services and nodes.
func TestGuardsAreOfOneDatacenter(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 2, "at api@dc2")...)
	down := some("db", 1)
	down[0].Node = "n1"
	f.set("db", down...)
	list := some("api", 2)
	list[0].Node, list[1].Node = "n1", "n2" // a node of the same name as one here
	other.set("api", list...)
	_, opt := federate(f, other)
	run(t, f, opt, func(b *bench) {
		b.wantThere("api", "2")
		b.accepts(true, list[0].Address, list[1].Address)
		time.Sleep(time.Second)
		sickNode := slices.Clone(down)
		sickNode[0].Status, sickNode[0].NodeDown = Critical, true
		f.set("db", sickNode...)
		b.view()
		other.set("api", list[1]) // its node is well there: believed at once
		b.wantThere("api", "1")
		time.Sleep(time.Second)
		gone := slices.Clone(list[1:])
		gone[0].Status, gone[0].NodeDown = Critical, true
		other.set("api", gone...) // by serfHealth alone: it still accepts
		b.wantThere("api", "1")
		b.accepts(false, list[1].Address)
		b.after(5 * time.Second)
		b.wantThere("api", "0")
	})
}

func TestTheFirstViewWaitsNotForLongForAnotherDatacenter(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 2, "at api@dc2", "failover dc2")...)
	other.fault = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	_, opt := federate(f, other)
	run(t, f, opt, func(b *bench) {
		if b.view() != nil {
			t.Error("published before dc2 has had its chance")
		}
		b.after(remotePatience + 2*time.Second)
		b.want("web", 2)
	})
}

func TestOtherDatacentersOnDisk(t *testing.T) {
	f, other := newFake(), newFake()
	f.set("web", tagged("web", 2, "at api@dc2", "failover dc2")...)
	other.set("api", some("api", 3)...)
	other.set("web", some("web", 2)...) // the same nodes and IDs as here
	_, change := federate(f, other)
	file := filepath.Join(t.TempDir(), "state")
	opt := func(o *Options) { change(o); o.StateFile = file }
	run(t, f, opt, func(b *bench) {
		b.want("web", 2)
		b.wantThere("web", "2")
		b.after(5 * time.Second)
	})
	away := func(context.Context, string) error { return errors.New("away") }
	f.fault, other.fault = away, away
	run(t, f, opt, func(b *bench) {
		b.want("web", 2)
		b.wantThere("api", "3")
		b.wantThere("web", "2")
		if !b.newest.Stale {
			t.Error("not from disk")
		}
		f.setFault(nil)
		other.setFault(nil)
		other.set("api", some("api", 1)...)
		b.accepts(false)
		b.after(10 * time.Second)
		b.wantThere("api", "1")
	})
}

func TestACatalogueWithoutOtherDatacenters(t *testing.T) {
	f := newFake()
	f.set("web", tagged("web", 2, "at api@dc2", "failover dc2")...)
	_, change := federate(f, newFake())
	opt := func(o *Options) { change(o); o.Catalogue = f }
	run(t, f, opt, func(b *bench) {
		b.want("web", 2)
		b.wantThere("api", errAlone.Error())
	})
}

func TestServicesOfOtherDatacentersAreBounded(t *testing.T) {
	f, other := newFake(), newFake()
	var tags []string
	for i := range 400 {
		tags = append(tags, fmt.Sprintf("at s%03d@dc2", i))
		other.set(fmt.Sprintf("s%03d", i), one("s", 1))
	}
	f.set("web", tagged("web", 2, tags...)...)
	_, change := federate(f, other)
	opt := func(o *Options) {
		change(o)
		o.Refer = func(texts []*Text) (r References) {
			for range texts {
				r.Remote = append(r.Remote, Remote{Service: "s399", Datacenter: "dc2"})
			}
			return r
		}
	}
	run(t, f, opt, func(b *bench) {
		b.after(2 * time.Minute)
		defer func() { // a line of the operator's comes late, and is followed all the same
			b.w.SetTexts([]*Text{NewText(TextFile, "/f", "service=s399@dc2\n", 0)})
			b.after(time.Minute)
			if n := len(b.newest.Remote); n != maxRemotes || b.lines("more services of other datacenters") != 1 {
				t.Errorf("%d are followed; %s", n, b.log)
			}
			b.wantThere("s399", "1")
			b.wantThere("s000", "2")
		}()
		if n := len(b.newest.Remote); n != maxRemotes || b.lines("more services of other datacenters") != 1 {
			t.Errorf("%d are followed; %s", n, b.log)
		}
		before := 0
		for i := range 400 {
			before += other.count(fmt.Sprintf("s%03d", i))
		}
		b.after(time.Minute)
		for i := range 400 {
			before -= other.count(fmt.Sprintf("s%03d", i))
		}
		if asked := -before; asked < maxRemotes || asked > 60*remoteRate*2 {
			t.Errorf("%d questions a minute", asked)
		}
		other.set("s000", some("s", 2)...)
		b.after(time.Minute)
		b.wantThere("s000", "2")
	})
}
