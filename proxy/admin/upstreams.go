package admin

import (
	"net/http"

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
	o.page(w, r, "", func(t *routing.Table) (any, error) {
		p, err := pageOf(r)
		return viewUpstreams(t, p), err
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
