package record

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestAnswersAreAddedUp(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry(), nil)
	for range 3 {
		r := New(Options{Metrics: m, Notices: new(Notices)})
		for _, code := range []int{200, 200, 404, 500, 503, 0} {
			r.Begin()
			r.Finish(new(Request), "web", code, 0, nil)
		}
	}
	if requests, errors := m.Answers(); requests != 18 || errors != 6 {
		t.Errorf("%d requests, %d errors", requests, errors)
	}
}
