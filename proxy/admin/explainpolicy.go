package admin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/routing"
)

// looksAhead is how many of the next choices are told.
const looksAhead = 5

// policyView is how requests of a route are treated. Options are those in effect that its lines ask for, without what is secret in them.
type policyView struct {
	ConnectTimeout  string   `json:"connect_timeout"`
	AnswerTimeout   string   `json:"answer_timeout"`
	ProgressTimeout string   `json:"progress_timeout"`
	Retries         int      `json:"retries"`
	Eject           string   `json:"eject"`
	Options         []string `json:"options"`
}

func viewPolicy(r *routing.Route) *policyView {
	p := r.Policy
	v := &policyView{ConnectTimeout: p.Timeouts.Connect.String(), AnswerTimeout: p.Timeouts.Answer.String(), ProgressTimeout: p.Timeouts.Progress.String(),
		Retries: p.Retries, Eject: p.Eject.String(), Options: []string{}}
	if p.Tries.Most > 0 {
		v.Retries = p.Tries.Most - 1
	}
	for i, rule := range r.Rules {
		words := rule.Shown()[len(rule.MatchWords()):]
		if i > 0 { // of all but the first one only what restricts is in effect
			unmet := rule.Unmet(r.Rules[0])
			words = slices.DeleteFunc(words, func(w string) bool { return slices.Contains(unmet, w) })
		}
		for _, w := range words {
			if w = clip(w); !slices.Contains(v.Options, w) {
				v.Options = append(v.Options, w)
			}
		}
	}
	return v
}

// text is a policy for a terminal.
func (v *policyView) text() string {
	words := append([]string{"connect-timeout=" + v.ConnectTimeout, "answer-timeout=" + v.AnswerTimeout, "progress-timeout=" + v.ProgressTimeout,
		"retries=" + strconv.Itoa(v.Retries), "eject=" + v.Eject}, v.Options...)
	return printed(strings.Join(words, " "))
}

// replyView is an answer of the proxy's own.
type replyView struct {
	Status  int    `json:"status"`
	Outcome string `json:"outcome"` // as in the log
	Detail  string `json:"detail,omitempty"`
}

// nextView is where the next requests of the kind would go. Service is whose instances serve in place of the route's own. Picks are the next
// choices in their order, where they hang on turns or on the request; Chances are told where that is left to chance.
type nextView struct {
	Service string       `json:"service,omitempty"`
	Detail  string       `json:"detail,omitempty"`
	Unknown string       `json:"unknown,omitempty"` // what decides, too, and was not told: client
	Picks   []pickView   `json:"picks,omitempty"`
	Chances []chanceView `json:"chances,omitempty"`
}

// pickView is an instance that is chosen, and what it is sent.
type pickView struct {
	Service string `json:"service"`
	ID      string `json:"id"` // "" where a line names its address
	Address string `json:"address"`
	Path    string `json:"path"` // and query
	Host    string `json:"host"`
}

type chanceView struct {
	pickView
	Chance float64 `json:"chance"` // from 0 to 1
}

// foresee adds what the request would meet.
func (v *explainView) foresee(t *routing.Table, q routing.Query, present bool) {
	n := looksAhead
	if !present {
		n = 0
	}
	p := proxy.Foresee(t, q, n)
	if p.Outcome != proxy.OutcomeForwarded {
		v.Reply = &replyView{Status: replyStatus(p), Outcome: p.Outcome.String(), Detail: clip(p.Detail)}
		return
	}
	next := &nextView{Service: clip(p.Service), Detail: clip(p.Detail), Unknown: p.Unknown}
	for _, i := range p.Next {
		next.Picks = append(next.Picks, viewPick(p, i))
	}
	for i := range p.Members[:min(len(p.Members), defaultLimit)] {
		if c := p.Chances[i]; c > 0 {
			next.Chances = append(next.Chances, chanceView{viewPick(p, i), c})
		}
	}
	if !present {
		for i := range p.Members[:min(len(p.Members), 1)] { // whoever it is, that is what it would be sent
			one := viewPick(p, i)
			v.Sent = &sentView{one.Path, one.Host}
		}
		return
	}
	v.Next = next
	switch {
	case len(next.Picks) > 0:
		v.Sent = &sentView{next.Picks[0].Path, next.Picks[0].Host}
	case len(next.Chances) > 0:
		v.Sent = &sentView{next.Chances[0].Path, next.Chances[0].Host}
	}
}

// replyStatus is that of the proxy's own answer; those that a line asks for have their own.
func replyStatus(p *proxy.Prospect) int {
	text, _, _ := strings.Cut(p.Detail, " ")
	if status, err := strconv.Atoi(text); err == nil && (p.Outcome == proxy.OutcomeResponded || p.Outcome == proxy.OutcomeRedirected) {
		return status
	}
	return p.Outcome.Status()
}

// sentView is what an instance is sent: with several instances, the next one.
type sentView struct {
	Path string `json:"path"` // and query
	Host string `json:"host"`
}

func viewPick(p *proxy.Prospect, i int) pickView {
	m := &p.Members[i]
	path, host := p.Sent(m)
	v := pickView{Service: clip(m.Upstream.Service()), Address: m.Upstream.Address(), Path: clip(path), Host: clip(host)}
	if m.Instance != nil {
		v.ID = clip(m.Instance.ID)
	}
	return v
}

// text is an instance as a terminal shows it.
func (v *pickView) text() string {
	if v.ID == "" {
		return v.Address
	}
	return printed(v.ID) + " " + v.Address
}

// text is where the next requests would go, a line each.
func (v *nextView) text() (out []string) {
	if v.Service != "" {
		out = append(out, "from "+printed(v.Service))
	}
	var ids []string
	for i := range v.Picks {
		ids = append(ids, v.Picks[i].text())
	}
	if ids = slices.Compact(ids); len(ids) > 0 {
		out = append(out, strings.Join(ids, ", then "))
	}
	for i := range v.Chances {
		out = append(out, strconv.FormatFloat(100*v.Chances[i].Chance, 'f', 0, 64)+" %  "+v.Chances[i].text())
	}
	if v.Detail != "" {
		out = append(out, v.Detail)
	}
	if v.Unknown != "" {
		out = append(out, "it hangs on the client's address, too: say -client ADDRESS")
	}
	return out
}

// tableText names the table that was asked.
func (v *explainView) tableText() string {
	if v.Published.IsZero() {
		return strconv.FormatUint(v.Table, 10)
	}
	text := strconv.FormatUint(v.Table, 10) + ", in use since " + utc(v.Published)
	if !v.Present {
		text += ": not the present one, instances are as the catalogue had them"
	}
	return text
}
