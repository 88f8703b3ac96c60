package admin

import (
	"net/http"
	"time"

	"github.com/pointsman/pointsman/proxy/record"
)

// ejectionsView is the last ejections and their ends, the latest first.
type ejectionsView struct {
	Count     int            `json:"count"`
	Ejections []ejectionView `json:"ejections"`
}

// ejectionView is one, with its evidence: so many requests failed at the instance in half a minute, and so many it answered well.
type ejectionView struct {
	At       time.Time `json:"at"`
	Service  string    `json:"service"`
	Instance string    `json:"instance"`
	Event    string    `json:"event"` // ejected, would-be-ejected (-eject=shadow), returned
	Reason   string    `json:"reason,omitempty"`
	Failed   int       `json:"failed,omitempty"`
	Answered int64     `json:"answered,omitempty"`
	// Clients is how many saw it fail, where nothing could be tried elsewhere; else each of the requests succeeded at another instance.
	Clients int `json:"clients,omitempty"`
	Others  int `json:"others,omitempty"` // that could be asked
	// OthersFailed is their mean share of failures, from 0 to 1.
	OthersFailed float64       `json:"others_failed"`
	For          time.Duration `json:"for_ns,omitempty"`
	Times        int           `json:"times,omitempty"` // in a row
	Trial        bool          `json:"trial,omitempty"` // it failed its trial
}

func (o *Options) ejections(w http.ResponseWriter, r *http.Request) {
	answer(w, r, viewEjections(o.Ejections()))
}

func viewEjections(list []record.Ejection) ejectionsView {
	view := ejectionsView{Count: len(list), Ejections: make([]ejectionView, 0, len(list))}
	for i := range list {
		view.Ejections = append(view.Ejections, viewEjection(&list[i]))
	}
	return view
}

func viewEjection(e *record.Ejection) ejectionView {
	v := ejectionView{At: e.At, Service: clip(e.Service), Instance: e.Instance, Event: "returned"}
	if e.Ended {
		return v
	}
	v.Event, v.Reason = "ejected", e.Reason.String()
	if e.Shadow {
		v.Event = "would-be-ejected"
	}
	v.Failed, v.Answered, v.Clients, v.Others, v.OthersFailed = e.Failed, e.Good, e.Clients, e.Others, e.OthersShare
	v.For, v.Times, v.Trial = e.For, e.Times, e.Trial
	return v
}
