package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// knowledge is what somebody knows of a table who was told differences only.
type knowledge map[string]string

func (k knowledge) learn(t *Table, d Difference) {
	for _, s := range d.Services {
		k["service "+s.Name] = shape(s)
	}
	for _, name := range d.Gone {
		delete(k, "service "+name)
	}
	for _, r := range d.Routes {
		k["route "+t.ID(r)] = routeShape(r)
	}
	for _, r := range d.Left {
		delete(k, "route "+t.ID(r))
	}
}

// whole is what a table holds.
func whole(t *Table) knowledge {
	k := knowledge{}
	for _, s := range t.Services() {
		k["service "+s.Name] = shape(s)
	}
	for _, r := range t.Routes() {
		k["route "+t.ID(r)] = routeShape(r)
	}
	return k
}

func shape(s Service) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Routes, s.Gone)
	for _, x := range s.Instances {
		fmt.Fprint(&b, " ", x.ID, x.Address, x.Status, x.Tags)
	}
	return b.String()
}

func routeShape(r *Route) string {
	var b strings.Builder
	fmt.Fprint(&b, r.Name, r.Host, r.Path, r.Default, r.Rules[0].MatchWords())
	for i := range r.Members {
		fmt.Fprint(&b, " ", r.Members[i].Upstream.Address(), r.Members[i].Weight)
	}
	for i := range r.Sets {
		fmt.Fprint(&b, " set ", r.Sets[i].Service, len(r.Sets[i].Members))
	}
	return b.String()
}

// randomSnapshot is of up to six services that share hosts, fall back to each other and have several routes in one place.
func randomSnapshot(r *rand.Rand) *discovery.Snapshot {
	var list []discovery.Instance
	for i := range 6 {
		for j := range r.IntN(3) {
			tags := []string{fmt.Sprintf("pointsman.route=h%d.io/ share=0.%d", r.IntN(4), 1+r.IntN(3)), fmt.Sprintf("pointsman.route.more=h%d.io/ header=X-Key:%d", r.IntN(4), r.IntN(3)),
				fmt.Sprintf("pointsman.route.back=h%d.io/p priority=%d fallback=s%d", r.IntN(4), r.IntN(2), r.IntN(6))}
			in := fixture.Instance(fmt.Sprint("s", i), fmt.Sprintf("10.0.%d.%d", i, j), 80, tags[:r.IntN(4)]...)
			in.Status = []discovery.Status{discovery.Passing, discovery.Critical}[r.IntN(5)/4]
			list = append(list, in)
		}
	}
	s := fixture.Snapshot(list...)
	s.Datacenter = []string{"dc1", "dc2"}[r.IntN(20)/19]
	return s
}

// Whoever knows a table and is told the difference to another one knows that, however many lie between.
func TestDifferencesAddUp(t *testing.T) {
	for _, o := range []Options{{DefaultService: "s1"}, {ExclusiveHosts: true}, {Registered: true}} {
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 1))
			table := newTable(o).Next(randomSnapshot(r))
			known := knowledge{}
			known.learn(table, table.Since(nil))
			last := table
			for n := range 60 {
				table = table.Next(randomSnapshot(r))
				if r.IntN(3) == 0 {
					continue
				}
				known.learn(table, table.Since(last))
				last = table
				if want := whole(table); fmt.Sprint(known) != fmt.Sprint(want) {
					t.Fatalf("seed %d, table %d:\n%v\nwant\n%v", seed, n, known, want)
				}
			}
			if d := table.Since(table); len(d.Services)+len(d.Gone)+len(d.Routes)+len(d.Left) > 0 {
				t.Errorf("a table differs from itself: %+v", d)
			}
		}
	}
}

func TestFollowingKeepsWhatWasPublished(t *testing.T) {
	s := newSwitch(Options{})
	publish := func(n int) {
		s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", n, "pointsman.route=a.io/")))
	}
	publish(1)
	f := s.Follow()
	publish(2)
	publish(3)
	<-f.More()
	if list := f.Take(); len(list) != 2 || list[0].Number != 2 || list[1].Number != 3 || f.Take() != nil {
		t.Fatalf("%d tables", len(list))
	}
	for n := range 2 * mostUntaken {
		publish(10 + n)
	}
	if list := f.Take(); len(list) != mostUntaken || list[0].Number != 4 || list[mostUntaken-1] != s.Load() {
		t.Errorf("%d tables of more than are kept, the last is %d", len(list), list[len(list)-1].Number)
	}
	f.Stop()
	publish(4)
	if list := f.Take(); list != nil {
		t.Errorf("%d tables after the end", len(list))
	}
}

// Publishing goes on while nobody takes what is published.
func TestWhoDoesNotTakeKeepsNobodyFromPublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwitch(Options{})
		s.Follow()
		for n := range 3 * mostUntaken {
			s.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 1+n, "pointsman.route=a.io/")))
		}
		if s.Swaps() != 3*mostUntaken {
			t.Error(s.Swaps())
		}
	})
}

func TestUpstreamsAreListedOnce(t *testing.T) {
	snap := fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/"))
	snap.Texts = []*discovery.Text{discovery.NewText(discovery.TextFile, "routes", "b.io/ to=10.0.0.9:80", 0)}
	var got []string
	for _, u := range newTable(Options{}).Next(snap).Upstreams() {
		got = append(got, u.Upstream.Address())
	}
	if want := []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.9:80"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func BenchmarkSince(b *testing.B) {
	s := many(2_000, 10)
	last := newTable(Options{}).Next(s)
	other := *s
	other.Services = slices.Clone(s.Services)
	changed := *s.Services[1_000]
	changed.Instances = slices.Clone(changed.Instances)
	changed.Instances[9].ID = "another"
	other.Services[1_000] = &changed
	next := last.Next(&other)
	b.ReportAllocs()
	for b.Loop() {
		if d := next.Since(last); len(d.Services) != 1 {
			b.Fatal(d)
		}
	}
}
