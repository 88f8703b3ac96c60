package discovery

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// many is a catalogue of n services with one instance each, on the given number of nodes.
func many(n, nodes int) *fake {
	f := newFake()
	f.edit(func(of map[string][]Instance) {
		for i := range n {
			of[fmt.Sprintf("s%03d", i)] = []Instance{onNode(fmt.Sprintf("s%03d", i), 1, i%nodes)}
		}
	})
	return f
}

func onNode(service string, n, node int) Instance {
	i := one(service, n)
	i.Node = fmt.Sprintf("n%03d", node)
	return i
}

func (b *bench) questions() uint64 { return b.w.count.questions.Load() }

// With more services than watches, a change is seen at once, whatever kind it is, and nothing is asked while nothing changes.
func TestMoreServicesThanWatchesAreFollowedByNode(t *testing.T) {
	f := many(600, 20)
	run(t, f, nil, func(b *bench) {
		b.after(5 * time.Second)
		if len(b.newest.Services) != 600 || b.lines("followed by node") != 1 {
			t.Fatalf("%d services in the first view; log: %s", len(b.newest.Services), b.log)
		}
		if w, h, n := b.w.count.watched.Load(), b.w.count.hinted.Load(), b.w.count.nodes.Load(); w != 0 || h != 600 || n != 20 {
			t.Fatalf("%d watched, %d by node, on %d nodes", w, h, n)
		}
		b.after(10 * time.Second)
		before, asked := b.newest, b.questions()
		b.after(4 * time.Minute)
		// 23 topics a minute, the list every 10 s, and what is asked now and then without a hint.
		if n := b.questions() - asked; b.newest != before || n > 4*23+4*8+10 {
			t.Errorf("%d questions in 4 minutes in which nothing changed", n)
		}
		for name, age := range b.w.Ages() {
			if age > time.Minute+10*time.Second {
				t.Fatalf("%s is %s old", name, age)
			}
		}
		change := func(n int, in ...Instance) {
			t.Helper()
			asked := b.questions()
			f.set("s599", in...)
			b.want("s599", n)
			if n := b.questions() - asked; n > 12 {
				t.Errorf("one change cost %d questions", n)
			}
			b.after(2 * time.Second)
		}
		change(2, onNode("s599", 1, 19), onNode("s599", 2, 3))
		change(1, onNode("s599", 1, 19))
		again := onNode("s599", 1, 19)
		again.Tags = []string{"route", "new"}
		change(1, again)
		again.Status = Critical
		change(0, again)
		again.Status = Warning
		change(1, again)
		again.Status = Maintenance // Consul shows it as a critical check
		change(0, again)
	})
}

// A service is followed over nodes that come and go.
func TestNodesComeAndGo(t *testing.T) {
	f := many(200, 4)
	run(t, f, nil, func(b *bench) {
		b.after(5 * time.Second)
		f.set("s007", onNode("s007", 1, 77))
		b.after(quietPause)
		b.want("s007", 1)
		if n := b.w.count.nodes.Load(); n != 5 {
			t.Errorf("%d nodes", n)
		}
		b.after(time.Second)
		f.set("s007", onNode("s007", 1, 77), onNode("s007", 2, 77))
		b.want("s007", 2)
		b.after(time.Second)
		f.set("s007", onNode("s007", 1, 1))
		b.after(quietPause)
		b.want("s007", 1)
		if n := b.w.count.nodes.Load(); n != 4 {
			t.Errorf("%d nodes", n)
		}
	})
}

// More nodes than watches are asked in turn: everything is seen, some seconds later.
func TestMoreNodesThanWatchesAreAskedInTurn(t *testing.T) {
	f := many(600, 300)
	run(t, f, nil, func(b *bench) {
		b.after(20 * time.Second)
		if len(b.newest.Services) != 600 || b.lines("the nodes are watched in turn") != 1 {
			t.Fatalf("%d services; log: %s", len(b.newest.Services), b.log)
		}
		for i := range 20 {
			b.after(time.Second)
			name := fmt.Sprintf("s%03d", 17*i)
			f.set(name, onNode(name, 1, 17*i%300), onNode(name, 2, 17*i%300))
			b.after(4 * time.Second)
			b.want(name, 2)
		}
		asked := b.questions()
		b.after(time.Minute)
		if n := b.questions() - asked; n > 70*rotateRate {
			t.Errorf("%d questions in a minute", n)
		}
	})
}

// The way of following changes with the number of services, not at each of them, and the view stays.
func TestTheWayOfFollowingChangesWithTheNumberOfServices(t *testing.T) {
	f := many(maxWatches, 3)
	run(t, f, nil, func(b *bench) {
		b.after(5 * time.Second)
		if b.w.count.watched.Load() != maxWatches {
			t.Fatalf("%d watched", b.w.count.watched.Load())
		}
		first := b.newest
		count := func(n int) {
			t.Helper()
			f.edit(func(of map[string][]Instance) {
				for i := range 300 {
					name := fmt.Sprintf("s%03d", i)
					if _, has := of[name]; has && i >= n {
						delete(of, name)
					} else if !has && i < n {
						of[name] = []Instance{onNode(name, 1, i%3)}
					}
				}
			})
			b.after(10 * time.Second)
			if len(b.newest.Services) != n {
				t.Fatalf("%d services in the view, want %d", len(b.newest.Services), n)
			}
		}
		for range 3 {
			count(maxWatches + 1)
			count(maxWatches)
		}
		if b.lines("followed by node") != 1 || b.lines("own watch again") != 0 {
			t.Errorf("log: %s", b.log)
		}
		count(maxWatches * backShare / 4)
		if b.lines("own watch again") != 1 || b.w.count.hinted.Load() != 0 || b.w.count.nodes.Load() != 0 {
			t.Errorf("%d by node; log: %s", b.w.count.hinted.Load(), b.log)
		}
		if lookup(first, "s000") != lookup(b.newest, "s000") {
			t.Error("a service that did not change has another block")
		}
		f.set("s000", some("s000", 2)...)
		b.want("s000", 2)
	})
}

// A follower of the catalogue's that is behind the one that gave the hint is asked until it has what the hint is about.
func TestAnAnswerOlderThanItsHintIsAskedAgain(t *testing.T) {
	f := many(200, 4)
	run(t, f, nil, func(b *bench) {
		b.after(20 * time.Second)
		var behind atomic.Int64
		f.mu.Lock()
		was, at := f.of["s007"], f.at["s007"]
		f.late = func(service string, a Answer) Answer {
			if service == "s007" && behind.Add(1) <= 3 {
				a.Instances, a.Index = was, at
			}
			return a
		}
		f.mu.Unlock()
		f.set("s007", onNode("s007", 1, 3), onNode("s007", 2, 3))
		b.after(time.Second)
		b.want("s007", 2)
		if n := behind.Load(); n != 4 {
			t.Errorf("asked %d times", n)
		}
	})
}

// What goes wrong with a topic takes nothing from the view, and while it lasts all services are asked for in turn.
func TestATopicThatFailsHidesNothing(t *testing.T) {
	f := many(200, 4)
	denied := Topic{Kind: TopicNode, Node: "n003"}.String()
	run(t, f, nil, func(b *bench) {
		b.after(5 * time.Second)
		before := b.newest
		f.setFault(func(_ context.Context, what string) error {
			if what == denied {
				return fmt.Errorf("ask: %w", ErrDenied)
			}
			return nil
		})
		if b.after(2*time.Minute) != before || b.lines("the catalogue denies") != 1 {
			t.Fatalf("log: %s", b.log)
		}
		f.set("s007", onNode("s007", 1, 3), onNode("s007", 2, 3))
		b.after(patrolBare + 5*time.Second)
		b.want("s007", 2)
		f.setFault(func(context.Context, string) error { return errors.New("refused") })
		seen := b.newest
		asked := b.questions()
		if b.after(10*time.Minute) != seen {
			t.Error("the view changed while the catalogue was away")
		}
		if n := b.questions() - asked; n > 200*errTries+10*60*(3*(4+3+1)+200/10) {
			t.Errorf("%d questions in 10 minutes without a catalogue", n)
		}
		f.edit(func(of map[string][]Instance) {
			of["s007"] = []Instance{onNode("s007", 1, 3)}
			of["s008"] = []Instance{onNode("s008", 1, 0), onNode("s008", 2, 0)}
		})
		f.setFault(nil)
		b.after(2 * time.Second)
		b.want("s008", 2)
		b.want("s007", 1)
	})
}

// A node that fails with all that is on it: retained while it accepts, as ever.
func TestAFailedNodeIsSeenByItsOwnCheck(t *testing.T) {
	f := many(200, 4)
	run(t, f, nil, func(b *bench) {
		b.after(5 * time.Second)
		f.edit(func(of map[string][]Instance) {
			for name, in := range of {
				if in[0].Node == "n002" {
					of[name] = frozen(in)
				}
			}
		})
		b.after(time.Second)
		b.want("s002", 0)
		b.want("s003", 1)
	})
}
