package admin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Summary is what a person looks at first: one screen. Each list has its first ones, and its count tells how many there are.
type Summary struct {
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"` // it is not ready
	// Table is the number of the present one; 0 before the first. Since is when it was published, Cause what it changed.
	Table uint64    `json:"table"`
	Since time.Time `json:"since,omitzero"`
	Cause string    `json:"cause,omitempty"`
	Stale bool      `json:"stale"` // it comes from disk, and no catalogue has confirmed it
	// OldestSeconds is how long ago the catalogue last answered for Oldest, the service that it has not answered for for the longest.
	OldestSeconds float64 `json:"oldest_seconds"`
	Oldest        string  `json:"oldest,omitempty"`

	Services  int      `json:"services"`
	Down      []string `json:"down"` // services without an instance that gets requests
	DownCount int      `json:"down_count"`
	Instances int      `json:"instances"`
	Usable    int      `json:"usable"`
	Ejected   int      `json:"ejected"`
	Routes    int      `json:"routes"`

	Refused      []SummaryRefusal `json:"refused"` // tags, labels and lines that are not in effect
	RefusedCount int              `json:"refused_count"`

	Certificates int                  `json:"certificates"`
	Ending       []SummaryCertificate `json:"ending"` // certificates that end within two weeks, or failed
	EndingCount  int                  `json:"ending_count"`

	Pins     []PinView `json:"pins"`
	PinCount int       `json:"pin_count"`

	Drains       []DrainView `json:"drains"`
	DrainCount   int         `json:"drain_count"`
	DrainProblem string      `json:"drain_problem,omitempty"`

	Notices []SummaryNotice `json:"notices"` // the latest first
}

// SummaryRefusal is a verdict.
type SummaryRefusal struct {
	Service string `json:"service"`
	Source  string `json:"source"`
	Reason  string `json:"reason"`
}

// SummaryCertificate is a certificate that somebody should look at.
type SummaryCertificate struct {
	Name   string    `json:"name"`
	Ends   time.Time `json:"ends,omitzero"`
	State  string    `json:"state"`
	Reason string    `json:"reason,omitempty"`
}

// SummaryNotice is a notice.
type SummaryNotice struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Service  string    `json:"service,omitempty"`
	Instance string    `json:"instance,omitempty"`
	Text     string    `json:"text"`
	Times    int       `json:"times"`
}

const (
	// mostShown bounds each list of a Summary.
	mostShown = 10
	// endsSoon is half of the time at which ACME renews a certificate of 90 days: renewals have failed for a while then.
	endsSoon = 14 * 24 * time.Hour
)

// summary answers /api/status.
func (o *Options) summary(w http.ResponseWriter, r *http.Request) {
	answer(w, r, o.summarize(time.Now()))
}

func (o *Options) summarize(now time.Time) Summary {
	s := Summary{Ready: true, Down: []string{}, Refused: []SummaryRefusal{}, Ending: []SummaryCertificate{}, Pins: []PinView{}, Drains: []DrainView{}, Notices: []SummaryNotice{}}
	if o.Ready != nil {
		s.Ready, s.Why = o.Ready()
	}
	if t := o.Table(); t != nil {
		s.table(t)
	}
	if o.Ages != nil {
		for name, age := range o.Ages() {
			if seconds := age.Seconds(); seconds > s.OldestSeconds {
				s.OldestSeconds, s.Oldest = seconds, clip(name)
			}
		}
	}
	if o.Certificates != nil {
		s.certificates(o.Certificates(), now)
	}
	if o.Drains != nil {
		list, err := o.Drains()
		s.Drains, s.DrainCount = append(s.Drains, list[:min(len(list), mostShown)]...), len(list)
		if err != nil {
			s.DrainProblem = outside.Printable(err.Error(), maxText)
		}
	}
	if o.Notices != nil {
		list, _, _ := o.Notices.since(0, mostShown)
		for _, n := range slices.Backward(list) {
			s.Notices = append(s.Notices, SummaryNotice{At: n.At.UTC(), Kind: string(n.Kind), Service: n.Service, Instance: n.Instance, Text: n.Text, Times: n.count})
		}
	}
	return s
}

// table tells of services and routes.
func (s *Summary) table(t *routing.Table) {
	s.Table, s.Since, s.Cause, s.Stale = t.Number, t.Published, clip(t.Cause.String()), t.Stale
	_, s.Usable, s.Routes = t.Totals()
	for _, n := range t.Ejected() {
		s.Ejected += n
	}
	for _, service := range t.Services() {
		s.Services++
		up := false
		for _, x := range service.Instances {
			s.Instances++
			up = up || x.Upstream != nil && x.Usable() && x.Upstream.Usable()
		}
		if up || service.Routes == 0 {
			continue
		}
		if s.DownCount++; len(s.Down) < mostShown {
			s.Down = append(s.Down, clip(service.Name))
		}
	}
	pins := t.Pins()
	s.Pins, s.PinCount = append(s.Pins, viewPins(pins[:min(len(pins), mostShown)])...), len(pins)
	for _, v := range t.Verdicts() {
		if v.Kind != dialect.VerdictRefused {
			continue
		}
		if s.RefusedCount++; len(s.Refused) < mostShown {
			s.Refused = append(s.Refused, SummaryRefusal{Service: clip(v.Service), Source: clip(v.Tags()), Reason: clip(v.Text())})
		}
	}
}

// certificates tells of those that end soon or could not be had, the first to end first.
func (s *Summary) certificates(list []certs.Status, now time.Time) {
	for _, c := range list {
		s.Certificates++
		soon := !c.NotAfter.IsZero() && c.NotAfter.Before(now.Add(endsSoon))
		if !soon && c.Failures == 0 && c.State != certs.StateUnusable && c.State != certs.StateExpired {
			continue
		}
		s.EndingCount++
		name := c.Source
		if len(c.Names) > 0 {
			name = c.Names[0]
		}
		s.Ending = append(s.Ending, SummaryCertificate{Name: clip(name), Ends: c.NotAfter.UTC(), State: string(c.State), Reason: clip(c.Fault)})
	}
	slices.SortStableFunc(s.Ending, func(a, b SummaryCertificate) int { return cmp.Or(a.Ends.Compare(b.Ends), cmp.Compare(a.Name, b.Name)) })
	s.Ending = s.Ending[:min(len(s.Ending), mostShown)]
}
