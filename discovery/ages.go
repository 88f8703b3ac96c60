package discovery

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// age holds a moment of one service, as a duration since the Watcher was made.
type age struct {
	answered atomic.Int64
	hinted   atomic.Bool // followed by node: ages.covered holds for it too
}

// ages is how fresh the answers are: atomics beside the Snapshot, which is never modified.
type ages struct {
	mu   sync.RWMutex
	of   map[string]*age
	list atomic.Int64 // 0 before the first list
	// covered is when the topics last told, all of them, that nothing else has changed; 0 for never.
	covered atomic.Int64
}

func (a *ages) add(name string) *age {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := &age{}
	a.of[name] = n
	return n
}

func (a *ages) remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, name)
}

func (a *ages) read(now time.Duration) map[string]time.Duration {
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := make(map[string]time.Duration, len(a.of))
	for name, n := range a.of {
		at := n.answered.Load()
		if at != 0 && n.hinted.Load() {
			at = max(at, a.covered.Load())
		}
		if at != 0 {
			out[name] = now - time.Duration(at)
		}
	}
	return out
}

// counts are the Watcher's numbers; all are safe for concurrent use.
type counts struct {
	questions, published, retained               atomic.Uint64
	denied, deadlines, failures                  atomic.Uint64
	probesAccepted, probesRefused, stateFailures atomic.Uint64
	watched, hinted, nodes                       atomic.Int64
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
type collector struct{ w *Watcher }

// Describe sends all there can be.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descAge, descListAge, descErrors, descQueries, descPublish, descRetained, descProbes,
		descState, descFollow, descNodes, descLeader} {
		ch <- d
	}
}

// What the metrics are called; never changed.
var (
	descAge      = desc("service_age_seconds", "Time since the catalogue last answered a query about a service.", "service")
	descListAge  = desc("list_age_seconds", "Time since the catalogue last answered with its list of services; absent before the first.")
	descErrors   = desc("errors_total", "Failed queries to the catalogue, by kind.", "kind")
	descQueries  = desc("queries_total", "Queries sent to the catalogue.")
	descPublish  = desc("snapshots_total", "Snapshots published.")
	descRetained = desc("retained_total", "Instances kept in service although the catalogue no longer listed them as passing.")
	descProbes   = desc("probes_total", "Connections opened to retained instances, by result.", "result")
	descState    = desc("state_errors_total", "Failed writes of the snapshot on disk.")
	descFollow   = desc("services", "Services followed: by a watch each (watch), or by the watches of their nodes (node).", "by")
	descNodes    = desc("nodes", "Nodes watched, where services are followed by node.")
	descLeader   = desc("leaderless", "1 while the catalogue says that it has no leader.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("pointsman_discovery_"+name, help, labels, nil)
}

// Collect reads everything once.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	n := &c.w.count
	for name, a := range c.w.Ages() {
		send(descAge, prometheus.GaugeValue, a.Seconds(), name)
	}
	if at := c.w.ages.list.Load(); at != 0 {
		send(descListAge, prometheus.GaugeValue, (time.Since(c.w.base) - time.Duration(at)).Seconds())
	}
	send(descErrors, prometheus.CounterValue, float64(n.denied.Load()), "denied")
	send(descErrors, prometheus.CounterValue, float64(n.deadlines.Load()), "deadline")
	send(descErrors, prometheus.CounterValue, float64(n.failures.Load()), "failed")
	send(descQueries, prometheus.CounterValue, float64(n.questions.Load()))
	send(descPublish, prometheus.CounterValue, float64(n.published.Load()))
	send(descRetained, prometheus.CounterValue, float64(n.retained.Load()))
	send(descProbes, prometheus.CounterValue, float64(n.probesAccepted.Load()), "accepted")
	send(descProbes, prometheus.CounterValue, float64(n.probesRefused.Load()), "refused")
	send(descState, prometheus.CounterValue, float64(n.stateFailures.Load()))
	send(descFollow, prometheus.GaugeValue, float64(n.watched.Load()), "watch")
	send(descFollow, prometheus.GaugeValue, float64(n.hinted.Load()), "node")
	send(descNodes, prometheus.GaugeValue, float64(n.nodes.Load()))
	leaderless := 0.0
	if n.leaderless.Load() {
		leaderless = 1
	}
	send(descLeader, prometheus.GaugeValue, leaderless)
}
