package routing

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Admission is what the instances of a route restrict. Nearly always their tags are the same. Where they differ, what they restrict
// adds up, so that no request gets by its luck, or by a second try, what one of them refuses: a client has to pass the lists of all,
// and one redirect is enough. Immutable.
type Admission struct {
	// HTTPS sends requests in plain text to the same place over HTTPS.
	HTTPS bool
	// PreferHTTPS does so where a certificate covers the request's host.
	PreferHTTPS bool
	// ClientCAs are the different sets of authorities of which the client has to show a certificate. It has to pass each.
	ClientCAs []dialect.ClientCA
	// Allow are the different allow lists. A client has to be on each.
	Allow [][]netip.Prefix
	// Deny is what any deny list holds.
	Deny []netip.Prefix
	// Redirect is where requests are sent that pass the lists; nil has them forwarded. Of several it is that of the first instance.
	Redirect *Redirect
	// Strips are the different prefixes that are cut from paths.
	Strips []string
	// Replacements are the different options that change paths by an expression.
	Replacements []*dialect.Options
}

// Redirect is an answer that sends the client elsewhere, and what is cut from the path that it is told.
type Redirect struct {
	*dialect.Redirect
	Strip string
}

// bare are the rules without a member of their own: of lines that lead nowhere, which only say how their route treats requests, and of other
// registrations of an instance.
func bare(claims []*claim) (out []*dialect.Rule) {
	for _, c := range claims {
		if c.name != "" && len(c.members) == 0 {
			out = append(out, c.rule)
		}
		out = append(out, c.doubles...)
	}
	return out
}

// admissionOf is what lines without members, and members, restrict; nil where that is nothing. Those with the same tags share their rule,
// and cost a comparison.
func admissionOf(bare []*dialect.Rule, members []Member) *Admission {
	var all []*dialect.Rule
	for i := range len(bare) + len(members) {
		var r *dialect.Rule
		if i < len(bare) {
			r = bare[i]
		} else {
			r = members[i-len(bare)].Rule
		}
		if !admits(r) {
			continue
		}
		if n := len(all); n == 0 || all[n-1] != r {
			all = append(all, r)
		}
	}
	if all == nil {
		return nil
	}
	a := &Admission{}
	known := seen{}
	for _, r := range all {
		a.add(r, known)
	}
	return a
}

// admits says whether a rule asks for anything that stands in an Admission.
func admits(r *dialect.Rule) bool {
	p, o := &r.Policy, &r.Options
	return p.TLS != (dialect.TLS{}) || len(p.Allow) > 0 || len(p.Deny) > 0 || p.Redirect != nil || o.Strip != "" || o.Replace != nil || clients(r) != nil || keptOut(r) != nil
}

// seen holds what stands in an Admission already, in one spelling: many instances with a list each are not compared with one another.
type seen map[string]bool

func (s seen) first(kind, text string) bool {
	text = kind + text
	was := s[text]
	s[text] = true
	return !was
}

// add adds what one instance restricts.
func (a *Admission) add(r *dialect.Rule, known seen) {
	policy, strip := &r.Policy, r.Options.Strip
	a.HTTPS, a.PreferHTTPS = a.HTTPS || policy.TLS.Redirect, a.PreferHTTPS || policy.TLS.Prefer
	a.addClientCA(policy.TLS.Client)
	if len(policy.Allow) > 0 && known.first("allow ", spelling(policy.Allow)) {
		a.Allow = append(a.Allow, policy.Allow)
	}
	// The address that is believed was in them already, or it would be another route: what else the request claims has to be, too.
	if list := clients(r); list != nil && known.first("allow ", spelling(list)) {
		a.Allow = append(a.Allow, list)
	}
	for _, p := range slices.Concat(policy.Deny, keptOut(r)) { // likewise
		if known.first("deny ", p.String()) {
			a.Deny = append(a.Deny, p)
		}
	}
	if a.Redirect == nil && policy.Redirect != nil {
		a.Redirect = &Redirect{Redirect: policy.Redirect, Strip: strip}
	}
	if strip != "" && known.first("strip ", strip) {
		a.Strips = append(a.Strips, strip)
	}
	if o := &r.Options; o.Replace != nil && known.first("replace ", o.Strip+" "+o.Prepend+" "+o.Replace.Text) {
		a.Replacements = append(a.Replacements, o)
	}
}

// addClientCA adds a set of authorities; one that somebody requires is not optional.
func (a *Admission) addClientCA(c dialect.ClientCA) {
	for i := range a.ClientCAs {
		if of := &a.ClientCAs[i]; of.Name == c.Name {
			of.Optional = of.Optional && c.Optional
			return
		}
	}
	if c.Name != "" {
		a.ClientCAs = append(a.ClientCAs, c)
	}
}

// clients are the networks that a rule's clients have to be in; nil is any.
func clients(r *dialect.Rule) []netip.Prefix {
	if c := r.Match.Conditions; c != nil {
		return c.Clients
	}
	return nil
}

// keptOut are the networks that a rule's clients must not be in.
func keptOut(r *dialect.Rule) []netip.Prefix {
	if c := r.Match.Conditions; c != nil {
		return c.NotClients
	}
	return nil
}

// spelling is the one text of all lists that hold the same.
func spelling(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ",")
}
