package record

import "time"

// Reading is what requests came to between two readings: of one service, or of all.
type Reading struct {
	Requests uint64
	Errors   uint64 // answered with a status from 500 up
	durations
}

// durations counts how long requests took, as a histogram does.
type durations [len(latencyBuckets) + 1]uint64

// Readings reads what all Recorders have counted, again and again, and tells the differences. It takes as many nanoseconds as there are services
// and loops, times fifty, and keeps some 400 bytes of each. The zero value is ready, for one goroutine at a time.
type Readings struct {
	InFlight int64 // requests at the time of the last reading
	services []serviceReading
	byName   map[string]int
	at       [][]int // for each cell where its services stand in services
	times    int     // it was read
}

// serviceReading is what a service has counted since ever, now and at the reading before.
type serviceReading struct{ now, before Reading }

// Read reads.
func (m *Metrics) Read(r *Readings) {
	m.mu.Lock()
	cells := m.cells
	m.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]int{}
	}
	for i := range r.services {
		s := &r.services[i]
		s.before, s.now = s.now, Reading{}
	}
	for len(r.at) < len(cells) {
		r.at = append(r.at, nil)
	}
	r.InFlight = 0
	for i, c := range cells {
		r.InFlight += c.inFlight.Load()
		r.add(c, i)
	}
	r.times++
}

// add adds what a cell has counted. It holds the lock for a few services at a time, as a loop may be waiting for it.
func (r *Readings) add(c *cell, number int) {
	const batch = 32
	c.mu.Lock()
	list := c.list
	c.mu.Unlock()
	for _, s := range list[len(r.at[number]):] {
		at, known := r.byName[s.name]
		if !known {
			at = len(r.services)
			r.services, r.byName[s.name] = append(r.services, serviceReading{}), at
		}
		r.at[number] = append(r.at[number], at)
	}
	for from := 0; from < len(list); from += batch {
		c.mu.Lock()
		for i := from; i < min(from+batch, len(list)); i++ {
			r.services[r.at[number][i]].now.add(list[i])
		}
		c.mu.Unlock()
	}
}

func (r *Reading) add(s *serviceCell) {
	for _, k := range s.codes {
		r.Requests += k.n
		if k.code >= 500 {
			r.Errors += k.n
		}
	}
	for i, n := range s.duration.slots {
		r.durations[i] += n
	}
}

// Of is what a service's requests came to between the last two readings, by the name under which they are counted. There is none of a service that
// no request was for.
func (r *Readings) Of(service string) Reading {
	at, known := r.byName[service]
	if !known || r.times < 2 {
		return Reading{}
	}
	return r.services[at].since()
}

// All is what all requests came to, those of no service too.
func (r *Readings) All() (sum Reading) {
	if r.times < 2 {
		return sum
	}
	for i := range r.services {
		one := r.services[i].since()
		sum.Requests += one.Requests
		sum.Errors += one.Errors
		for j, n := range one.durations {
			sum.durations[j] += n
		}
	}
	return sum
}

func (s *serviceReading) since() Reading {
	d := Reading{Requests: s.now.Requests - s.before.Requests, Errors: s.now.Errors - s.before.Errors}
	for i := range d.durations {
		d.durations[i] = s.now.durations[i] - s.before.durations[i]
	}
	return d
}

// Quantile is about how long all but the slowest requests took: q of them, from 0 to 1. Within a bucket of the histogram they are taken to lie evenly.
// ok is false where there were none.
func (r *Reading) Quantile(q float64) (d time.Duration, ok bool) {
	var total uint64
	for _, n := range r.durations {
		total += n
	}
	if total == 0 {
		return 0, false
	}
	rank, from := q*float64(total), time.Duration(0)
	for i, bound := range latencyBuckets {
		if n := float64(r.durations[i]); n > 0 && rank <= n {
			return from + time.Duration(rank/n*float64(bound-from)), true
		}
		rank -= float64(r.durations[i])
		from = bound
	}
	return from, true // longer than the last bound: nothing more is known
}
