package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// kind is what a part is about. Kinds are bits, so that a follower's wish is a set of them.
type kind uint8

const (
	kindService kind = 1 << iota
	kindServiceGone
	kindRoute
	kindRouteGone

	kindsServices = kindService | kindServiceGone
	kindsRoutes   = kindRoute | kindRouteGone
)

// The events of a stream.
const (
	eventService     = "service"
	eventServiceGone = "service-gone"
	eventRoute       = "route"
	eventRouteGone   = "route-gone"
	eventTable       = "table" // ends what one table changed
	eventReset       = "reset" // begins all that one table holds
)

// part is one service or route as it has become, or that it is gone, encoded as an event. Immutable.
type part struct {
	kind   kind
	name   string // a service's name, a route's id
	number uint64 // of the table that made it so
	frame  []byte
}

// json is the event's data.
func (p *part) json() []byte { return dataOf(p.frame) }

// change is what one table changed. Immutable once it is kept.
type change struct {
	number, previous uint64
	parts            []*part
	end              []byte // the event that names the table
	size             int    // of all of it, in bytes
}

// state is what the last table holds. The zero value holds nothing.
type state struct {
	present          uint64
	roster           uint64 // the last table in which a service came or went
	services, routes map[string]*part
}

// snapshot is all that a table held, for who begins anew. Immutable.
type snapshot struct {
	number uint64
	parts  []*part
}

// change is the way from the state, which is that of last, to a table.
func (s *state) change(last, t *routing.Table) *change {
	c := &change{number: numberOf(t), previous: numberOf(last)}
	if t == nil {
		return c
	}
	d := t.Since(last)
	for _, one := range d.Services {
		c.add(s.services, &part{kindService, one.Name, c.number, frame(eventService, viewService(one, detailState))})
	}
	for _, name := range d.Gone {
		c.add(nil, &part{kindServiceGone, name, c.number, frame(eventServiceGone, goneView{Name: clip(name)})})
	}
	for _, r := range d.Routes {
		id := t.ID(r)
		c.add(s.routes, &part{kindRoute, id, c.number, frame(eventRoute, viewRoute(id, r, detailState))})
	}
	for _, r := range d.Left {
		id := t.ID(r)
		c.add(nil, &part{kindRouteGone, id, c.number, frame(eventRouteGone, leftView{ID: id, Host: clip(r.Host), Path: clip(r.Path)})})
	}
	return c
}

// partCost is what a part takes besides its text.
const partCost = 128

// add adds a part unless it is the same as before: much is compiled again and comes out as it was.
func (c *change) add(before map[string]*part, p *part) {
	if old := before[p.name]; old != nil && bytes.Equal(old.frame, p.frame) {
		return
	}
	c.parts = append(c.parts, p)
	c.size += len(p.frame) + len(p.name) + partCost
}

// take makes the state that of the table after a change.
func (s *state) take(c *change) {
	if s.services == nil {
		s.services, s.routes, s.roster = map[string]*part{}, map[string]*part{}, c.number
	}
	s.present = c.number
	for _, p := range c.parts {
		switch p.kind {
		case kindService:
			if s.services[p.name] == nil {
				s.roster = c.number
			}
			s.services[p.name] = p
		case kindServiceGone:
			s.roster = c.number
			delete(s.services, p.name)
		case kindRoute:
			s.routes[p.name] = p
		case kindRouteGone:
			delete(s.routes, p.name)
		}
	}
}

// mostBehind is how many changes a snapshot may be behind and still be where followers begin: they get the changes since. A snapshot of 2,000
// services costs milliseconds, and its texts stay in memory until the slowest has them.
const mostBehind = 256

// all is a snapshot of about the present table; nil while nothing is known.
func (f *Feed) all() *snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.active {
		return nil
	}
	if s := f.snapshot; s != nil && s.number >= f.base && f.present-s.number <= mostBehind {
		return s
	}
	s := &snapshot{number: f.present, parts: make([]*part, 0, len(f.services)+len(f.routes))}
	for _, m := range [...]map[string]*part{f.services, f.routes} {
		at := len(s.parts)
		for _, p := range m {
			s.parts = append(s.parts, p)
		}
		slices.SortFunc(s.parts[at:], func(a, b *part) int { return cmp.Compare(a.name, b.name) })
	}
	f.snapshot = s
	return s
}

// tableView ends what a table changed, or all that it holds.
type tableView struct {
	Table    uint64    `json:"table"`
	Previous *uint64   `json:"previous,omitempty"` // the table that the changes begin with; absent after a reset
	Cause    string    `json:"cause,omitempty"`
	Taken    time.Time `json:"taken,omitzero"`
	Stale    bool      `json:"stale,omitempty"`
}

// goneView is a service that the table holds no more.
type goneView struct {
	Name string `json:"name"`
}

// leftView is a route that the table holds no more.
type leftView struct {
	ID   string `json:"id"`
	Host string `json:"host"`
	Path string `json:"path"`
}

func tableFrame(f *Feed, t *routing.Table, c *change) []byte {
	b := frame(eventTable, tableView{Table: c.number, Previous: &c.previous, Cause: clip(t.Cause.String()), Taken: t.Taken, Stale: t.Stale})
	b = withID(b, f.id(c.number))
	c.size += len(b) + partCost
	return b
}

// frame is an event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.5). JSON holds no line ends.
func frame(event string, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // no view has anything that JSON lacks
		text = []byte("null")
	}
	return framed(event, text)
}

// framed is an event whose data is a text without line ends.
func framed(event string, text []byte) []byte {
	b := make([]byte, 0, len("event: \ndata: \n\n")+len(event)+len(text))
	b = append(append(append(b, "event: "...), event...), dataStart...)
	return append(append(b, text...), "\n\n"...)
}

const dataStart = "\ndata: "

// withID adds an id to an event.
func withID(frame []byte, id string) []byte {
	return append(append(append(append(make([]byte, 0, len(frame)+len(id)+5), "id: "...), id...), '\n'), frame...)
}

// dataOf is the data of an event that frame made.
func dataOf(frame []byte) []byte {
	at := bytes.Index(frame, []byte(dataStart)) + len(dataStart)
	return frame[at : len(frame)-2]
}
