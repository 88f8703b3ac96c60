package live

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// reading is what was read before, with which the next reading is compared. The zero value has read nothing.
type reading struct {
	counts record.Readings
	last   time.Time
	shares map[string]*shares // of the services of which instances are shown

	table  *routing.Table // of which routes are
	routes map[string]*routing.Route
}

// moment is what all viewers show, encoded. Immutable.
type moment struct {
	head             []byte // without the last brace
	services, routes map[string][]byte
	instances        map[detail][]byte

	topServices, topRoutes map[By][]string
}

// figures are what requests came to, per second.
type figures struct {
	Rate     float64  `json:"rate"`
	Errors   float64  `json:"errors"`
	P50      *float64 `json:"p50_ms,omitempty"` // absent where nothing was answered
	P99      *float64 `json:"p99_ms,omitempty"`
	InFlight int64    `json:"in_flight"`
}

// headView is what every viewer gets.
type headView struct {
	Time  string    `json:"time"`
	Table uint64    `json:"table"`
	Total totalView `json:"total"`
}

// totalView is all requests, and how many instances are left alone by the proxy's own judgement.
type totalView struct {
	figures
	Ejected int `json:"ejected"`
}

// serviceView is a service. Usable are instances that get requests, Ejected those that would, but for the proxy's own judgement.
type serviceView struct {
	figures
	Instances int      `json:"instances"`
	Usable    int      `json:"usable"`
	Ejected   int      `json:"ejected"`
	AnswerAge *float64 `json:"answer_age_s,omitempty"`
}

// routeView is a route. Its figures are averages over a few seconds.
type routeView struct {
	Rate   float64  `json:"rate"`
	Errors float64  `json:"errors"`
	Mean   *float64 `json:"mean_ms,omitempty"` // absent where nothing was answered
}

func routeOf(l *balancer.Lane, now time.Time) routeView {
	v := routeView{Rate: rounded(l.Budget.Rate(now))}
	if errors, mean, ok := l.Answered.Lately(now); ok {
		ms := inMilliseconds(mean)
		v.Errors, v.Mean = rounded(errors), &ms
	}
	return v
}

const milliseconds = "2006-01-02T15:04:05.000Z07:00"

// moment reads, and is what is shown; nil the first time.
func (r *reading) moment(from *Sources, all wishes, now time.Time) *moment {
	from.Metrics.Read(&r.counts)
	span := now.Sub(r.last).Seconds()
	first := r.last.IsZero()
	r.last = now
	t := from.Table()
	instances := r.instances(t, all, now, span, first)
	if first {
		return nil
	}
	head := headView{Time: now.UTC().Format(milliseconds), Total: totalView{figures: figuresOf(r.counts.All(), span)}}
	head.Total.InFlight = r.counts.InFlight
	if t != nil {
		head.Table = t.Number
		for _, n := range t.Ejected() {
			head.Total.Ejected += n
		}
	}
	m := &moment{head: encoded(head), services: map[string][]byte{}, routes: map[string][]byte{}, instances: instances}
	m.head = m.head[:len(m.head)-1]
	r.tops(t, &all, now, span)
	m.topServices, m.topRoutes = all.topServices, all.topRoutes
	for name := range all.services {
		if v, ok := r.service(from, t, name, span); ok {
			m.services[name] = encoded(v)
		}
	}
	for id := range all.routes {
		if route := r.routes[id]; route != nil {
			m.routes[id] = encoded(routeOf(route.Lane, now))
		}
	}
	return m
}

// service is one of the table.
func (r *reading) service(from *Sources, t *routing.Table, name string, span float64) (v serviceView, ok bool) {
	list, ok := t.Standings(name)
	if !ok {
		return v, false
	}
	v.figures = figuresOf(r.counts.Of(routing.Label(name)), span)
	for x := range list {
		v.Instances++
		if x.Upstream == nil {
			continue
		}
		v.InFlight += x.Upstream.InFlight()
		switch {
		case !x.Usable():
		case x.Upstream.EjectedFor() != "":
			v.Ejected++
		default:
			v.Usable++
		}
	}
	if age, ok := from.Age(name); ok {
		seconds := rounded(age.Seconds())
		v.AnswerAge = &seconds
	}
	return v, true
}

// findRoutes makes the index of a table's routes by their ids, once for each table.
func (r *reading) findRoutes(t *routing.Table) {
	if r.table == t {
		return
	}
	r.table, r.routes = t, map[string]*routing.Route{}
	for _, route := range t.Routes() {
		r.routes[t.ID(route)] = route
	}
}

func figuresOf(r record.Reading, span float64) figures {
	f := figures{Rate: rounded(float64(r.Requests) / span), Errors: rounded(float64(r.Errors) / span)}
	f.P50, f.P99 = quantile(&r, 0.5), quantile(&r, 0.99)
	return f
}

func quantile(r *record.Reading, q float64) *float64 {
	d, ok := r.Quantile(q)
	if !ok {
		return nil
	}
	ms := inMilliseconds(d)
	return &ms
}

func inMilliseconds(d time.Duration) float64 { return rounded(float64(d) / float64(time.Millisecond)) }

// rounded is a number with three decimals: more says nothing, and makes texts long.
func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

func encoded(v any) []byte {
	b, _ := json.Marshal(v) // texts and finite numbers
	return b
}

// text is the moment as one viewer shows it.
func (m *moment) text(w *Wish) []byte {
	var b bytes.Buffer
	b.Write(m.head)
	writeObject(&b, "services", w.Services, m.topServices[w.TopServices], m.services)
	writeObject(&b, "routes", w.Routes, m.topRoutes[w.TopRoutes], m.routes)
	b.WriteString(`,"instances":`)
	if list := m.instances[detail{w.Detail, w.Offset}]; list != nil {
		b.Write(list)
	} else {
		b.WriteString("{}")
	}
	b.WriteByte('}')
	return b.Bytes()
}

// writeObject writes those of some names, and of more, that there are, each once.
func writeObject(b *bytes.Buffer, name string, names, more []string, of map[string][]byte) {
	b.WriteString(`,"` + name + `":{`)
	comma := false
	for i, key := range slices.Concat(names, more) {
		value := of[key]
		if value == nil || i >= len(names) && slices.Contains(names, key) {
			continue
		}
		if comma {
			b.WriteByte(',')
		}
		comma = true
		b.Write(encoded(key))
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
}
