package record

import (
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func request(r *Recorder, service string, status int, took time.Duration) {
	var q Request
	r.Begin()
	r.Finish(&q, service, status, took, nil)
}

func newRecorders(t testing.TB, n int) (*Metrics, []*Recorder) {
	t.Helper()
	m := NewMetrics(prometheus.NewRegistry(), nil)
	var list []*Recorder
	for range n {
		list = append(list, New(Options{Metrics: m, Notices: &Notices{}, Log: zerolog.Nop()}))
	}
	return m, list
}

func TestReadingsAreDifferences(t *testing.T) {
	m, r := newRecorders(t, 2)
	var in Readings
	request(r[0], "web", 200, time.Millisecond)
	m.Read(&in)
	if got := in.All(); got.Requests != 0 {
		t.Errorf("after one reading: %+v", got)
	}
	request(r[0], "web", 200, time.Millisecond)
	request(r[1], "web", 503, 40*time.Millisecond)
	request(r[1], "api", 0, time.Second) // new, and its client went away
	r[0].Begin()
	m.Read(&in)
	web, api, all := in.Of("web"), in.Of("api"), in.All()
	if web.Requests != 2 || web.Errors != 1 || api.Requests != 1 || api.Errors != 0 || all.Requests != 3 || all.Errors != 1 || in.InFlight != 1 {
		t.Errorf("web %+v, api %+v, all %+v, in flight %d", web, api, all, in.InFlight)
	}
	if got := in.Of("none"); got.Requests != 0 {
		t.Errorf("none: %+v", got)
	}
	m.Read(&in)
	if got := in.All(); got.Requests != 0 {
		t.Errorf("nothing happened: %+v", got)
	}
}

func TestQuantilesLieWithinTheirBucket(t *testing.T) {
	m, r := newRecorders(t, 1)
	var in Readings
	m.Read(&in)
	for range 98 {
		request(r[0], "web", 200, 2*time.Millisecond) // the bucket from 1 ms to 2.5 ms
	}
	for range 2 {
		request(r[0], "web", 200, 2*time.Minute) // longer than all buckets
	}
	m.Read(&in)
	web := in.Of("web")
	p50, ok := web.Quantile(0.5)
	p98, _ := web.Quantile(0.98)
	p99, _ := web.Quantile(0.99)
	if !ok || p50 <= time.Millisecond || p50 >= 2500*time.Microsecond || p98 != 2500*time.Microsecond || p99 != time.Minute {
		t.Errorf("%v %v %v", p50, p98, p99)
	}
	if _, ok := new(Reading).Quantile(0.5); ok {
		t.Error("a quantile of nothing")
	}
}

// Reading and counting go on together; nothing is counted twice or lost.
func TestReadingsWhileRequestsAreCounted(t *testing.T) {
	m, r := newRecorders(t, 2)
	const each = 20000
	var counting sync.WaitGroup
	for i, one := range r {
		counting.Go(func() {
			for j := range each {
				request(one, [...]string{"a", "b", "c"}[(i+j)%3], 200, time.Millisecond)
			}
		})
	}
	var in Readings
	m.Read(&in)
	sum := in.services // what was counted before the first reading is no difference
	var first uint64
	for i := range sum {
		first += sum[i].now.Requests
	}
	done := make(chan struct{})
	go func() { counting.Wait(); close(done) }()
	total := first
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		m.Read(&in)
		all := in.All()
		total += all.Requests
	}
	if total != 2*each {
		t.Errorf("%d, want %d", total, 2*each)
	}
}

func BenchmarkRead(b *testing.B) {
	m, r := newRecorders(b, 2)
	for i := range 10000 {
		for _, one := range r {
			request(one, "service-"+string(rune('a'+i%26))+time.Duration(i).String(), 200, time.Millisecond)
		}
	}
	var in Readings
	m.Read(&in)
	b.ReportAllocs()
	for b.Loop() {
		m.Read(&in)
	}
}
