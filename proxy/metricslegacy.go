package proxy

import "time"

// ServiceMetrics are one service's series, counted without a seat.
type ServiceMetrics struct {
	own  *cell
	name string
}

// Service is the series of a service; "" for what no route took.
func (m *Metrics) Service(name string) ServiceMetrics { return ServiceMetrics{&m.own, name} }

// Request counts an answered request. A code outside 100 to 599 counts as 0: the client went away before an answer.
func (s ServiceMetrics) Request(code int, d time.Duration) {
	s.own.mu.Lock()
	s.own.service(s.name).count(code, d)
	s.own.mu.Unlock()
}

// Answer notes the time from a request sent to the head of its answer.
func (s ServiceMetrics) Answer(d time.Duration) {
	s.own.mu.Lock()
	s.own.service(s.name).latency.observe(d)
	s.own.mu.Unlock()
}

// Begin counts a request in, End out.
func (m *Metrics) Begin() { m.own.inFlight.Add(1) }

// End counts a request out.
func (m *Metrics) End() { m.own.inFlight.Add(-1) }

// Retry counts an attempt that followed a failed one.
func (m *Metrics) Retry(f Failure) {
	m.own.mu.Lock()
	m.own.retries[f]++
	m.own.mu.Unlock()
}

// Connect counts a connect by its result: ok, refused, timeout, error or closed (accepted, then closed before use).
func (m *Metrics) Connect(result string) {
	m.own.mu.Lock()
	defer m.own.mu.Unlock()
	for r := range connectResults {
		if r.String() == result {
			m.own.connects[r]++
		}
	}
}

// TunnelOpened and TunnelClosed count websockets.
func (m *Metrics) TunnelOpened() {
	m.own.mu.Lock()
	m.own.tunnels++
	m.own.tunnelsTotal++
	m.own.mu.Unlock()
}

// TunnelClosed is called once for each TunnelOpened.
func (m *Metrics) TunnelClosed() {
	m.own.mu.Lock()
	m.own.tunnels--
	m.own.mu.Unlock()
}

// Panic counts a request that ended in a panic.
func (m *Metrics) Panic() {
	m.own.mu.Lock()
	m.own.panics++
	m.own.mu.Unlock()
}
