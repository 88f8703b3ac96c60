package consul

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/registrator"
)

// both is a catalogue seen from its two sides.
type both struct {
	discovery.Catalogue
	agent   registrator.Catalogue
	unknown error
}

// TestCatalogues runs one table of behaviour against Consul and against the embedded catalogue: who uses them can't tell
// them apart.
func TestCatalogues(t *testing.T) {
	address := realAgent(t)
	makers := map[string]func(t *testing.T) both{
		"consul": func(t *testing.T) both {
			o := Options{Config: Config{Address: address, Stale: true}}
			catalogue, err := NewCatalogue(o)
			if err != nil {
				t.Fatal(err)
			}
			agent, err := NewAgent(o)
			if err != nil {
				t.Fatal(err)
			}
			return both{catalogue, agent, ErrUnknown}
		},
		"memory": func(t *testing.T) both {
			c := memory.NewCatalogue(memory.Options{Address: "127.0.0.1"})
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- c.Run(ctx) }()
			t.Cleanup(func() { stop(); <-ended })
			return both{c, c, memory.ErrUnknown}
		},
	}
	for _, name := range slices.Sorted(maps.Keys(makers)) {
		t.Run(name, func(t *testing.T) {
			b := makers[name](t)
			for _, behaviour := range contract {
				t.Run(behaviour.name, func(t *testing.T) { behaviour.check(t, b) })
			}
		})
	}
}

var contract = []struct {
	name  string
	check func(t *testing.T, b both)
}{
	{"what is registered is listed with its tags", listed},
	{"a waiting question is answered by a change", woken},
	{"a question without news is answered when its wait is over", waited},
	{"a question ends with its context", cancelled},
	{"an instance carries its owner and its weight", owned},
	{"an instance tells who was there first, however often it is registered", first},
	{"a TTL check begins critical and follows reports", reported},
	{"maintenance outranks checks and survives a registration", maintained},
	{"a check that a registration no longer names is gone", checksReplaced},
	{"a second registration keeps the state of its check", stateKept},
	{"what is held is what was registered", heldAgain},
	{"an unknown ID is gone already, and no check to report to", unknownID},
	{"names with odd characters are asked for literally", oddNames},
	{"what can't be dialled is left out, the rest stays", undiallable},
}

func (b both) register(t *testing.T, r registrator.Registration) {
	t.Helper()
	if err := b.agent.Register(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.agent.Deregister(context.Background(), r.ID) })
}

func (b both) instances(t *testing.T, name string, q discovery.Query) discovery.Answer {
	t.Helper()
	answer, err := b.Instances(t.Context(), name, q)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// await asks until the service's instances are as wanted; Consul's agent tells its servers a moment later.
func (b both) await(t *testing.T, name string, wanted func([]discovery.Instance) bool) discovery.Answer {
	t.Helper()
	var answer discovery.Answer
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if answer = b.instances(t, name, discovery.Query{}); wanted(answer.Instances) {
			return answer
		}
	}
	t.Fatalf("%s never came to be as wanted; it is %+v", name, answer.Instances)
	return answer
}

func one(wanted discovery.Status) func([]discovery.Instance) bool {
	return func(found []discovery.Instance) bool { return len(found) == 1 && found[0].Status == wanted }
}

func count(n int) func([]discovery.Instance) bool {
	return func(found []discovery.Instance) bool { return len(found) == n }
}

func plainService(name, id string, port int) registrator.Registration {
	return registrator.Registration{ID: id, Name: name, Address: "127.0.0.1", Port: port}
}

func listed(t *testing.T, b both) {
	first, second := plainService("listed", "l1", 81), plainService("listed", "l2", 82)
	first.Tags, second.Tags = []string{"a", "b"}, []string{"b", "c"}
	b.register(t, first)
	b.register(t, second)
	b.await(t, "listed", count(2))
	listing, err := b.List(t.Context(), discovery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	tags := slices.Sorted(slices.Values(listing.Services["listed"]))
	if !slices.Equal(tags, []string{"a", "b", "c"}) || listing.Index == 0 || listing.IndexBad || listing.Leaderless {
		t.Errorf("tags %q, meta %+v", tags, listing.Meta)
	}
}

func first(t *testing.T, b both) {
	older, younger := plainService("first", "f1", 81), plainService("first", "f2", 82)
	b.register(t, older)
	b.await(t, "first", count(1))
	b.register(t, younger)
	b.await(t, "first", count(2))
	older.Tags = []string{"changed"}
	b.register(t, older)
	found := b.await(t, "first", func(found []discovery.Instance) bool { return len(found) == 2 && len(found[0].Tags) == 1 }).Instances
	if one, two := &found[0], &found[1]; one.Created == 0 || one.Created >= two.Created || one.Index <= two.Created || two.Index < two.Created {
		t.Errorf("%+v, then %+v", one, two)
	}
}

func woken(t *testing.T, b both) {
	b.register(t, plainService("woken", "w1", 81))
	before := b.await(t, "woken", count(1))
	list, err := b.List(t.Context(), discovery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	answers, lists := make(chan discovery.Answer, 1), make(chan discovery.Listing, 1)
	go func() {
		a, _ := b.Instances(t.Context(), "woken", discovery.Query{Index: before.Index, Wait: time.Minute})
		answers <- a
	}()
	go func() {
		l, _ := b.List(t.Context(), discovery.Query{Index: list.Index, Wait: time.Minute})
		lists <- l
	}()
	time.Sleep(100 * time.Millisecond)
	select {
	case a := <-answers:
		t.Fatalf("answered before anything changed: %+v", a)
	default:
	}
	start := time.Now()
	b.register(t, plainService("woken", "w2", 82))
	if a := <-answers; len(a.Instances) != 2 || a.Index <= before.Index {
		t.Errorf("woken with %d instances, index %d after %d", len(a.Instances), a.Index, before.Index)
	}
	<-lists
	if took := time.Since(start); took > 20*time.Second { // by itself the wait ends after a minute
		t.Errorf("the change took %v to arrive", took)
	}
}

func waited(t *testing.T, b both) {
	b.register(t, plainService("waited", "wt", 81))
	before := b.await(t, "waited", count(1))
	start := time.Now()
	after := b.instances(t, "waited", discovery.Query{Index: before.Index, Wait: 300 * time.Millisecond})
	if took := time.Since(start); took < 250*time.Millisecond || took > 20*time.Second {
		t.Errorf("answered after %v", took)
	}
	if len(after.Instances) != 1 || after.Index < before.Index {
		t.Errorf("answered with %+v", after)
	}
}

func cancelled(t *testing.T, b both) {
	b.register(t, plainService("cancelled", "c1", 81))
	before := b.await(t, "cancelled", count(1))
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err := b.Instances(ctx, "cancelled", discovery.Query{Index: before.Index, Wait: time.Minute})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func owned(t *testing.T, b both) {
	r := plainService("owned", "o1", 81)
	r.Weight = 7
	r.Meta = map[string]string{"region": "eu", "zone": "a"}
	r.Owner = registrator.Owner{Host: "host one", Container: "abc", Started: time.Unix(1700000000, 123456789)}
	b.register(t, r)
	i := b.await(t, "owned", count(1)).Instances[0]
	if !i.Marked || !i.Started.Equal(r.Owner.Started) || i.Start == "" || i.Container != "abc" || i.Weight != 7 || i.Meta["region"] != "eu" || i.Zone != "a" {
		t.Errorf("instance %+v", i)
	}
	if age := time.Since(i.Sent); age < 0 || age > time.Minute {
		t.Errorf("sent %v ago", age)
	}
	if i.Status != discovery.Passing || !i.Local || i.NodeDown || i.Index == 0 {
		t.Errorf("instance %+v", i)
	}
	foreign := plainService("owned", "o2", 82)
	foreign.Meta = map[string]string{"pointsman-start": "yesterday"}
	b.register(t, foreign)
	for _, i := range b.await(t, "owned", count(2)).Instances {
		if i.ID == "o2" && (i.Marked || i.Start != "" || !i.Started.IsZero() || i.Weight != 1) {
			t.Errorf("foreign instance %+v", i)
		}
	}
}

func reported(t *testing.T, b both) {
	r := plainService("reported", "r1", 81)
	r.Checks = []registrator.Check{{TTL: "1h"}}
	b.register(t, r)
	b.await(t, "reported", one(discovery.Critical))
	for status, wanted := range map[string]discovery.Status{
		"passing": discovery.Passing, "warning": discovery.Warning, "critical": discovery.Critical,
	} {
		if err := b.agent.Report(t.Context(), "service:r1", status, "said so"); err != nil {
			t.Fatal(err)
		}
		b.await(t, "reported", one(wanted))
	}
	if err := b.agent.Report(t.Context(), "service:r1", "up", ""); err == nil {
		t.Error("a status that is none was taken")
	}
}

func maintained(t *testing.T, b both) {
	r := plainService("maintained", "m1", 81)
	b.register(t, r)
	if err := b.agent.Maintain(t.Context(), "m1", true, "told to"); err != nil {
		t.Fatal(err)
	}
	b.await(t, "maintained", one(discovery.Maintenance))
	r.Port = 82
	r.Owner = registrator.Owner{Host: "h", Container: "c"}
	b.register(t, r)
	found := b.await(t, "maintained", func(f []discovery.Instance) bool { return len(f) == 1 && f[0].Port == 82 })
	if found.Instances[0].Status != discovery.Maintenance {
		t.Error("a registration ended the maintenance")
	}
	held, err := b.agent.Held(t.Context())
	if err != nil || !held["m1"].Maintenance {
		t.Errorf("held %+v, %v", held["m1"], err)
	}
	if err := b.agent.Maintain(t.Context(), "m1", false, ""); err != nil {
		t.Fatal(err)
	}
	b.await(t, "maintained", one(discovery.Passing))
}

func checksReplaced(t *testing.T, b both) {
	r := plainService("replaced", "x1", 81)
	r.Owner = registrator.Owner{Host: "h", Container: "c"}
	r.Checks = []registrator.Check{
		{TTL: "1h", Status: "passing"},
		{ID: registrator.MirrorID("x1"), TTL: "24h", Status: "critical"},
	}
	b.register(t, r)
	b.await(t, "replaced", one(discovery.Critical))
	r.Checks = r.Checks[:1]
	b.register(t, r)
	b.await(t, "replaced", one(discovery.Passing))
	r.Checks = []registrator.Check{{ID: registrator.MirrorID("x1"), TTL: "24h", Status: "critical"}}
	b.register(t, r)
	b.await(t, "replaced", one(discovery.Critical))
	if _, err := b.agent.Held(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Checks = nil
	b.register(t, r)
	b.await(t, "replaced", one(discovery.Passing))
}

func stateKept(t *testing.T, b both) {
	r := plainService("kept", "k1", 81)
	r.Owner = registrator.Owner{Host: "h", Container: "c"}
	r.Checks = []registrator.Check{{TTL: "1h", Status: "critical"}}
	b.register(t, r)
	if err := b.agent.Report(t.Context(), "service:k1", "passing", "fine"); err != nil {
		t.Fatal(err)
	}
	b.await(t, "kept", one(discovery.Passing))
	r.Tags = []string{"new"}
	b.register(t, r)
	found := b.await(t, "kept", func(f []discovery.Instance) bool { return len(f) == 1 && len(f[0].Tags) == 1 })
	if found.Instances[0].Status != discovery.Passing {
		t.Error("the check lost its state")
	}
}

func heldAgain(t *testing.T, b both) {
	r := registrator.Registration{
		ID: "host:held:80", Name: "held", Tags: []string{"z", "a"}, Address: "10.1.2.3", Port: 8080, Weight: 3,
		Meta: map[string]string{"k": "v"}, EnableTagOverride: true,
		Owner:  registrator.Owner{Host: "my host", Container: "0123", Started: time.Unix(1700000000, 5).UTC()},
		Checks: []registrator.Check{{ID: registrator.MirrorID("host:held:80"), TTL: "24h", Status: "warning"}},
	}
	b.register(t, r)
	all, err := b.agent.Held(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := all[r.ID]
	if h.TTLStatus != "warning" || h.Digest != registrator.Digest(r.Checks) || h.Maintenance || h.Owner.Sent.IsZero() {
		t.Errorf("held %+v", h)
	}
	got := h.Registration
	got.Owner.Sent, got.Checks = time.Time{}, r.Checks
	if !reflect.DeepEqual(got, r) {
		t.Errorf("held %+v\nwant %+v", got, r)
	}
	b.register(t, plainService("unmarked", "u1", 81))
	all, err = b.agent.Held(t.Context())
	if h := all["u1"]; err != nil || h.Owner != (registrator.Owner{}) || len(h.Meta) != 0 {
		t.Errorf("without a mark: %+v, %v", h, err)
	}
}

func unknownID(t *testing.T, b both) {
	if err := b.agent.Deregister(t.Context(), "never/../was"); err != nil {
		t.Errorf("deregister: %v", err)
	}
	if err := b.agent.Report(t.Context(), "never", "passing", ""); !errors.Is(err, b.unknown) {
		t.Errorf("report: %v", err)
	}
	if err := b.agent.Maintain(t.Context(), "never", true, ""); !errors.Is(err, b.unknown) {
		t.Errorf("maintain: %v", err)
	}
	if err := b.agent.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func oddNames(t *testing.T, b both) {
	for i, name := range []string{
		"a b", "a/b", "../x", "a/../b", "a//b", "/lead", "trail/", "q?a=1#f", "100%", "%2e%2e", "é", "x; } server {", `"quoted"`,
	} {
		id := "odd " + name
		b.register(t, plainService(name, id, 1000+i))
		found := b.await(t, name, count(1))
		if i := found.Instances[0]; i.Service != name || i.ID != id {
			t.Errorf("%q: found %+v", name, i)
		}
		if err := b.agent.Deregister(t.Context(), id); err != nil {
			t.Errorf("deregister %q: %v", id, err)
		}
		b.await(t, name, count(0))
	}
}

func undiallable(t *testing.T, b both) {
	b.register(t, plainService("undiallable", "good", 81))
	for i, address := range []string{"127.0.0.1; evil", "127.0.0.1\nserver 6.6.6.6", "1.2.3.4:80", "a b", "999.1.1.1"} {
		r := plainService("undiallable", "bad"+string(rune('0'+i)), 81)
		r.Address = address
		b.register(t, r)
	}
	for i, port := range []int{0, -1, 65536} {
		b.register(t, plainService("undiallable", "port"+string(rune('0'+i)), port))
	}
	time.Sleep(300 * time.Millisecond)
	if found := b.await(t, "undiallable", count(1)); found.Instances[0].ID != "good" {
		t.Errorf("found %+v", found)
	}
}
