package admin

import (
	"net/http"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// DrainView is an instance that gets no new requests until a time, as somebody asked for that.
type DrainView struct {
	ID       string    `json:"id"` // of the drain
	Service  string    `json:"service"`
	Instance string    `json:"instance"`
	Node     string    `json:"node"`
	By       string    `json:"by,omitempty"` // who asked
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	// Left is how many requests of this proxy the instance has; -1 while the drain is not in effect yet.
	Left int64 `json:"left"`
	// Listed says that the catalogue has the instance.
	Listed bool `json:"listed"`
}

// drainsView is all drains. Problem is why this proxy can't take part in them.
type drainsView struct {
	Drains  []DrainView `json:"drains"`
	Problem string      `json:"problem,omitempty"`
}

// drains answers /api/drains.
func (o *Options) drains(w http.ResponseWriter, r *http.Request) {
	list, err := o.Drains()
	v := drainsView{Drains: []DrainView{}}
	for _, d := range list[:min(len(list), defaultLimit)] {
		d.Service, d.Instance, d.Node, d.By = clip(d.Service), clip(d.Instance), clip(d.Node), clip(d.By)
		v.Drains = append(v.Drains, d)
	}
	if err != nil {
		v.Problem = outside.Printable(err.Error(), maxText)
	}
	answer(w, r, v)
}
