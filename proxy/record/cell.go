package record

import (
	"sync"
	"sync/atomic"
	"time"
)

// ConnectResult is how a connect to an instance ended, as a metric tells it.
type ConnectResult uint8

// The results. ConnectClosed: accepted, then closed before use. ConnectShort: the proxy is out of descriptors, local ports or memory.
// ConnectHandshake: accepted, and the TLS handshake failed. ConnectForbidden: the proxy does not dial that address.
const (
	ConnectOK ConnectResult = iota
	ConnectRefused
	ConnectTimeout
	ConnectError
	ConnectClosed
	ConnectShort
	ConnectHandshake
	ConnectForbidden
	connectResults
)

// String is the value of a metric's label.
func (r ConnectResult) String() string {
	return [...]string{"ok", "refused", "timeout", "error", "closed", "shortage", "handshake", "forbidden"}[r]
}

// cell is what one recorder counts: plain numbers under a lock that only a scrape ever contends for.
type cell struct {
	metrics  *Metrics
	inFlight atomic.Int64

	mu           sync.Mutex
	tunnels      int64
	tunnelsTotal uint64
	panics       uint64
	failures     map[string]uint64 // requests that an instance failed, by reason
	retries      [maxReasons]uint64
	connects     [connectResults]uint64
	services     map[string]*serviceCell
	list         []*serviceCell // the same, in the order they came; only ever appended to
}

// serviceCell is one service's part of a cell.
type serviceCell struct {
	name              string
	codes             []codeCount
	picks             [2]uint64 // in the own zone, and in others
	duration, latency histogram
}

// codeCount counts answers of one status. A service has a handful, so that a walk finds one faster than a map.
type codeCount struct {
	code int
	n    uint64
}

// histogram counts times by latencyBuckets; the last slot is for what is longer than all.
type histogram struct {
	slots [len(latencyBuckets) + 1]uint64
	sum   time.Duration
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(latencyBuckets) && d > latencyBuckets[i] {
		i++
	}
	h.slots[i]++
	h.sum += d
}

func (h *histogram) add(o *histogram) {
	for i, n := range o.slots {
		h.slots[i] += n
	}
	h.sum += o.sum
}

// service finds or makes a service's part. It needs c.mu.
func (c *cell) service(name string) *serviceCell {
	if s := c.services[name]; s != nil {
		return s
	}
	return c.newService(c.metrics.admit(name))
}

// newService needs c.mu.
func (c *cell) newService(name string) *serviceCell {
	if s := c.services[name]; s != nil {
		return s
	}
	if c.services == nil {
		c.services = make(map[string]*serviceCell)
	}
	s := &serviceCell{name: name}
	c.services[name] = s
	c.list = append(c.list, s)
	return s
}

// count counts an answer. A code outside 100 to 599 counts as 0: the client went away before an answer.
func (s *serviceCell) count(code int, d time.Duration) {
	if code < 100 || code > 599 {
		code = 0
	}
	s.add(code, 1)
	if code != 101 { // the life of a tunnel is no duration of a request
		s.duration.observe(d)
	}
}

func (s *serviceCell) add(code int, n uint64) {
	for i := range s.codes {
		if s.codes[i].code == code {
			s.codes[i].n += n
			return
		}
	}
	s.codes = append(s.codes, codeCount{code, n})
}

// addTo adds what the cell has counted to a sum. It holds the lock for a few services at a time, as a loop may be waiting for it.
func (c *cell) addTo(sum *cell) {
	const batch = 32
	sum.inFlight.Add(c.inFlight.Load())
	c.mu.Lock()
	sum.tunnels += c.tunnels
	sum.tunnelsTotal += c.tunnelsTotal
	sum.panics += c.panics
	for reason, n := range c.failures {
		if sum.failures == nil {
			sum.failures = make(map[string]uint64)
		}
		sum.failures[reason] += n
	}
	for i, n := range c.retries {
		sum.retries[i] += n
	}
	for i, n := range c.connects {
		sum.connects[i] += n
	}
	list := c.list
	c.mu.Unlock()
	for len(list) > 0 {
		n := min(batch, len(list))
		c.mu.Lock()
		for _, s := range list[:n] {
			total := sum.newService(s.name)
			for _, k := range s.codes {
				total.add(k.code, k.n)
			}
			total.duration.add(&s.duration)
			total.latency.add(&s.latency)
			for zone, n := range s.picks {
				total.picks[zone] += n
			}
		}
		c.mu.Unlock()
		list = list[n:]
	}
}
