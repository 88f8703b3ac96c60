package acme

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/proxy/certs"
)

// Statuses are those of the names that are wanted or have a certificate, sorted.
func (c *Certificates) Statuses() (out []certs.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, n := range c.names {
		if n.wanted || n.cert != nil {
			out = append(out, c.status(n, now))
		}
	}
	slices.SortFunc(out, func(a, b certs.Status) int { return cmp.Compare(a.Names[0], b.Names[0]) })
	return out
}

func (c *Certificates) status(n *name, now time.Time) certs.Status {
	s := certs.Status{Names: []string{n.text}, Source: "acme", State: certs.StateWaiting, Failures: n.backOff.failures, Fault: n.fault, FaultAt: n.faultAt}
	if n.fault == "" {
		s.FaultAt = time.Time{}
	}
	if n.wanted && n.refused == "" {
		s.Next = c.dueAt(n)
	}
	switch {
	case n.cert != nil:
		s.Describe(n.cert, now)
	case n.refused != "":
		s.State, s.Fault, s.FaultAt = certs.StateRefused, n.refused, time.Time{}
	case n.busy:
		s.State = certs.StateOrdering
	}
	return s
}

// collector tells how the certificates do at the time of a scrape.
type collector struct {
	of                                   *Certificates
	expires, failures, lastError, orders *prometheus.Desc
}

// Collector makes gauges for each name, and a counter of orders.
func (c *Certificates) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_acme_"+name, help, labels, nil)
	}
	return &collector{of: c,
		expires:   desc("certificate_expires_timestamp_seconds", "When the certificate in use that was ordered for a name expires.", "name"),
		failures:  desc("failures", "How often in a row a certificate could not be had for a name.", "name"),
		lastError: desc("last_failure_timestamp_seconds", "When that was last.", "name"),
		orders:    desc("orders_total", "Orders, by what became of them.", "result"),
	}
}

// Describe implements prometheus.Collector.
func (m *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.expires, m.failures, m.lastError, m.orders} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, name string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, name)
	}
	for _, s := range m.of.Statuses() {
		if !s.NotAfter.IsZero() {
			gauge(m.expires, float64(s.NotAfter.Unix()), s.Names[0])
		}
		gauge(m.failures, float64(s.Failures), s.Names[0])
		if !s.FaultAt.IsZero() {
			gauge(m.lastError, float64(s.FaultAt.Unix()), s.Names[0])
		}
	}
	m.of.mu.Lock()
	ordered, failed := m.of.ordered, m.of.failed
	m.of.mu.Unlock()
	out <- prometheus.MustNewConstMetric(m.orders, prometheus.CounterValue, float64(ordered), "issued")
	out <- prometheus.MustNewConstMetric(m.orders, prometheus.CounterValue, float64(failed), "failed")
}
