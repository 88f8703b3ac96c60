package admin

import (
	"net/http"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// removalsView is what became of instances whose removal from the catalogue was in doubt, the latest first.
type removalsView struct {
	Count     int            `json:"count"`
	Decisions []decisionView `json:"decisions"`
}

// decisionView is one decision, with its evidence.
type decisionView struct {
	At       time.Time `json:"at"`
	Service  string    `json:"service"`
	ID       string    `json:"id"`
	Address  string    `json:"address"`
	Decision string    `json:"decision"` // kept, removed, listed-again
	Why      string    `json:"why"`
	// Vanished is how many services lost their last instance together, of Services.
	Vanished int `json:"vanished,omitempty"`
	Services int `json:"services,omitempty"`
}

func (o *Options) removals(w http.ResponseWriter, r *http.Request) {
	answer(w, r, viewRemovals(o.Decisions()))
}

func viewRemovals(list []discovery.Decision) removalsView {
	view := removalsView{Count: len(list), Decisions: make([]decisionView, 0, len(list))}
	for _, d := range list {
		what := "listed-again"
		switch {
		case d.Kept:
			what = "kept"
		case d.Removed:
			what = "removed"
		}
		view.Decisions = append(view.Decisions, decisionView{At: d.At, Service: clip(d.Service), ID: clip(d.Instance), Address: clip(d.Address), Decision: what,
			Why: d.Why, Vanished: d.Vanished, Services: d.Services})
	}
	return view
}
