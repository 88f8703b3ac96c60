package discovery

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// counts are the Watcher's numbers; all are safe for concurrent use.
type counts struct {
	questions, published, retained, massRemovals atomic.Uint64
	denied, deadlines, failures                  atomic.Uint64
	probesAccepted, probesRefused, stateFailures atomic.Uint64
	watched, hinted, nodes                       atomic.Int64
	remoteWatched, remoteLooked                  atomic.Int64
	leaderless                                   atomic.Bool
}

func (c *counts) failed(kind string) {
	switch kind {
	case "denied":
		c.denied.Add(1)
	case "deadline":
		c.deadlines.Add(1)
	default:
		c.failures.Add(1)
	}
}

// collector reads the Watcher's numbers at scrape time, so that a service that is gone leaves nothing behind.
type collector struct {
	w                                                          *Watcher
	age, listAge, errors, queries, snapshots, retained, probes *prometheus.Desc
	stateErrors, services, nodes, leaderless, massRemovals     *prometheus.Desc
}

// newCollector describes the metrics. Their names never change.
func newCollector(w *Watcher) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_discovery_"+name, help, labels, nil)
	}
	return &collector{
		w:            w,
		age:          desc("service_age_seconds", "Time since the catalogue last answered a query about a service.", "service"),
		listAge:      desc("list_age_seconds", "Time since the catalogue last answered with its list of services; absent before the first."),
		errors:       desc("errors_total", "Failed queries to the catalogue, by kind.", "kind"),
		queries:      desc("queries_total", "Queries sent to the catalogue."),
		snapshots:    desc("snapshots_total", "Snapshots published."),
		retained:     desc("retained_total", "Instances kept in service although the catalogue no longer listed them as passing."),
		massRemovals: desc("mass_removals_total", "Times that half of all services lost their instances together, and the catalogue was not believed."),
		probes:       desc("probes_total", "Connections opened to retained instances, by result.", "result"),
		stateErrors:  desc("state_errors_total", "Failed writes of the snapshot on disk."),
		services:     desc("services", "Services followed: by a watch each (watch), or by the watches of their nodes (node); those of other datacenters: by a watch (remote-watch), or asked for once a minute (remote-look).", "by"),
		nodes:        desc("nodes", "Nodes watched, where services are followed by node."),
		leaderless:   desc("leaderless", "1 while the catalogue says that it has no leader."),
	}
}

// Describe sends all there can be.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.age, c.listAge, c.errors, c.queries, c.snapshots, c.retained, c.probes, c.stateErrors,
		c.services, c.nodes, c.leaderless, c.massRemovals} {
		ch <- d
	}
}

// Collect reads everything once.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	n := &c.w.count
	for name, a := range c.w.Ages() {
		send(c.age, prometheus.GaugeValue, a.Seconds(), name)
	}
	if at := c.w.ages.list.Load(); at != 0 {
		send(c.listAge, prometheus.GaugeValue, (time.Since(c.w.base) - time.Duration(at)).Seconds())
	}
	send(c.errors, prometheus.CounterValue, float64(n.denied.Load()), "denied")
	send(c.errors, prometheus.CounterValue, float64(n.deadlines.Load()), "deadline")
	send(c.errors, prometheus.CounterValue, float64(n.failures.Load()), "failed")
	send(c.queries, prometheus.CounterValue, float64(n.questions.Load()))
	send(c.snapshots, prometheus.CounterValue, float64(n.published.Load()))
	send(c.retained, prometheus.CounterValue, float64(n.retained.Load()))
	send(c.massRemovals, prometheus.CounterValue, float64(n.massRemovals.Load()))
	send(c.probes, prometheus.CounterValue, float64(n.probesAccepted.Load()), "accepted")
	send(c.probes, prometheus.CounterValue, float64(n.probesRefused.Load()), "refused")
	send(c.stateErrors, prometheus.CounterValue, float64(n.stateFailures.Load()))
	send(c.services, prometheus.GaugeValue, float64(n.watched.Load()), "watch")
	send(c.services, prometheus.GaugeValue, float64(n.hinted.Load()), "node")
	send(c.services, prometheus.GaugeValue, float64(n.remoteWatched.Load()), "remote-watch")
	send(c.services, prometheus.GaugeValue, float64(n.remoteLooked.Load()), "remote-look")
	send(c.nodes, prometheus.GaugeValue, float64(n.nodes.Load()))
	leader := 0.0
	if n.leaderless.Load() {
		leader = 1
	}
	send(c.leaderless, prometheus.GaugeValue, leader)
}
