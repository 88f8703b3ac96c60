package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestAChangeIsPublishedWithoutDelay(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	run(t, f, nil, func(b *bench) {
		b.want("web", 2)
		for n := 3; n < 8; n++ {
			time.Sleep(time.Second)
			at := time.Now()
			f.set("web", some("web", n)...)
			b.want("web", n)
			if d := time.Since(at); d != 0 {
				t.Fatalf("the change took %s", d)
			}
		}
		f.set("api", one("api", 1))
		b.want("api", 1)
		if s := b.newest; s.Sequence == 0 || !strings.Contains(s.Cause, "api: 1 instance added") {
			t.Errorf("sequence %d, cause %q", s.Sequence, s.Cause)
		}
	})
}

func TestEqualContentPublishesNothing(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	f.set("api", some("api", 2)...)
	run(t, f, nil, func(b *bench) {
		first := b.view()
		for range 20 {
			time.Sleep(time.Second)
			f.mu.Lock()
			f.index++
			f.at["web"], f.listAt = f.index, f.index
			for i := range f.of["web"] {
				f.of["web"][i].Index = f.index
			}
			f.wake()
			f.mu.Unlock()
		}
		if s := b.view(); s != first {
			t.Errorf("published %q though nothing changed", s.Cause)
		}
		f.set("web", some("web", 3)...)
		if s := b.view(); lookup(s, "api") != lookup(first, "api") || lookup(s, "web") == lookup(first, "web") {
			t.Error("an unchanged service must keep its block, a changed one must not")
		}
	})
}

// Where we are may be known later than what there is: routes that name the datacenter wait for it.
func TestADatacenterKnownLaterIsPublished(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	var known atomic.Bool
	opt := func(o *Options) {
		o.Home = func() (string, string) {
			if known.Load() {
				return "dc1", "n1"
			}
			return "", ""
		}
	}
	run(t, f, opt, func(b *bench) {
		b.want("web", 1)
		first := b.view()
		known.Store(true)
		time.Sleep(listWait + time.Second)
		s := b.view()
		if s.Datacenter != "dc1" || s.Node != "n1" || lookup(s, "web") != lookup(first, "web") {
			t.Errorf("datacenter %q, node %q, cause %q", s.Datacenter, s.Node, s.Cause)
		}
		known.Store(false)
		f.set("web", some("web", 2)...)
		b.want("web", 2)
		if s := b.view(); s.Datacenter != "dc1" || s.Node != "n1" {
			t.Errorf("what is not known replaced what was: %q, %q", s.Datacenter, s.Node)
		}
	})
}

func TestOnlyWantedServicesAreWatched(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	f.set("consul", one("consul", 1))
	plain := one("plain", 1)
	plain.Tags = nil
	f.set("plain", plain)
	opt := func(o *Options) {
		o.Never = func(name string) bool { return name == "consul" }
		o.Wanted = func(_ string, tags []string) bool { return len(tags) > 0 }
	}
	run(t, f, opt, func(b *bench) {
		b.want("web", 1)
		b.want("plain", -1)
		if f.count("consul")+f.count("plain") > 0 {
			t.Error("asked for a service that nobody wants")
		}
		f.set("plain", one("plain", 1)) // tagged now: the fake's list moves only with names
		f.mu.Lock()
		f.listAt = f.index
		f.wake()
		f.mu.Unlock()
		b.want("plain", 1)
		f.set("plain", plain)
		f.mu.Lock()
		f.listAt = f.index
		f.wake()
		f.mu.Unlock()
		b.want("plain", -1)
	})
}

// A service that the tags of another one name is watched for as long as they do, and one that only a service of no interest names is not.
func TestServicesThatTagsNameAreWatched(t *testing.T) {
	f := newFake()
	tagged := func(name string, tags ...string) {
		in := one(name, 1)
		in.Tags = tags
		f.set(name, in)
		f.mu.Lock()
		f.listAt = f.index
		f.wake()
		f.mu.Unlock()
	}
	tagged("web", "route", "names spare")
	tagged("spare")
	tagged("other", "names third")
	tagged("third")
	opt := func(o *Options) {
		o.Wanted = func(_ string, tags []string) bool { return slices.Contains(tags, "route") }
		o.Named = func(_ string, tags []string) (out References) {
			for _, tag := range tags {
				if name, ok := strings.CutPrefix(tag, "names "); ok {
					out.Services = append(out.Services, name)
				}
			}
			return out
		}
	}
	run(t, f, opt, func(b *bench) {
		b.want("web", 1)
		b.want("spare", 1)
		b.want("third", -1)
		tagged("web", "route")
		b.want("spare", -1)
		tagged("web", "route", "names third")
		b.want("third", 1)
	})
}

func TestNothingIsPublishedBeforeTheFirstViewIsComplete(t *testing.T) {
	f := newFake()
	f.set("web", some("web", 2)...)
	f.set("slow", one("slow", 1))
	f.fault = func(ctx context.Context, service string) error {
		if service == "slow" {
			return errors.New("no")
		}
		return nil
	}
	run(t, f, nil, func(b *bench) {
		if b.after(9*time.Second) != nil || b.w.Ready() {
			t.Fatal("published a partial first view")
		}
		b.after(2 * time.Second)
		b.want("web", 2)
		b.want("slow", -1)
		if !b.w.Ready() || b.lines("first view is not complete") != 1 {
			t.Errorf("ready %v, log: %s", b.w.Ready(), b.log)
		}
		f.setFault(nil)
		b.after(time.Second + 200*time.Millisecond)
		b.want("slow", 1)
		if lookup(b.newest, "slow").Instances[0].SinceStart {
			t.Error("an instance of the first list counts as new")
		}
	})
}

func TestInstancesKeepWhenTheyWereSeen(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	run(t, f, nil, func(b *bench) {
		began := time.Now()
		b.want("web", 1)
		b.after(time.Minute)
		f.set("web", some("web", 2)...)
		b.want("web", 2)
		in := lookup(b.newest, "web").Instances
		if in[1].SinceStart || !in[1].Seen.Equal(began) { // node1 sorts after node0
			t.Errorf("the first: %v %v", in[1].SinceStart, in[1].Seen)
		}
		if !in[0].SinceStart || !in[0].Seen.Equal(began.Add(time.Minute)) {
			t.Errorf("the second: %v %v", in[0].SinceStart, in[0].Seen)
		}
		seen := in[0].Seen
		f.set("web", one("web", 1))
		b.want("web", 1)
		b.after(time.Minute)
		f.set("web", some("web", 2)...)
		b.want("web", 2)
		if got := lookup(b.newest, "web").Instances[0].Seen; !got.Equal(seen) {
			t.Error("an instance that was away for a minute is not a new one")
		}
	})
}

func TestBurstsAreCoalesced(t *testing.T) {
	f := newFake()
	for i := range 500 {
		f.set(fmt.Sprintf("s%03d", i), one("x", 1))
	}
	run(t, f, func(o *Options) { o.Multiplexed = true }, func(b *bench) {
		b.view()
		b.after(10 * time.Second)
		b.got = 0
		for n := range 100 { // a hundred changes over a second
			f.set(fmt.Sprintf("s%03d", n), some("x", 2)...)
			b.after(10 * time.Millisecond)
		}
		b.after(time.Second)
		if b.got < 5 || b.got > 110 {
			t.Errorf("%d snapshots for 100 changes in a second", b.got)
		}
		b.want("s099", 2)
	})
}

func TestLeaderLossIsLoggedOnce(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	run(t, f, nil, func(b *bench) {
		b.want("web", 1)
		for _, is := range []bool{true, false} {
			f.mu.Lock()
			f.leaderless = is
			f.mu.Unlock()
			b.after(20 * time.Second) // nothing wakes a question when a leader is lost
		}
		b.want("web", 1)
		if b.lines("no leader") != 1 || b.lines("a leader again") != 1 {
			t.Errorf("log: %s", b.log)
		}
	})
}

func TestMetrics(t *testing.T) {
	f := newFake()
	f.set("web", one("web", 1))
	reg := prometheus.NewPedanticRegistry()
	run(t, f, func(o *Options) { o.Registerer = reg }, func(b *bench) {
		b.want("web", 1)
		got, err := reg.Gather()
		if err != nil || len(got) != 12 {
			t.Errorf("%d families, %v", len(got), err)
		}
	})
	if got, _ := reg.Gather(); len(got) != 0 {
		t.Error("the collector outlives Run")
	}
}

func TestRefusesNamesAndAddressesThatAreNone(t *testing.T) {
	f := newFake()
	bad := one("web", 2)
	bad.Address = "127.0.0.1\nserver 6.6.6.6"
	f.set("web", one("web", 1), bad)
	f.set("x\x00; } server {", one("x", 3))
	run(t, f, nil, func(b *bench) {
		b.want("web", 1)
		if len(b.view().Services) != 1 {
			t.Error("a name that is none is watched")
		}
		if b.lines("are ignored") != 1 || b.lines("not watched") != 1 {
			t.Errorf("log: %s", b.log)
		}
	})
}

func TestProbesDialByDefault(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := connect(ctx, "127.0.0.1:1"); err == nil {
		t.Error("connected to a port on which nothing listens")
	}
}
