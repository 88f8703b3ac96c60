package routing

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// many is n services with k instances each, every service with a host of its own.
func many(n, k int) *discovery.Snapshot {
	s := &discovery.Snapshot{}
	for i := range n {
		s.Services = append(s.Services, block(fmt.Sprintf("s%06d", i), k))
	}
	return s
}

func block(name string, k int) *discovery.Service {
	b := &discovery.Service{Name: name}
	for j := range k {
		in := fixture.Instance(name, fmt.Sprintf("10.%d.%d.%d", j>>16, j>>8&255, j&255), 80, "urlprefix-"+name+".io/", fmt.Sprintf("urlprefix-i%d.%s.io/", j%10, name))
		b.Instances = append(b.Instances, in)
	}
	return b
}

func BenchmarkNext(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("one-service-of-%d", n), func(b *testing.B) { benchmarkNext(b, many(1, n), 0, n) })
	}
	b.Run("one-of-2000x10", func(b *testing.B) { benchmarkNext(b, many(2_000, 10), 1_000, 10) })
	b.Run("one-of-2000x10-with-20-labels", func(b *testing.B) { benchmarkNext(b, labelled(many(2_000, 10)), 1_000, 10) })
	b.Run("one-of-2000x10-with-20-new-labels", func(b *testing.B) { benchmarkRelabelled(b, labelled(many(2_000, 10)), 1_000) })
}

// labelled gives each instance 20 labels, as a registrator carries them, and what it says in Meta.
func labelled(s *discovery.Snapshot) *discovery.Snapshot {
	for _, service := range s.Services {
		for i := range service.Instances {
			in := &service.Instances[i]
			in.Tags = nil
			for j := range 4 {
				in.Tags = append(in.Tags, fmt.Sprintf("pointsman.route.r%d=h%d.%s.io/p%d strip=/p%d max-body=1m", j, j, service.Name, j, j))
			}
			in.Tags = append(in.Tags, "pointsman.allow=10.0.0.0/8", "pointsman.answer-timeout=10s", "pointsman.balance=least-connections", "pointsman.connect-timeout=1s",
				"pointsman.fail-timeout=10s", "pointsman.host=keep", "pointsman.max-conns=100", "pointsman.max-fails=3", "pointsman.next-upstream=error,timeout,503",
				"pointsman.progress-timeout=60s", "pointsman.rate-limit=100/s,burst=200", "pointsman.request-header=set:X-Shop:1", "pointsman.response-header=remove:Server",
				"pointsman.slow-start=30s", "pointsman.tries=3", "pointsman.weight=5")
			in.Meta = map[string]string{outside.MetaPort: "80", outside.MetaImage: "shop:1.2.3", outside.MetaName: fmt.Sprintf("shop-%d", i), outside.MetaProject: "shop", outside.MetaService: service.Name}
		}
	}
	return s
}

// benchmarkRelabelled changes a label of all instances of one service back and forth, so that they are read anew.
func benchmarkRelabelled(b *testing.B, s *discovery.Snapshot, at int) {
	table := newTable(Options{}).Next(s)
	other := *s
	other.Services = slices.Clone(s.Services)
	changed := *s.Services[at]
	changed.Instances = slices.Clone(changed.Instances)
	for i := range changed.Instances {
		in := &changed.Instances[i]
		in.Tags = slices.Clone(in.Tags)
		in.Tags[len(in.Tags)-1] = "pointsman.weight=6"
	}
	other.Services[at] = &changed
	turn := []*discovery.Snapshot{&other, s}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		table = table.Next(turn[i&1])
		i++
	}
}

// benchmarkNext changes one service back and forth: one instance goes, one comes.
func benchmarkNext(b *testing.B, s *discovery.Snapshot, at, k int) {
	table := newTable(Options{}).Next(s)
	other := *s
	other.Services = slices.Clone(s.Services)
	changed := *s.Services[at]
	changed.Instances = slices.Clone(changed.Instances)
	changed.Instances[k-1].ID = "another"
	other.Services[at] = &changed
	turn := []*discovery.Snapshot{&other, s}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		table = table.Next(turn[i&1])
		i++
	}
}

func BenchmarkPick(b *testing.B) {
	for _, p := range []balancer.Policy{balancer.RoundRobin{}, balancer.LeastConnections{}} {
		for _, n := range []int{10, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%T/%d", p, n), func(b *testing.B) {
				r, _ := newTable(Options{Balance: p}).Next(many(1, n)).Match(Query{Authority: "s000000.io", Path: "/"})
				b.ReportAllocs()
				for b.Loop() {
					r.Pick(balancer.Want{})
				}
			})
		}
	}
}
