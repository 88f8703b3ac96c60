package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/routing"
)

// instanceCollector tells about each instance of the present table. What it tells is counted whether or not somebody asks; an instance that is
// gone from the table is gone from the next scrape.
type instanceCollector struct {
	table                                *routing.Switch
	attempts, latency, inFlight, ejected *prometheus.Desc
}

// maxInstances bounds how many instances a scrape tells of, as each is several series.
const maxInstances = 10000

// NewInstanceCollector makes metrics of each instance in the table that s holds, of the first ten thousand where there are more.
func NewInstanceCollector(s *routing.Switch) prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_upstream_"+name, help, append([]string{"service", "upstream"}, labels...), nil)
	}
	return &instanceCollector{
		table: s,
		attempts: desc("attempts_total", "Attempts at an instance that have ended, by result: ok (a status below 500), error (500 or above), failed (no response). "+
			"Counted while the instance is in the table.", "result"),
		latency:  desc("latency_average_seconds", "Moving average of the time from the request sent to the header of the instance's response; absent before the first."),
		inFlight: desc("requests_in_flight", "Requests at the instance."),
		ejected:  desc("ejected", "1 while requests keep away from the instance by the proxy's own judgement."),
	}
}

// Describe implements prometheus.Collector.
func (c *instanceCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.attempts, c.latency, c.inFlight, c.ejected} {
		out <- d
	}
}

// instanceKey tells instances apart as a scrape does: two of a service at one address are one.
type instanceKey struct{ service, address string }

// Collect implements prometheus.Collector.
func (c *instanceCollector) Collect(out chan<- prometheus.Metric) {
	told := map[instanceKey]bool{}
	for _, x := range c.table.Load().Upstreams() {
		u := x.Upstream
		key := instanceKey{u.Service(), u.Address()}
		if told[key] || len(told) >= maxInstances {
			continue
		}
		told[key] = true
		c.tell(out, u)
	}
}

// tell sends what there is of one instance.
func (c *instanceCollector) tell(out chan<- prometheus.Metric, u *balancer.Upstream) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{u.Service(), u.Address()}, labels...)...)
	}
	n := u.Attempts()
	send(c.attempts, prometheus.CounterValue, float64(n.Good), "ok")
	send(c.attempts, prometheus.CounterValue, float64(n.Bad), "error")
	send(c.attempts, prometheus.CounterValue, float64(n.Failed), "failed")
	if d := u.Latency(); d > 0 {
		send(c.latency, prometheus.GaugeValue, d.Seconds())
	}
	send(c.inFlight, prometheus.GaugeValue, float64(u.InFlight()))
	ejected := 0.0
	if u.EjectedFor() != "" {
		ejected = 1
	}
	send(c.ejected, prometheus.GaugeValue, ejected)
}
