package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// upstreamsView is how the instances do that may take requests.
type upstreamsView struct {
	Table     uint64         `json:"table"`
	Count     int            `json:"count"`
	Upstreams []upstreamView `json:"upstreams"`
}

// upstreamView is the live side of an instance. ID is "" where a line of the routes file names its address; Service is then what the line
// calls it.
type upstreamView struct {
	Service string `json:"service"`
	ID      string `json:"id"`
	Address string `json:"address"` // with the port
	Status  string `json:"status,omitempty"`
	StandingView
	LoadView
}

func (o *Options) upstreams(w http.ResponseWriter, r *http.Request) {
	if o.Feed != nil && accepts(r, eventStream) {
		o.watchUpstreams(w, r)
		return
	}
	o.page(w, r, "", func(t *routing.Table) (any, error) {
		p, err := pageOf(r)
		return viewUpstreams(t, p), err
	})
}

const eventUpstreams = "upstreams"

// watchUpstreams sends a page of the upstreams, and again after each change of the table. Each event says all of it, so that there is nothing
// to catch up with: who comes back with the present table's id waits for the next one.
func (o *Options) watchUpstreams(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	m, ok := o.join(w, r, "")
	if !ok {
		return
	}
	defer m.leave()
	s := &stream{follower: m, w: w, r: r, control: http.NewResponseController(w)}
	if s.known, s.told = m.feed.known(r.Header.Get("Last-Event-ID")); s.start() != nil {
		return
	}
	for {
		one, err := o.upstreamsEvent(r.Context(), keyOf(r), p)
		if err != nil {
			return
		}
		if (!s.told || one.table != s.known) && s.text(&form{}, one.body) != nil {
			return
		}
		if s.known, s.told = one.table, true; s.wait() != nil {
			return
		}
	}
}

// upstreamsEvent is a page of the upstreams as an event, made once for all who watch it.
func (o *Options) upstreamsEvent(ctx context.Context, key string, p page) (*document, error) {
	present := numberOf(o.Table())
	fresh := func(d *document) (bool, time.Duration) {
		return d.table >= present, min(restFactor*d.cost, restMost) - time.Since(d.made)
	}
	return o.documents.get(ctx, "event\x00"+key, fresh, func(d *document) {
		v := viewUpstreams(o.Table(), p)
		d.table = v.Table
		d.set(withID(frame(eventUpstreams, v), o.Feed.id(v.Table)))
	})
}

// viewUpstreams is a page of a table's upstreams. t may be nil.
func viewUpstreams(t *routing.Table, p page) upstreamsView {
	all := t.Upstreams()
	view := upstreamsView{Table: numberOf(t), Count: len(all), Upstreams: []upstreamView{}}
	for _, x := range cut(all, p) {
		v := upstreamView{Service: x.Upstream.Service(), Address: x.Upstream.Address(), LoadView: *viewLoad(x.Upstream)}
		usable := true
		if x.Instance != nil {
			v.ID, v.Status, usable = clip(x.ID), x.Status.String(), x.Usable()
		}
		v.StandingView = *viewStanding(x.Upstream, usable)
		view.Upstreams = append(view.Upstreams, v)
	}
	return view
}
