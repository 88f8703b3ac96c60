package registrator

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the registrator's own. What describes the present state is read at scrape time.
type metrics struct {
	writes     *prometheus.CounterVec
	lag        prometheus.Histogram
	reconnects prometheus.Counter
	complaints prometheus.Counter
	passed     atomic.Int64 // Unix nanoseconds of the last complete full pass; 0 for none
}

func newMetrics(reg prometheus.Registerer, held, waiting func() int) (*metrics, error) {
	m := &metrics{
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pointsman_registrator_writes_total",
			Help: "Writes to the catalogue by kind (register, deregister, report, maintain) and result (ok, error).",
		}, []string{"kind", "result"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pointsman_registrator_event_to_registered_seconds",
			Help: "Time from a Docker event to the registration in the catalogue.",
			// from what an idle machine needs (3 ms) to a leader election (10 s) and an outage
			Buckets: []float64{.001, .002, .004, .008, .015, .03, .06, .125, .25, .5, 1, 2, 5, 10, 30, 60},
		}),
		reconnects: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pointsman_registrator_docker_reconnects_total",
			Help: "How often the stream of Docker events broke and was opened again.",
		}),
		complaints: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pointsman_registrator_complaints_total",
			Help: "Bad labels, variables or collisions reported in the log.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(
		reg.Register(m.writes), reg.Register(m.lag), reg.Register(m.reconnects), reg.Register(m.complaints),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pointsman_registrator_registrations",
			Help: "Registrations in the catalogue that are ours.",
		}, func() float64 { return float64(held()) })),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pointsman_registrator_queue_length",
			Help: "Containers that wait to be processed.",
		}, func() float64 { return float64(waiting()) })),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pointsman_registrator_full_pass_age_seconds",
			Help: "Time since the last complete comparison of Docker with the catalogue; -1 before the first.",
		}, m.passAge)),
	)
}

func (m *metrics) passAge() float64 {
	at := m.passed.Load()
	if at == 0 {
		return -1
	}
	return time.Since(time.Unix(0, at)).Seconds()
}

func (m *metrics) wrote(kind string, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.writes.WithLabelValues(kind, result).Inc()
}
