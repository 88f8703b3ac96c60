package routing

import (
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
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
	missing []missing
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
func (r *Route) addSets(o *Options, find func(dialect.ServiceName) *claimant, old *Route) {
	if r.Closed || find == nil {
		return
	}
	t := &r.Rules[0].Policy.Tries
	if t.Failover != "" {
		r.addFailover(o, find, old)
	}
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
func (r *Route) addOn(o *Options, find func(dialect.ServiceName) *claimant, old *Route) {
	t := &r.Rules[0].Policy.Tries
	on := &On{Intercept: t.Intercept}
	for _, one := range t.On {
		c := OnCase{On: one}
		if one.Service.Name != "" {
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
func (r *Route) newSet(o *Options, find func(dialect.ServiceName) *claimant, name dialect.ServiceName, old *Route) Set {
	s := Set{Service: label(name.String()), name: name.String()}
	if of := r.serving(o, find, name); of != nil {
		s.Members = r.membersOf(o, of, func(_ *discovery.Instance, now *standing) (*dialect.Rule, bool) {
			return firstOf(now.rules), !now.restricted() || r.claims[0].operator
		})
		s.missing = o.missingOf(of)
	}
	r.finish(o, &s, old)
	return s
}

// serving is a service that a set is made of, if it has instances that may serve; else nil, and it is noted why.
func (r *Route) serving(o *Options, find func(dialect.ServiceName) *claimant, name dialect.ServiceName) *claimant {
	of := find(name)
	r.named = append(r.named, named{name, of})
	text := "service:" + escaped(name.String())
	switch {
	case o.isThis(name) || name.Name == catalogueService && !r.claims[0].operator:
		r.note(text + " gets no requests of other routes")
	case of == nil:
		r.note(text + " is not in the catalogue")
	case of.block != nil && of.block.Missing != "":
		r.note(text + " has no instances: " + of.block.Missing)
	case of.block != nil && name.Datacenter != "" && len(of.block.Instances) == 0:
		r.note(text + " is not in the catalogue")
	case of.block != nil:
		return of
	}
	return nil
}

func firstOf(rules []*dialect.Rule) *dialect.Rule {
	if len(rules) == 0 {
		return nil
	}
	return rules[0]
}

// finish gives a set its weights, its lane and its picker.
func (r *Route) finish(o *Options, s *Set, old *Route) {
	setWeights(s.Members)
	for i := range s.Members {
		s.Members[i].Index = i
		r.Blocking = r.Blocking || s.Members[i].Rule.Options.TLS
	}
	if old != nil {
		if i := slices.IndexFunc(old.Sets, func(o Set) bool { return o.name == s.name }); i >= 0 {
			s.Lane = old.Sets[i].Lane
		}
	}
	if s.Lane == nil {
		s.Lane = balancer.NewLane()
	}
	chooser, asked := r.chooser(o)
	s.picker = pickerOf(o.zoned(chooser, s.Members, s.missing...), s.Members, s.Lane, asked.Method == dialect.MethodHash)
}

// membersOf are the instances of another service that may serve the route: not one that restricts who may use it where that would lead past
// the restriction, which is the operator's affair alone. allows says so, and which rule of the instance's own counts, nil being none.
func (r *Route) membersOf(o *Options, of *claimant, allows func(*discovery.Instance, *standing) (*dialect.Rule, bool)) (out []Member) {
	rules := map[*dialect.Rule]*dialect.Rule{}
	for i := range of.block.Instances {
		in, now := &of.block.Instances[i], (*standing)(nil)
		if i < len(of.standing) {
			now = &of.standing[i]
		}
		if now == nil || now.upstream == nil || now.foreign || !in.Usable() {
			continue
		}
		own, ok := allows(in, now)
		if !ok {
			r.note("an instance of service:" + escaped(of.text()) + " restricts who may use its own routes: it is not used here")
			continue
		}
		if slices.ContainsFunc(out, func(m Member) bool { return m.Upstream == now.upstream }) {
			continue
		}
		if protocol := otherProtocol(in); own == nil && protocol != "" {
			r.note("an instance of service:" + escaped(of.text()) + " is not used: " + protocol)
			continue
		}
		if rules[own] == nil {
			rules[own] = r.ruleOf(own)
		}
		rule := rules[own]
		out = append(out, Member{Upstream: now.upstream, Way: now.upstream.Way(o.wayKey(&rule.Options)), Instance: in, Rule: rule})
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
