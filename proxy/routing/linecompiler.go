package routing

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// lineCompiler finds where one line leads.
type lineCompiler struct {
	*derivation
	source *source
	*lead
}

func (c *lineCompiler) compile() *lead {
	r, t := c.line.rule, c.source.text
	c.claim = &claim{key: keyOf(&r.Match), rule: r, service: c.source.name, name: lineName(r), operator: t.Kind == discovery.TextFile}
	switch {
	case r.Asks() == "": // it decides nothing
		c.claim.since = math.MaxUint64
	case t.Kind == discovery.TextKV:
		c.claim.since = t.Index
	}
	if r.Policy.Closed {
		c.claim.closed, c.claim.shut = true, t.Kind == discovery.TextFile
		return c.lead
	}
	for _, name := range r.Options.Upstream.Services {
		c.service(name)
	}
	for _, to := range r.Options.Upstream.To {
		c.destination(to)
	}
	return c.lead
}

// lineName is what a line's route is called: the first that it leads to, else what it matches.
func lineName(r *dialect.Rule) string {
	switch u := &r.Options.Upstream; {
	case len(u.Services) > 0:
		return u.Services[0].String()
	case len(u.To) > 0:
		return u.To[0].String()
	}
	return r.Name
}

// nameOf is the name of a route over claims: the first service's, else that of the first line.
func nameOf(claims []*claim) string {
	for _, c := range claims {
		if c.name == "" {
			return label(c.service)
		}
	}
	return label(claims[0].name)
}

// service adds the usable instances of a service of the catalogue.
func (c *lineCompiler) service(name dialect.ServiceName) {
	of := c.find(name)
	operator := c.source.text.Kind == discovery.TextFile
	text := quoted(name.String())
	switch {
	case c.next.options.isThis(name):
		c.tell("service=%s is this proxy", text)
		return
	case name.Name == catalogueService && !operator:
		c.tell("service=%s is the catalogue itself: only the operator leads there", text)
		return
	case of == nil || of.block != nil && of.block.Missing == "" && name.Datacenter != "" && len(of.block.Instances) == 0:
		c.tellBriefly("service=%s is not in the catalogue", text)
		return
	case of.block != nil && of.block.Missing != "":
		c.tell("service=%s has no instances: %s", text, of.block.Missing)
		return
	case of.block == nil:
		return
	}
	for i := range of.block.Instances {
		in, s := &of.block.Instances[i], &of.standing[i]
		c.claim.missing = c.next.options.misses(c.claim.missing, in, s, c.line.rule.Options.Balance.Backup)
		if s.upstream == nil || s.foreign || !in.Usable() {
			continue
		}
		if !operator && s.restricted() {
			c.tell("an instance of service=%s restricts who may use its own routes: only the operator leads past that", text)
			continue
		}
		c.add(Member{Upstream: s.upstream, Instance: in})
	}
}

// destination adds what an address, a name or a socket leads to.
func (c *lineCompiler) destination(to dialect.Destination) {
	called := to.String()
	switch {
	case to.Socket != "":
		c.add(Member{Upstream: c.fixedUpstream(fixedKey{called, called}), Authority: "localhost"})
		return
	case to.Host == "":
		c.address(called, to.Address, to.Port, "")
		return
	}
	name := c.names[to.Host]
	if c.hosts == nil {
		c.hosts = map[string]*discovery.Name{}
	}
	c.hosts[to.Host] = name
	if name == nil || len(name.Addresses) == 0 {
		c.tellBriefly("to=%s has no address", quoted(called))
		return
	}
	for _, ip := range name.Addresses {
		c.address(called, ip, to.Port, called)
	}
}

// address adds one address, if it may be dialled.
func (c *lineCompiler) address(called string, ip netip.Addr, port uint16, authority string) {
	at := netip.AddrPortFrom(ip, port)
	gate := &c.next.options.Gate
	if c.registered(at) {
		return
	}
	err := gate.Check(at)
	if c.source.text.Kind != discovery.TextFile {
		err = gate.CheckNamed(at)
	}
	if err != nil {
		c.tell("to=%s: %s", quoted(called), err)
		return
	}
	c.add(Member{Upstream: c.fixedUpstream(fixedKey{called, at.String()}), Authority: authority})
}

// registered adds the instance at an address of the service that the line names for it, and says whether there is one. It counts as any instance
// that a line leads to: where it is not usable, the line leads nowhere.
func (c *lineCompiler) registered(at netip.AddrPort) bool {
	name := c.line.rule.Options.Upstream.Of
	if name.Name == "" {
		return false
	}
	of := c.find(name)
	if of == nil || of.block == nil || c.next.options.isThis(name) || name.Name == catalogueService {
		return false
	}
	found := false
	for i := range of.block.Instances {
		in, s := &of.block.Instances[i], &of.standing[i]
		if addressOf(in) != at {
			continue
		}
		found = true
		switch {
		case s.upstream == nil, s.foreign, !in.Usable():
		case s.restricted():
			c.tell("the instance of service=%s restricts who may use its own routes: only the operator leads past that", quoted(name.String()))
		default:
			c.add(Member{Upstream: s.upstream, Instance: in})
		}
	}
	return found
}

// find finds a service of the catalogue, and notes that the line depends on it.
func (c *lineCompiler) find(name dialect.ServiceName) *claimant {
	of := c.next.find(name)
	if c.services == nil {
		c.services = map[dialect.ServiceName]*claimant{}
	}
	c.services[name] = of
	return of
}

func (c *lineCompiler) fixedUpstream(key fixedKey) *balancer.Upstream {
	c.fixed = append(c.fixed, key)
	return c.upstream(key)
}

// add makes a member of the claim, unless the same address is one already.
func (c *lineCompiler) add(m Member) {
	m.Rule = c.line.rule
	key := c.next.options.wayKey(&m.Rule.Options)
	if key.TLS && key.ServerName == "" && m.Authority != "" {
		key.ServerName = http1.HostOnly(m.Authority)
	}
	if slices.ContainsFunc(c.claim.members, func(o Member) bool { return o.Upstream == m.Upstream }) {
		return
	}
	m.Way = m.Upstream.Way(key)
	c.ways = append(c.ways, m.Way)
	c.claim.members = append(c.claim.members, m)
}

// tell says what part of the line is not in effect.
func (c *lineCompiler) tell(format string, args ...any) {
	c.say(fmt.Sprintf(format, args...), false)
}

// tellBriefly is tell for what the next snapshot may bring.
func (c *lineCompiler) tellBriefly(format string, args ...any) {
	c.say(fmt.Sprintf(format, args...), true)
}

func (c *lineCompiler) say(reason string, brief bool) {
	v := dialect.Verdict{Kind: dialect.VerdictPartly, Rule: c.line.rule.Name, Sources: c.line.rule.Sources, Reason: reason}
	before := len(c.verdicts)
	c.verdicts = c.source.tell(c.verdicts, c.line.number, v)
	for i := range c.verdicts[before:] {
		c.verdicts[before+i].brief = brief
	}
}
