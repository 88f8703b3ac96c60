package admin

import (
	"fmt"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// BenchmarkFeed is what one changed instance among 2,000 services of ten costs, for all followers together, off the goroutine that publishes;
// and what it costs to begin.
func BenchmarkFeed(b *testing.B) {
	snap := &discovery.Snapshot{}
	for i := range 2000 {
		name := fmt.Sprintf("s%05d", i)
		s := &discovery.Service{Name: name}
		for j := range 10 {
			s.Instances = append(s.Instances, fixture.Instance(name, fmt.Sprintf("10.0.%d.%d", i%250, j), 80, "pointsman.route="+name+".io/"))
		}
		snap.Services = append(snap.Services, s)
	}
	first := routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(snap)
	turn := [2]*routing.Table{first}
	changed := *snap.Services[1000]
	changed.Instances = append([]discovery.Instance(nil), changed.Instances...)
	changed.Instances[0].ID = "another"
	snap.Services[1000] = &changed
	turn[1] = first.Next(snap)
	b.Run("change", func(b *testing.B) {
		f := NewFeed(routing.NewSwitch(routing.Options{}))
		f.begin(first)
		b.ReportAllocs()
		for i := 1; b.Loop(); i++ {
			f.add(turn[i&1^1], turn[i&1])
		}
		b.ReportMetric(float64(f.kept)/float64(len(f.changes)), "B/change")
	})
	b.Run("begin", func(b *testing.B) {
		f := NewFeed(routing.NewSwitch(routing.Options{}))
		b.ReportAllocs()
		for b.Loop() {
			f.begin(first)
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		f := NewFeed(routing.NewSwitch(routing.Options{}))
		f.begin(first)
		size := 0
		for _, p := range f.all().parts {
			size += len(p.frame)
		}
		b.ReportAllocs()
		for b.Loop() {
			f.snapshot = nil
			f.all()
		}
		b.ReportMetric(float64(size), "B")
	})
}
