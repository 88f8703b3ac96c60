package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/routing"
)

// tableCollector tells about the present table at the time of a scrape, so that nothing stale can remain.
type tableCollector struct {
	table                                             *routing.Switch
	swaps, changed, services, usable, routes, refused *prometheus.Desc
	contested, ejected                                *prometheus.Desc
}

// NewTableCollector makes gauges of the table that s holds. Before the first table only the counter of swaps is there.
func NewTableCollector(s *routing.Switch) prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_"+name, help, nil, nil)
	}
	return &tableCollector{
		table:    s,
		swaps:    desc("table_swaps_total", "Tables published."),
		changed:  desc("table_changed_timestamp_seconds", "When the current table was published."),
		services: desc("services", "Services in the table."),
		usable:   desc("instances_usable", "Instances that are passing or warning in the catalogue."),
		routes:   desc("routes", "Routes, including the default one."),
		refused:  desc("rejected_tags", "Tags and instances that are refused or have no effect."),
		ejected: prometheus.NewDesc("pointsman_upstreams_ejected", "Instances that requests keep away from by the proxy's own judgement, by why.",
			[]string{"reason"}, nil),
		contested: desc("route_conflicts", "Services that ask for a host, or for a path without a host, which another service asked for first."),
	}
}

// Describe implements prometheus.Collector.
func (c *tableCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.swaps, c.changed, c.services, c.usable, c.routes, c.refused, c.contested, c.ejected} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *tableCollector) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(c.swaps, prometheus.CounterValue, float64(c.table.Swaps()))
	t := c.table.Load()
	if t == nil {
		return
	}
	services, usable, routes := t.Totals()
	gauge := func(d *prometheus.Desc, v float64) { out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(c.changed, float64(c.table.Changed().UnixMilli())/1000)
	gauge(c.services, float64(services))
	gauge(c.usable, float64(usable))
	gauge(c.routes, float64(routes))
	gauge(c.refused, float64(t.Rejected()))
	gauge(c.contested, float64(t.Contested()))
	ejected := t.Ejected()
	for _, why := range balancer.EjectedReasons() { // each is there, so that one that begins is seen
		out <- prometheus.MustNewConstMetric(c.ejected, prometheus.GaugeValue, float64(ejected[why]), why)
	}
}
