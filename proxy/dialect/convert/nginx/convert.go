package nginx

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// maxRoutes bounds what a configuration makes, far above what people write.
const maxRoutes = 4000

// at is where routes are made: a server, for some hosts, at a position.
type at struct {
	*converter
	s *server
	h hosts
	step
	// when are options that all of the server's routes have, since a condition of the server lets no other request through.
	when []convert.Word
	// rewrote is the rewrite of the path that is being made a route of.
	rewrote *directive
	// behind are routes that take what the conditions of the server do not let through.
	behind []*convert.Route
	// empty are the routes that only say that there is nothing.
	empty map[*convert.Route]bool
}

// convert makes the routes of a server.
func (c *converter) convert(s *server) {
	s.locations = c.locations(s.scope, nil)
	s.tellBad(s.locations)
	c.certificates(s)
	list := c.splitHosts(s, c.hosts(s))
	if len(list) == 0 {
		why := "no request reaches it: other servers take all hosts of its listeners"
		if s.deaf {
			why = "none of its listeners can be used"
		}
		each(s.scope.directives, func(d *directive) {
			if !d.marked() || d.is("location") {
				d.unfit(why, "")
			}
		})
		if s.d != nil {
			s.d.unfit(why, "")
		}
		return
	}
	for _, h := range list {
		c.host(s, h)
	}
}

// host makes the routes of a server for some hosts.
func (c *converter) host(s *server, h hosts) {
	if len(c.result.Routes) > maxRoutes {
		if s.d != nil {
			s.d.unfit("there are more routes than are made", "")
		}
		return
	}
	a := at{converter: c, s: s, h: h}
	front, whole := a.front()
	var behind []*convert.Route
	var ranked [][]*convert.Route
	if whole {
		behind = front
	} else {
		if len(front) > 0 {
			ranked = append(ranked, front)
		}
		slashes := a.slashes()
		steps := s.steps(varied(s.locations))
		if len(front) > 0 || slices.ContainsFunc(steps, func(st step) bool { return st.ranked }) {
			ranked = append(ranked, slashes)
		} else {
			behind = slashes
		}
		for i, st := range steps {
			a.step = st
			if slices.ContainsFunc(steps[:i], st.same) {
				continue // an expression that was tried at this path before
			}
			if st.exact && slices.ContainsFunc(slashes, func(r *convert.Route) bool { return r.Source == h.source()+st.path }) {
				continue // the redirect is found a level above
			}
			routes := a.routes()
			if st.ranked {
				ranked = append(ranked, routes)
			} else {
				behind = append(behind, routes...)
			}
		}
	}
	behind = append(behind, a.behind...)
	if g := a.guard(append(slices.Concat(ranked...), behind...)); g != nil {
		ranked = append([][]*convert.Route{{g}}, ranked...)
	}
	c.rank(slices.Concat(ranked...))
	for _, r := range append(slices.Concat(ranked...), behind...) {
		if s.shut != "" || c.lost {
			r.Close()
		}
		r.Offered, r.Offer = h.offered != "", h.offered
		c.result.Routes = append(c.result.Routes, r)
	}
}

// rank gives priorities to routes that are tried in this order.
func (c *converter) rank(list []*convert.Route) {
	for i, r := range list {
		r.Words = append(r.Words, convert.Word{Name: "priority", Value: strconv.Itoa(len(list) - i)})
	}
}

// varied says whether a location has routes with conditions of their own.
func varied(list []*location) bool {
	return slices.ContainsFunc(list, func(l *location) bool {
		return len(l.scope.own("if", "limit_except")) > 0 || varied(l.in)
	})
}

func levelsOf(s *scope) []*scope { return []*scope{s} }

// route is an empty one at the position, with what says which requests it takes.
func (a *at) route() *convert.Route {
	r := &convert.Route{Source: a.h.source() + a.path, Words: a.h.words()}
	switch {
	case a.exact:
		r.Words = append(r.Words, convert.Word{Name: "path", Value: "exact"})
	case !strings.HasSuffix(a.path, "/"):
		r.Words = append(r.Words, convert.Word{Name: "path", Value: "prefix"})
	}
	if w := a.listenerWord(a.h.listeners); w != "" {
		r.Words = append(r.Words, convert.Word{Name: "listener", Value: w})
	}
	r.Words = append(r.Words, a.when...)
	return r
}

// routes are those of the position's location.
func (a *at) routes() []*convert.Route {
	r := a.route()
	l := a.location()
	scope := a.s.scope
	if l != nil {
		scope = l.scope
	}
	if a.regexp != nil {
		if err := r.Add("path-regexp", a.regexp.expression()); err != nil {
			a.regexp.bad = err.Error()
			return a.unmatched(r)
		}
	}
	if l != nil && l.regexp() && len(l.in) > 0 {
		l.d.unfit("locations inside of one with a regular expression are not carried over; its routes let nobody in", "")
		r.Close()
		return []*convert.Route{r}
	}
	return a.fill(r, scope, levelsOf(scope))
}

// slashes are the redirects to locations that end in a slash. nginx tries them before any regular expression.
func (a at) slashes() (out []*convert.Route) {
	for _, p := range a.s.positions() {
		a.step = step{position: p}
		if p.of != nil && a.autoRedirect(p.of) {
			out = append(out, a.slash(a.route(), p.of.scope))
		}
	}
	return out
}

// location is the step's; nil for the server itself.
func (a *at) location() *location {
	if a.regexp != nil {
		return a.regexp
	}
	return a.of
}

// unmatched is for a location of which the expression can't be read: where it restricts, nobody is let in where it might be tried.
func (a *at) unmatched(r *convert.Route) []*convert.Route {
	l := a.regexp
	if !restricts(l.d.block) {
		l.d.unfit(l.bad+": its requests go to the other locations", "")
		return nil
	}
	l.d.unfit(l.bad+": since it restricts, the paths where it might be tried let nobody in", "write the expression without what RE2 does not have, as (?!...)")
	r.Close()
	return []*convert.Route{r}
}
