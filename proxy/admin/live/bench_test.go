package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// BenchmarkMoment is what a second costs for ten viewers who show sixty services and routes each and two hundred instances of one: of 10,000
// instances in 1,000 services, and in one.
func BenchmarkMoment(b *testing.B) {
	for _, c := range []struct{ services, instances int }{{1000, 10}, {1, 10000}} {
		b.Run(fmt.Sprintf("%dx%d", c.services, c.instances), func(b *testing.B) {
			var list []discovery.Instance
			for i := range c.services {
				name := fmt.Sprintf("s%04d", i)
				for j := range c.instances {
					list = append(list, fixture.Instance(name, fmt.Sprintf("10.%d.%d.%d", i/250, i%250+j/250, j%250), 80, "pointsman.route="+name+".io/"))
				}
			}
			table := routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(list...))
			metrics := record.NewMetrics(prometheus.NewRegistry(), nil)
			loops := []*record.Recorder{record.New(record.Options{Metrics: metrics, Notices: &record.Notices{}, Log: zerolog.Nop()}),
				record.New(record.Options{Metrics: metrics, Notices: &record.Notices{}, Log: zerolog.Nop()})}
			for i := range c.services {
				for _, one := range loops {
					var q record.Request
					one.Begin()
					one.Finish(&q, fmt.Sprintf("s%04d", i), 200, time.Millisecond, nil)
				}
			}
			viewers := wishesOf(table, c.services)
			var all wishes
			for i := range viewers {
				all.add(&viewers[i])
			}
			from := Sources{Table: func() *routing.Table { return table }, Metrics: metrics, Age: func(string) (time.Duration, bool) { return time.Second, true }}
			var r reading
			now := time.Now()
			r.moment(&from, all, now)
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(Period)
				m := r.moment(&from, all, now)
				for i := range viewers {
					m.text(&viewers[i])
				}
			}
			b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/Period.Seconds(), "%core")
		})
	}
}

// wishesOf are those of ten viewers, who show different parts where there are as many.
func wishesOf(t *routing.Table, services int) (list []Wish) {
	routes := t.Routes()
	for i := range 10 {
		w := Wish{Detail: fmt.Sprintf("s%04d", i%services), Offset: i * MostInstances % 2000}
		if services > 1 {
			w.Offset = 0
		}
		for j := range min(MostNames, services) {
			at := (i*MostNames + j) % services
			w.Services, w.Routes = append(w.Services, fmt.Sprintf("s%04d", at)), append(w.Routes, t.ID(routes[at]))
		}
		list = append(list, w)
	}
	return list
}
