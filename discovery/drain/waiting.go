package drain

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// waiting is what Await knows.
type waiting struct {
	list    []Drain
	began   time.Time
	proxies map[string][]byte            // as the Store has them; nil before the first answer
	drains  map[string][]byte            // likewise
	answers map[string]map[string][]byte // likewise, by the drain's ID
	seen    map[string]*seen             // by the proxy's ID
}

// seen is a proxy that was there while it was waited.
type seen struct {
	Proxy
	gone time.Time // zero while its key is there
}

// newWaiting waits for drains, each once.
func newWaiting(list []Drain) *waiting {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Drain) int { return strings.Compare(a.ID, b.ID) })
	list = slices.CompactFunc(list, func(a, b Drain) bool { return a.ID == b.ID })
	return &waiting{list: list, began: time.Now(), answers: map[string]map[string][]byte{}, seen: map[string]*seen{}}
}

// watches follow what has to be known. do calls a func where the waiting may be changed.
func (w *waiting) watches(s discovery.Store, do func(func())) []*discovery.StoreWatch {
	out := []*discovery.StoreWatch{
		{Store: s, Prefix: proxiesAt, Changed: func(v map[string][]byte) { do(func() { w.proxies = v }) }},
		{Store: s, Prefix: drainsAt, Changed: func(v map[string][]byte) { do(func() { w.drains = v }) }},
	}
	for i := range w.list { // not all answers there are: what is left of others costs nothing
		id := w.list[i].ID
		out = append(out, &discovery.StoreWatch{Store: s, Prefix: w.list[i].answers(),
			Changed: func(v map[string][]byte) { do(func() { w.answers[id] = v }) }})
	}
	return out
}

// look says how far it is. done is the good end, and err another one.
func (w *waiting) look(now time.Time) (p Progress, done bool, err error) {
	if w.proxies == nil || w.drains == nil || len(w.answers) < len(w.list) {
		return p, false, nil
	}
	p.Pending, p.Gone = w.pending(now)
	switch err := w.ended(now); {
	case err != nil:
		return p, false, err
	case len(w.seen) == 0 && now.Sub(w.began) > goneGrace:
		return p, false, ErrNoProxy
	}
	return p, len(p.Pending) == 0 && len(w.seen) > 0, nil
}

// ended is why a drain is no longer in effect, nil where all are. What was answered before does not hold then.
func (w *waiting) ended(now time.Time) error {
	for i := range w.list {
		d := &w.list[i]
		if is, bad := parse(d.key(), w.drains[d.key()], now); bad == nil && is.ID == d.ID {
			d.Until = is.Until // somebody else may have prolonged it
		} else if now.Before(d.Until) {
			return ErrEnded
		}
		if !now.Before(d.Until) {
			return ErrOver
		}
	}
	return nil
}

// pending is who has not answered with 0 for each instance, and who never will.
func (w *waiting) pending(now time.Time) (out []Pending, gone []Proxy) {
	for key, value := range w.proxies {
		id := strings.TrimPrefix(key, proxiesAt+"/")
		if w.seen[id] == nil {
			p := Proxy{}
			_ = decode(value, &p)
			p.ID = id
			w.seen[id] = &seen{Proxy: p}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.seen)) {
		p := w.seen[id]
		if _, there := w.proxies[proxiesAt+"/"+id]; there {
			p.gone = time.Time{}
		} else if p.gone.IsZero() {
			p.gone = now
		}
		var mine []Pending
		for i := range w.list {
			if left := w.left(&w.list[i], p.Proxy); left != 0 {
				mine = append(mine, Pending{Proxy: p.Proxy, Instance: w.list[i].Instance, Left: left})
			}
		}
		switch {
		case len(mine) == 0:
		case !p.gone.IsZero() && now.Sub(p.gone) >= goneGrace:
			gone = append(gone, p.Proxy)
		default:
			out = append(out, mine...)
		}
	}
	return out, gone
}

// left is what a proxy has answered, -1 for nothing that can be used.
func (w *waiting) left(d *Drain, by Proxy) int64 {
	var a answer
	if value, ok := w.answers[d.ID][by.key(d)]; !ok || decode(value, &a) != nil || a.ID != d.ID || a.Left < 0 {
		return -1
	}
	return a.Left
}
