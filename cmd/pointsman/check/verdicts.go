package check

import (
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

const metaPort = outside.MetaPort

// variables adds what became of SERVICE_*.
func (s *member) variables(all []registrator.VariableUse) {
	for _, u := range all {
		kind := "variable"
		if value, ok := s.container.Labels[u.Source]; ok && value == u.Value {
			kind = "label"
		}
		verdict := dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: u.Text, Quiet: u.Moot}
		switch {
		case u.Refused:
			verdict.Kind = dialect.VerdictRefused
		case u.Used:
			verdict.Kind = dialect.VerdictUsed
		}
		l := &Result{Kind: kind, Source: dialect.Printable(u.Source + "=" + u.Value)}
		l.say(verdict)
		s.Results = append(s.Results, l)
	}
}

// complaints adds what the registrator complains of: what is about a label stands under it, and what is about a variable has been said.
func (k *composed) complaints(s *member, all []registrator.Complaint) {
	for _, c := range all {
		verdict := dialect.Verdict{Kind: dialect.VerdictRefused, Reason: c.Problem, Advice: c.Done}
		if strings.HasPrefix(c.Variable, "SERVICE_") {
			continue
		}
		if strings.HasPrefix(c.Variable, networkOf) { // it is registered by another network
			verdict.Kind = dialect.VerdictPartly
		}
		about := s.named(c)
		for _, l := range about {
			said := verdict
			if l.Kind == "variable" && s.carries(l) { // its language has the last word
				said.Kind = dialect.VerdictPartly
			}
			l.say(said)
		}
		if about == nil {
			s.about(verdict, s.find)
		}
	}
	k.uncarried(s)
}

// networkOf begins what a complaint is about where that is the network that a label names.
const networkOf = "label of "

// named are the labels that a complaint names.
func (s *member) named(c registrator.Complaint) (out []*Result) {
	for _, l := range s.Results {
		key, value, _ := strings.Cut(l.Source, "=")
		network := strings.HasPrefix(c.Variable, networkOf) && strings.HasSuffix(key, "network") && strings.Contains(c.Problem, registrator.Shown(value))
		if (network || c.Variable != "" && key == dialect.Printable(c.Variable)) && !l.misplaced {
			out = append(out, l)
		}
	}
	return out
}

// conclude says of each label what nobody has said.
func (s *member) conclude() {
	for _, l := range s.Results {
		switch {
		case l.reported:
		case len(l.Lines) > 0:
			l.say(dialect.Verdict{Kind: dialect.VerdictUsed})
		case len(s.first) == 0:
			l.say(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "nothing is registered of the container: the label has no effect"})
		case s.carries(l):
			l.say(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "no route has a use for it"})
		default: // it becomes no tag: the registrator reads it
			l.say(dialect.Verdict{Kind: dialect.VerdictUsed, Reason: "it says how the container is registered"})
		}
	}
}
