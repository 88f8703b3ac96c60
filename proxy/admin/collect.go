package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// tableCollector tells about the present table at the time of a scrape, so that nothing stale can remain.
type tableCollector struct {
	table                                             *routing.Switch
	swaps, changed, services, usable, routes, refused *prometheus.Desc
	contested, ejected, verdicts, pins, draining      *prometheus.Desc
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
		pins:     desc("pins", "Services whose routes are held at an earlier table."),
		draining: desc("instances_draining", "Instances that get no new requests, as somebody drains them."),
		refused:  desc("rejected_tags", "Tags and instances that are refused or have no effect."),
		ejected: prometheus.NewDesc("pointsman_upstreams_ejected", "Instances that requests keep away from by the proxy's own judgement, by why.",
			[]string{"reason"}, nil),
		verdicts: prometheus.NewDesc("pointsman_tag_verdicts", "What became of tags and labels: those that are used, for each instance, and the others, for each service.",
			[]string{"language", "verdict"}, nil),
		contested: desc("route_conflicts", "Services that ask for a host, or for a path without a host, which another service asked for first."),
	}
}

// Describe implements prometheus.Collector.
func (c *tableCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.swaps, c.changed, c.services, c.usable, c.routes, c.refused, c.contested, c.ejected, c.verdicts, c.pins, c.draining} {
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
	gauge(c.pins, float64(len(t.Pins())))
	gauge(c.draining, float64(draining(t)))
	gauge(c.refused, float64(t.Rejected()))
	gauge(c.contested, float64(t.Contested()))
	for language, counts := range t.Tally() { // languages are those of the process
		for _, kind := range dialect.VerdictKinds {
			out <- prometheus.MustNewConstMetric(c.verdicts, prometheus.GaugeValue, float64(counts[kind]), language, kind.String())
		}
	}
	ejected := t.Ejected()
	for _, why := range balancer.EjectedReasons() { // each is there, so that one that begins is seen
		out <- prometheus.MustNewConstMetric(c.ejected, prometheus.GaugeValue, float64(ejected[why]), why)
	}
}

// draining is how many instances are being drained.
func draining(t *routing.Table) (n int) {
	for _, block := range t.Blocks() {
		for i := range block.Instances {
			if !block.Instances[i].Draining.IsZero() {
				n++
			}
		}
	}
	return n
}

// feedCollector tells who follows a Feed.
type feedCollector struct {
	feed                       *Feed
	followers, resets, changes *prometheus.Desc
}

// NewFeedCollector makes gauges of who follows f.
func NewFeedCollector(f *Feed) prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_admin_"+name, help, nil, nil)
	}
	return &feedCollector{
		feed:      f,
		followers: desc("followers", "Clients of the admin API that follow changes or wait for them."),
		resets:    desc("stream_resets_total", "Streams of the admin API that began with all that the table holds, for the first time or because they had been away for too long."),
		changes:   desc("changes_kept", "Changes that are kept for followers of the admin API that come back."),
	}
}

// Describe implements prometheus.Collector.
func (c *feedCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.followers, c.resets, c.changes} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *feedCollector) Collect(out chan<- prometheus.Metric) {
	c.feed.mu.Lock()
	followers, changes := c.feed.count, len(c.feed.changes)
	c.feed.mu.Unlock()
	out <- prometheus.MustNewConstMetric(c.followers, prometheus.GaugeValue, float64(followers))
	out <- prometheus.MustNewConstMetric(c.resets, prometheus.CounterValue, float64(c.feed.resets.Load()))
	out <- prometheus.MustNewConstMetric(c.changes, prometheus.GaugeValue, float64(changes))
}
