package record

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// latencyBuckets reach from a proxied answer on the same host (0.1 ms) to the default limit for an answer's head (60 s).
var latencyBuckets = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// startBuckets are finer around the milliseconds that a start takes, and reach to an application that needs minutes to listen.
var startBuckets = []float64{.001, .002, .003, .004, .005, .0075, .01, .0125, .015, .02, .03, .05, .075, .1, .15, .25, .5, 1, 2.5, 5, 15, 60, 300}

// maxStartAge bounds what counts as a start: past it, clocks or stamps are wrong.
const maxStartAge = time.Hour

// maxServices bounds the label "service": past it, new names are counted together as "other".
const maxServices = 10000

// otherService is that label.
const otherService = "other"

// maxReasons bounds the reasons of retries that NewMetrics takes: a fixed size keeps a cell in one piece.
const maxReasons = 24

// Metrics is what every listener counts: each recorder for itself, added up at a scrape. Make it with NewMetrics. All methods may be
// called from several goroutines.
type Metrics struct {
	reasons []string // of retries
	start   *prometheus.HistogramVec
	descs   descs
	ejections

	mu    sync.Mutex
	cells []*cell
	names map[string]struct{} // of services
}

// descs describe what is added up at a scrape.
type descs struct {
	requests, duration, latency, retries, connects, inFlight, tunnels, tunnelsTotal, panics, failures, ejected, shadowed, picks *prometheus.Desc
}

// NewMetrics makes the metrics and registers them. reasons, at most 16, name why an attempt was retried, see Recorder.Retry. It panics, as
// the registry does, when they are registered already.
func NewMetrics(r prometheus.Registerer, reasons []string) *Metrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pointsman_"+name, help, labels, nil)
	}
	if len(reasons) > maxReasons {
		panic("record: more than " + strconv.Itoa(maxReasons) + " reasons")
	}
	m := &Metrics{
		reasons: reasons,
		names:   make(map[string]struct{}),
		start: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pointsman_start_to_first_answer_seconds",
			Help: "Time from a container's start to its first proxied response: part=\"total\", and its parts (registered, seen, routable, answered), " +
				"for instances on this host that were first seen after the first complete view.", Buckets: startBuckets}, []string{"part"}),
		descs: descs{
			requests: desc("requests_total",
				"Requests, by service and status code. The service is empty where no route matched; the code is 0 where the client left before a response.", "service", "code"),
			duration:     desc("request_duration_seconds", "Time from the request header to the end of the response.", "service"),
			latency:      desc("upstream_latency_seconds", "Time from the request sent to the header of the upstream's response.", "service"),
			retries:      desc("retries_total", "Retried attempts, by why the attempt before failed.", "reason"),
			connects:     desc("upstream_connects_total", "Connections opened to instances, by result.", "result"),
			inFlight:     desc("requests_in_flight", "Requests being served."),
			tunnels:      desc("tunnels", "Open WebSocket connections."),
			tunnelsTotal: desc("tunnels_total", "WebSocket connections opened."),
			panics:       desc("panics_total", "Requests that ended in a panic of the proxy."),
			ejected:      desc("ejections_total", "Instances ejected as they did worse than the others of their route, by what they did.", "reason"),
			shadowed:     desc("shadow_ejections_total", "Instances that would have been ejected, with -eject=shadow, by what they did.", "reason"),
			picks:        desc("zone_picks_total", "Instances chosen for requests, with -zone: in the own zone, or in another one.", "service", "zone"),
			failures:     desc("upstream_failures_total", "Requests answered with 502 or 504 because of the instance, by what it did.", "reason"),
		},
	}
	r.MustRegister(m.start, m)
	return m
}

// join makes a cell part of the sums, for good, and returns its number.
func (m *Metrics) join(c *cell) uint {
	c.metrics = m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cells = append(m.cells, c)
	return uint(len(m.cells) - 1)
}

// admit is the name under which a service is counted.
func (m *Metrics) admit(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.names[name]; known {
		return name
	}
	if len(m.names) >= maxServices {
		return otherService
	}
	m.names[name] = struct{}{}
	return name
}

// Describe is prometheus.Collector's.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	d := &m.descs
	for _, one := range []*prometheus.Desc{d.requests, d.duration, d.latency, d.retries, d.connects, d.inFlight, d.tunnels, d.tunnelsTotal, d.panics, d.failures, d.ejected, d.shadowed, d.picks} {
		ch <- one
	}
}

// Collect is prometheus.Collector's.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	cells := m.cells
	m.mu.Unlock()
	var sum cell
	for _, c := range cells {
		c.addTo(&sum)
	}
	d := &m.descs
	number := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	number(d.inFlight, prometheus.GaugeValue, float64(sum.inFlight.Load()))
	number(d.tunnels, prometheus.GaugeValue, float64(sum.tunnels))
	number(d.tunnelsTotal, prometheus.CounterValue, float64(sum.tunnelsTotal))
	number(d.panics, prometheus.CounterValue, float64(sum.panics))
	for reason, n := range sum.failures {
		number(d.failures, prometheus.CounterValue, float64(n), reason)
	}
	m.counts(func(reason string, shadow bool, n uint64) {
		if shadow {
			number(d.shadowed, prometheus.CounterValue, float64(n), reason)
		} else {
			number(d.ejected, prometheus.CounterValue, float64(n), reason)
		}
	})
	for f, reason := range m.reasons { // all, as an increase from nothing is none to Prometheus
		number(d.retries, prometheus.CounterValue, float64(sum.retries[f]), reason)
	}
	for r, n := range sum.connects {
		number(d.connects, prometheus.CounterValue, float64(n), ConnectResult(r).String())
	}
	for _, s := range sum.list {
		for _, k := range s.codes {
			number(d.requests, prometheus.CounterValue, float64(k.n), s.name, strconv.Itoa(k.code))
		}
		for zone, n := range s.picks {
			if n > 0 {
				number(d.picks, prometheus.CounterValue, float64(n), s.name, [...]string{"own", "other"}[zone])
			}
		}
		ch <- s.duration.metric(d.duration, s.name)
		ch <- s.latency.metric(d.latency, s.name)
	}
}

// metric is the histogram as a scrape wants it: counts up to each bound.
func (h *histogram) metric(desc *prometheus.Desc, service string) prometheus.Metric {
	upTo := make(map[float64]uint64, len(latencyBuckets))
	var n uint64
	for i, bound := range latencyBuckets {
		n += h.slots[i]
		upTo[bound.Seconds()] = n
	}
	n += h.slots[len(latencyBuckets)]
	return prometheus.MustNewConstHistogram(desc, n, h.sum.Seconds(), upTo, service)
}

// Start is when the parts of an instance's start ended. A zero time is not known; its part counts for the next one.
type Start struct{ Began, Registered, Seen, Routable, Answered time.Time }

// FirstAnswer notes an instance's first answer ever. The caller sees to it that it comes once per instance, and that all times are of this
// host's clock.
func (m *Metrics) FirstAnswer(s Start) {
	total := s.Answered.Sub(s.Began)
	if s.Began.IsZero() || total < 0 || total > maxStartAge {
		return
	}
	m.start.WithLabelValues("total").Observe(total.Seconds())
	from := s.Began
	for _, part := range [...]struct {
		name string
		at   time.Time
	}{{"registered", s.Registered}, {"seen", s.Seen}, {"routable", s.Routable}, {"answered", s.Answered}} {
		if part.at.IsZero() {
			continue
		}
		m.start.WithLabelValues(part.name).Observe(max(0, part.at.Sub(from).Seconds()))
		from = part.at
	}
}
