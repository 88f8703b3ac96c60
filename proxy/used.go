package proxy

import "time"

// Used names the services of all routes that took a request in the last ten seconds or so before now: once for each such route.
// It walks all routes, so it is for now and then.
func (t *Table) Used(now time.Time, each func(service string)) {
	if t == nil {
		return
	}
	tell := func(r *Route) {
		if r == nil || r.Lane.Budget.Requests(now) == 0 {
			return
		}
		for _, c := range r.claims {
			each(c.service)
		}
	}
	for i := range t.index.slots.parts {
		for _, s := range t.index.slots.parts[i] {
			tell(s.native)
			tell(s.fabio)
		}
	}
	tell(t.fallback)
}
