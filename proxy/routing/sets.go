package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Set are the instances of a service that serve a route where those before them can't. Frozen with its Route.
type Set struct {
	// Service is the name of the service, made fit for people.
	Service string
	// Members have an Index of their own, for a balancer.Tried of their own.
	Members []Member
	Lane    *balancer.Lane
	name    string
	picker  balancer.Picker
}

// Pick is as Route.Pick, among the set's members.
func (s *Set) Pick(w balancer.Want) (*Member, bool) {
	i, ok := s.picker.Pick(w)
	if !ok {
		return nil, false
	}
	return &s.Members[i], true
}

// addSets adds the sets that the rule which decides the route names: those to fall back to, in their order, and those of its on=.
func (r *Route) addSets(o *Options, find func(name string) *claimant, old *Route) {
	if r.Closed || find == nil {
		return
	}
	t := &r.Rules[0].Policy.Tries
	for _, name := range t.Fallback {
		r.Sets = append(r.Sets, r.newSet(o, find, name, old))
	}
	r.Fallbacks = len(r.Sets)
	if len(t.On) > 0 {
		r.addOn(o, find, old)
	}
	if len(r.Sets) > 0 {
		r.restrict()
	}
}

// addOn adds what takes the place of errors.
func (r *Route) addOn(o *Options, find func(name string) *claimant, old *Route) {
	t := &r.Rules[0].Policy.Tries
	on := &On{Intercept: t.Intercept}
	for _, one := range t.On {
		c := OnCase{On: one}
		if one.Service != "" {
			r.Sets = append(r.Sets, r.newSet(o, find, one.Service, old))
			c.Set = len(r.Sets)
		}
		on.Cases = append(on.Cases, c)
	}
	r.On = on
}

// restrict has all that the instances of a route restrict hold, also while none of them serves: others do in their place.
func (r *Route) restrict() {
	for _, c := range r.claims {
		for _, rule := range c.restricts {
			if !slices.Contains(r.Rules, rule) {
				r.Rules = append(r.Rules, rule)
			}
		}
	}
}

// restrained are the members whose rules restrict the route: for a route with sets also those that serve no more.
func (r *Route) restrained() []Member {
	out := slices.Clip(r.Members)
	for _, c := range r.claims {
		if len(r.Sets) == 0 {
			break
		}
		for _, rule := range append([]*dialect.Rule{c.rule}, c.restricts...) {
			out = append(out, Member{Rule: rule})
		}
	}
	return out
}

// newSet builds the set of a service. Its lane is that which the set had before.
func (r *Route) newSet(o *Options, find func(name string) *claimant, name string, old *Route) Set {
	s := Set{Service: label(name), name: name}
	of := find(name)
	r.named = append(r.named, named{name, of})
	switch {
	case o.isOwn(name) || name == catalogueService && !r.claims[0].operator:
		r.note("service:" + escaped(name) + " gets no requests of other routes")
	case of == nil:
		r.note("service:" + escaped(name) + " is not in the catalogue")
	case of.block != nil:
		s.Members = r.membersOf(of)
	}
	setWeights(s.Members)
	for i := range s.Members {
		s.Members[i].Index = i
		r.Blocking = r.Blocking || s.Members[i].Rule.Options.TLS
	}
	if old != nil {
		if i := slices.IndexFunc(old.Sets, func(o Set) bool { return o.name == name }); i >= 0 {
			s.Lane = old.Sets[i].Lane
		}
	}
	if s.Lane == nil {
		s.Lane = balancer.NewLane()
	}
	chooser, asked := r.chooser(o)
	s.picker = pickerOf(chooser, s.Members, s.Lane, asked.Method == dialect.MethodHash)
	return s
}

// membersOf are the instances of another service that may serve the route: not one that restricts who may use it, as that would lead past
// the restriction, which is the operator's affair alone.
func (r *Route) membersOf(of *claimant) (out []Member) {
	rules := map[*dialect.Rule]*dialect.Rule{}
	for i := range of.block.Instances {
		in, now := &of.block.Instances[i], (*standing)(nil)
		if i < len(of.standing) {
			now = &of.standing[i]
		}
		if now == nil || now.upstream == nil || now.foreign || !in.Usable() {
			continue
		}
		if now.restricted() && !r.claims[0].operator {
			r.note("an instance of service:" + escaped(of.name) + " restricts who may use its own routes: it is not used here")
			continue
		}
		if slices.ContainsFunc(out, func(m Member) bool { return m.Upstream == now.upstream }) {
			continue
		}
		var own *dialect.Rule
		if len(now.rules) > 0 {
			own = now.rules[0]
		} else if protocol := otherProtocol(in); protocol != "" {
			r.note("an instance of service:" + escaped(of.name) + " is not used: " + protocol)
			continue
		}
		if rules[own] == nil {
			rules[own] = r.ruleOf(own)
		}
		rule := rules[own]
		out = append(out, Member{Upstream: now.upstream, Way: now.upstream.Way(wayKey(&rule.Options)), Instance: in, Rule: rule})
	}
	return out
}

// ruleOf is how an instance of another service is asked: the path and host are the route's affair, and all else is as its own first rule, if
// it has one, says.
func (r *Route) ruleOf(own *dialect.Rule) *dialect.Rule {
	decides := r.Rules[0]
	rule := &dialect.Rule{Language: decides.Language, Name: decides.Name, Sources: decides.Sources, Match: decides.Match, Unasked: own == nil}
	if own != nil {
		rule.Options = own.Options
	}
	to, from := &rule.Options, &decides.Options
	to.Strip, to.Replace, to.Prepend, to.KeepLocation = from.Strip, from.Replace, from.Prepend, from.KeepLocation
	to.Host, to.HostDst = from.Host, from.HostDst
	return rule
}

// note tells what of the sets is not as the rule asks.
func (r *Route) note(reason string) {
	rule := r.Rules[0]
	v := Verdict{Service: r.Name, Verdict: dialect.Verdict{Kind: dialect.VerdictPartly, Rule: rule.Name, Sources: rule.Sources, Reason: reason}}
	if !slices.ContainsFunc(r.notes, v.same) {
		r.notes = append(r.notes, v)
	}
}
