package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// fake is a catalogue whose content and faults a test scripts. It answers blocking questions as Consul does.
type fake struct {
	mu      sync.Mutex
	index   uint64
	listAt  uint64
	of      map[string][]Instance
	at      map[string]uint64
	nodeAt  map[string]uint64
	changed chan struct{}
	// fault, when not nil, decides a question before it is answered: an error, or nil.
	fault func(ctx context.Context, service string) error
	// bend, when not nil, changes what comes with an answer.
	bend func(service string, m Meta) Meta
	// late, when not nil, replaces an answer by an older one.
	late       func(service string, a Answer) Answer
	asked      map[string]int
	leaderless bool
}

func newFake() *fake {
	return &fake{index: 100, listAt: 100, of: map[string][]Instance{}, at: map[string]uint64{}, nodeAt: map[string]uint64{},
		changed: make(chan struct{}), asked: map[string]int{}}
}

// edit changes the content under one new index per service that it names.
func (f *fake) edit(fn func(of map[string][]Instance)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := maps.Clone(f.of)
	for k := range before {
		before[k] = slices.Clone(before[k])
	}
	fn(f.of)
	f.index++
	for name, now := range f.of {
		was, ok := before[name]
		if !ok {
			f.listAt = f.index
		}
		if !ok || !same(was, now) {
			f.at[name] = f.index
		}
	}
	was, is := registered(before), registered(f.of)
	for node := range maps.Keys(was) {
		if !maps.Equal(was[node], is[node]) {
			f.nodeAt[node] = f.index
		}
	}
	for node := range maps.Keys(is) {
		if !maps.Equal(was[node], is[node]) {
			f.nodeAt[node] = f.index
		}
	}
	for name := range before {
		if _, ok := f.of[name]; !ok {
			f.at[name], f.listAt = f.index, f.index
		}
	}
	f.wake()
}

// registered is what there is on each node, whatever its health.
func registered(of map[string][]Instance) map[string]map[Fact]bool {
	out := map[string]map[Fact]bool{}
	for name, in := range of {
		for _, i := range in {
			i.Status, i.NodeDown = Passing, false
			if out[i.Node] == nil {
				out[i.Node] = map[Fact]bool{}
			}
			out[i.Node][Fact{Node: i.Node, Service: name, ID: fmt.Sprint(i)}] = true
		}
	}
	return out
}

// sick are the checks in a state, as Consul has them: of instances, or of nodes.
func sick(of map[string][]Instance, state Status) (out []Fact) {
	seen := map[Fact]bool{}
	for name, in := range of {
		for _, i := range in {
			if i.Status != state && (state != Critical || i.Status != Maintenance) {
				continue
			}
			f := Fact{Node: i.Node, Service: name, ID: "service:" + i.ID}
			if i.NodeDown {
				f = Fact{Node: i.Node, ID: "serfHealth"}
			}
			if !seen[f] {
				seen[f] = true
				out = append(out, f)
			}
		}
	}
	return out
}

func (f *fake) Hints(ctx context.Context, topic Topic, q Query) (Hints, error) {
	at, err := f.wait(ctx, topic.String(), q, func() uint64 {
		if topic.Kind == TopicNode {
			return f.nodeAt[topic.Node]
		}
		return f.index
	})
	if err != nil {
		return Hints{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Hints{Meta: Meta{Index: at}}
	switch topic.Kind {
	case TopicNodes:
		for node := range registered(f.of) {
			out.Facts = append(out.Facts, Fact{Node: node})
		}
	case TopicNode:
		out.Unchanged = at == q.Index
		if !out.Unchanged {
			out.Facts = slices.Collect(maps.Keys(registered(f.of)[topic.Node]))
			out.Bytes = 500 * len(out.Facts)
		}
	case TopicCritical:
		out.Facts = sick(f.of, Critical)
	case TopicWarning:
		out.Facts = sick(f.of, Warning)
	}
	return out, nil
}

func (f *fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) set(name string, in ...Instance) {
	f.edit(func(of map[string][]Instance) {
		if in == nil {
			delete(of, name)
			return
		}
		of[name] = in
	})
}

// wipe empties the catalogue and starts its index anew, as a wiped or restored cluster does. What blocks is not woken.
func (f *fake) wipe() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of, f.at, f.index, f.listAt = map[string][]Instance{}, map[string]uint64{}, 1, 1
}

func (f *fake) setFault(fn func(ctx context.Context, service string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fn
	f.wake()
}

func (f *fake) count(service string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[service]
}

// wait blocks as a blocking query does, and returns the index to answer with.
func (f *fake) wait(ctx context.Context, service string, q Query, index func() uint64) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[service]++
	over := time.NewTimer(q.Wait)
	defer over.Stop()
	for done := false; ; {
		if fault := f.fault; fault != nil {
			f.mu.Unlock()
			err := fault(ctx, service)
			f.mu.Lock()
			if err != nil {
				return 0, err
			}
		}
		at := max(index(), 1)
		if at > q.Index || done || q.Index == 0 {
			return at, nil
		}
		changed := f.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-over.C:
			done = true
		case <-ctx.Done():
		}
		f.mu.Lock()
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

func (f *fake) List(ctx context.Context, q Query) (Listing, error) {
	at, err := f.wait(ctx, "", q, func() uint64 { return f.listAt })
	if err != nil {
		return Listing{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Listing{Services: map[string][]string{}, Meta: Meta{Index: at, Leaderless: f.leaderless}}
	for name, in := range f.of {
		out.Services[name] = tagsOf(in)
	}
	if f.bend != nil {
		out.Meta = f.bend("", out.Meta)
	}
	return out, nil
}

func (f *fake) Instances(ctx context.Context, service string, q Query) (Answer, error) {
	at, err := f.wait(ctx, service, q, func() uint64 { return f.at[service] })
	if err != nil {
		return Answer{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Answer{Instances: slices.Clone(f.of[service]), Meta: Meta{Index: at}}
	if f.bend != nil {
		out.Meta = f.bend(service, out.Meta)
	}
	if f.late != nil {
		out = f.late(service, out)
	}
	return out, nil
}

// one is a passing instance of a service.
func one(service string, n int) Instance {
	return Instance{
		Identity: Identity{Node: fmt.Sprintf("node%d", n%2), ID: fmt.Sprintf("%s-%d", service, n), Address: fmt.Sprintf("10.0.0.%d", n), Port: 80},
		Service:  service, Tags: []string{"route"}, Weight: 1, Status: Passing,
	}
}

func some(service string, n int) (out []Instance) {
	for i := range n {
		out = append(out, one(service, i+1))
	}
	return out
}

func frozen(in []Instance) []Instance {
	out := slices.Clone(in)
	for i := range out {
		out[i].Status, out[i].NodeDown = Critical, true
	}
	return out
}

// bench is a Watcher over a fake, running.
type bench struct {
	t      *testing.T
	f      *fake
	w      *Watcher
	log    *bytes.Buffer
	newest *Snapshot
	got    int
	mu     sync.Mutex
	accept map[string]bool // by address; absent: refused
	probed int
}

// run starts a Watcher in a synctest bubble and stops it when body returns.
func run(t *testing.T, f *fake, change func(*Options), body func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.changed = make(chan struct{}) // one of this bubble
		b := &bench{t: t, f: f, log: &bytes.Buffer{}, accept: map[string]bool{}}
		o := Options{Catalogue: f, Log: zerolog.New(b.log), Probe: b.probe}
		if change != nil {
			change(&o)
		}
		b.w = NewWatcher(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.w.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v", err)
			}
		}()
		body(b)
	})
}

func (b *bench) probe(ctx context.Context, address string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probed++
	if b.accept[strings.TrimSuffix(address, ":80")] {
		return nil
	}
	return errors.New("refused")
}

func (b *bench) accepts(yes bool, addresses ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range addresses {
		b.accept[a] = yes
	}
}

// view lets everything come to rest and returns the newest snapshot.
func (b *bench) view() *Snapshot {
	b.t.Helper()
	synctest.Wait()
	select {
	case b.newest = <-b.w.Snapshots():
		b.got++
	default:
	}
	return b.newest
}

// after lets time pass, then looks.
func (b *bench) after(d time.Duration) *Snapshot {
	b.t.Helper()
	time.Sleep(d)
	return b.view()
}

// lookup returns the block of a service in a snapshot, or nil; s may be nil.
func lookup(s *Snapshot, name string) *Service {
	if s == nil {
		return nil
	}
	for _, b := range s.Services {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// usable tells how many usable instances a service has in the newest view; -1 when the view has no such service.
func (b *bench) usable(name string) int {
	b.t.Helper()
	s := lookup(b.view(), name)
	if s == nil {
		return -1
	}
	return usable(s.Instances)
}

func (b *bench) want(name string, n int) {
	b.t.Helper()
	if got := b.usable(name); got != n {
		b.t.Fatalf("%s has %d usable instances in the view, want %d\nlog: %s", name, got, n, b.log)
	}
}

func (b *bench) lines(text string) int { return strings.Count(b.log.String(), text) }
