package admin

import (
	"net/http"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// historyView is the last tables, the latest first. Count is how many are remembered.
type historyView struct {
	Count  int           `json:"count"`
	Tables []versionView `json:"tables"`
}

// versionView is a table: since when and why, what it changed, and how many requests were answered while it was the present one.
type versionView struct {
	Table     uint64      `json:"table"`
	Previous  uint64      `json:"previous"`
	Published time.Time   `json:"published"`
	Replaced  *time.Time  `json:"replaced"` // null for the present one
	Stale     bool        `json:"stale,omitempty"`
	Cause     causeView   `json:"cause"`
	Services  changesView `json:"services"`
	Instances changesView `json:"instances"`
	Routes    changesView `json:"routes"`
	Requests  uint64      `json:"requests"`
	Errors    uint64      `json:"errors"` // with a status of 500 or more
	// Held says that it can be asked with explain, and that services can be pinned to it.
	Held bool `json:"held"`
}

// causeView is why a table was made. More counts what else has changed.
type causeView struct {
	Text     string            `json:"text"`
	Services []causeService    `json:"services,omitempty"`
	Texts    []causeOfTextView `json:"texts,omitempty"`
	Pins     []causePin        `json:"pins,omitempty"`
	More     int               `json:"more,omitempty"`
}

// causePin is a service of which the routes are held at an earlier table from then on, or, with table 0, no longer.
type causePin struct {
	Service string `json:"service"`
	Table   uint64 `json:"table"`
}

// causeService is how a service has changed. Instance is the first one that is new, gone or different, Tag the first one that came or went.
type causeService struct {
	Service  string `json:"service"`
	Added    int    `json:"added"`
	Removed  int    `json:"removed"`
	Changed  int    `json:"changed"`
	Instance string `json:"instance,omitempty"`
	Tag      string `json:"tag,omitempty"`
	Index    uint64 `json:"index,omitempty"` // of the catalogue's answer
}

// causeOfTextView is how a routes file or a key of the KV store has changed. Line is the first line that is different.
type causeOfTextView struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // file, kv
	Come  bool   `json:"come,omitempty"`
	Gone  bool   `json:"gone,omitempty"`
	Line  int    `json:"line,omitempty"`
	Index uint64 `json:"index,omitempty"` // of the catalogue's answer
}

type changesView struct {
	Come    namedView `json:"come"`
	Gone    namedView `json:"gone"`
	Altered namedView `json:"altered"`
}

// namedView is how many there are, and the first ones.
type namedView struct {
	Count int      `json:"count"`
	First []string `json:"first"`
}

// history answers /api/history, as text where text=1 asks for it.
func (o *Options) history(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		problemOf(err).answer(w)
		return
	}
	all := o.History.Versions(largestLimit)
	view := historyView{Count: len(all), Tables: []versionView{}}
	for _, v := range cut(all, p) {
		view.Tables = append(view.Tables, viewVersion(&v))
	}
	if r.URL.Query().Get("text") != "" {
		plain(w, http.StatusOK, view.text(time.Now()))
		return
	}
	answer(w, r, view)
}

func viewVersion(v *history.Version) versionView {
	one := versionView{Table: v.Number, Previous: v.Previous, Published: v.Published, Stale: v.Stale, Cause: viewCause(&v.Cause), Services: viewChanges(&v.Services),
		Instances: viewChanges(&v.Instances), Routes: viewChanges(&v.Routes), Requests: v.Requests, Errors: v.Errors, Held: v.Held}
	if !v.Replaced.IsZero() {
		one.Replaced = &v.Replaced
	}
	return one
}

func viewCause(c *history.Cause) causeView {
	view := causeView{Text: clip(c.Text), More: c.More}
	for _, p := range c.Pins {
		view.Pins = append(view.Pins, causePin{clip(p.Service), p.Table})
	}
	for _, s := range c.Services {
		view.Services = append(view.Services, viewCauseService(&s))
	}
	for _, t := range c.Texts {
		one := causeOfTextView{Name: clip(t.Name), Kind: "kv", Come: t.Come, Gone: t.Gone, Line: t.Line, Index: t.Index}
		if t.Kind == discovery.TextFile {
			one.Kind = "file"
		}
		view.Texts = append(view.Texts, one)
	}
	return view
}

func viewCauseService(s *routing.Change) causeService {
	return causeService{Service: clip(s.Service), Added: s.Added, Removed: s.Removed, Changed: s.Changed, Instance: clip(s.Instance), Tag: clip(s.Tag), Index: s.Index}
}

func viewChanges(c *history.Changes) changesView {
	return changesView{Come: viewNamed(&c.Come), Gone: viewNamed(&c.Gone), Altered: viewNamed(&c.Altered)}
}

func viewNamed(n *history.Named) namedView {
	view := namedView{Count: n.Count, First: []string{}}
	for _, text := range n.First {
		view.First = append(view.First, clip(text))
	}
	return view
}
