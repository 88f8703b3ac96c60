package haproxy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// maxRoutes bounds the result.
const maxRoutes = 4096

// maxHosts bounds how many hosts the rules may name.
const maxHosts = 512

// routes adds those of a frontend.
func (r *reader) routes(f *frontend) {
	steps := r.stepsOf(f.section, false)
	hosts := r.hosts(steps)
	listeners := []*listener{nil}
	if f.redirects {
		listeners = []*listener{{tls: true, port: "443"}}
	} else if r.asksListener(steps, map[*section]bool{}) || len(r.public) > 1 {
		listeners = f.listeners
	}
	for _, l := range listeners {
		for _, h := range hosts {
			c := compiler{r: r}
			if r.walking += 1; r.walking > maxHosts*2 {
				c.over = true
			}
			why := f.why
			if why == "" {
				why = r.broken
			}
			if why == "" && !c.over {
				c.run(steps, context{host: h, listener: l}, nil)
			}
			if c.over || len(r.result.Routes) > maxRoutes {
				why = "the rules of " + f.described() + " are more than 256 cases for a host"
				f.head.remark.Mark(convert.Unsupported, why+": nobody is let in", "")
			}
			if why != "" {
				c.leaves = []leaf{{context: context{host: h, listener: l}, act: act{kind: actClose, why: why}}}
			}
			if f.redirects {
				for i := range c.leaves {
					c.leaves[i].listener = nil
				}
			}
			r.add(f, c.leaves)
		}
	}
}

// hosts are those that any rule names, and at the end the rest.
func (r *reader) hosts(steps []step) (out []atom) {
	seen := map[string]bool{}
	visited := map[*section]bool{}
	var walk func(steps []step)
	walk = func(steps []step) {
		for _, s := range steps {
			for _, l := range s.con {
				if g := l.hostGlob(); l.kind == kindHost && !seen[g] {
					seen[g] = true
					out = append(out, l.atom)
				}
			}
			if to := s.act.to; s.act.kind == actUse && !visited[to] {
				visited[to] = true
				walk(r.stepsOf(to, true))
			}
		}
	}
	walk(steps)
	if len(out) > maxHosts {
		r.broken = "the rules name more than 512 hosts"
		out = nil
	}
	return append(out, atom{})
}

// asksListener says whether any rule is about the listener.
func (r *reader) asksListener(steps []step, visited map[*section]bool) bool {
	return slices.ContainsFunc(steps, func(s step) bool {
		if slices.ContainsFunc(s.con, func(l literal) bool { return l.kind == kindListener }) {
			return true
		}
		if s.act.kind != actUse || visited[s.act.to] {
			return false
		}
		visited[s.act.to] = true
		return r.asksListener(r.stepsOf(s.act.to, true), visited)
	})
}

// add makes routes of the leaves for one host and listener, in an order in which the proxy tries them as HAProxy does.
func (r *reader) add(f *frontend, leaves []leaf) {
	// Where HAProxy has no backend it answers 503; nothing has to be said of requests for any host.
	if n := len(leaves); n > 0 && leaves[n-1].host.kind == kindUnknown && len(leaves[n-1].atoms) == 0 && strings.HasPrefix(leaves[n-1].act.why, "no backend") {
		leaves = leaves[:n-1]
	}
	if !r.spend(len(leaves) * len(leaves)) {
		leaves = needed(leaves)
	}
	routes := make([]*convert.Route, len(leaves))
	for i := range leaves {
		routes[i] = r.route(f, &leaves[i])
	}
	if r.spend(len(leaves)*len(leaves)) || !ordered(leaves, routes) {
		for i, route := range routes {
			if p := len(routes) - 1 - i; p > 0 && !route.Has("priority") {
				closed := route.Closed()
				if closed {
					route.Words = slices.Insert(route.Words, len(route.Words)-1, convert.Word{Name: "priority", Value: strconv.Itoa(p)})
				} else {
					route.Words = append(route.Words, convert.Word{Name: "priority", Value: strconv.Itoa(p)})
				}
			}
		}
	}
	r.result.Routes = append(r.result.Routes, routes...)
}

// ordered says whether routes that may take the same requests are tried in their order without priorities.
func ordered(leaves []leaf, routes []*convert.Route) bool {
	for i := range routes {
		for j := i + 1; j < len(routes); j++ {
			if !leaves[i].apart(leaves[j].context) && !before(routes[i], routes[j]) {
				return false
			}
		}
	}
	return true
}

// before says whether a is tried before b, both of the same host: the longer path, one that is taken alone, more conditions.
func before(a, b *convert.Route) bool {
	x, y := pathOf(a), pathOf(b)
	if len(x) != len(y) {
		return len(x) > len(y)
	}
	return conditions(a) > conditions(b)
}

func pathOf(r *convert.Route) string { return r.Source[strings.IndexByte(r.Source, '/'):] }

// conditions counts those of a route; a path that is taken alone counts more than all of them.
func conditions(r *convert.Route) (n int) {
	for _, w := range r.Words {
		switch {
		case w.Name == "path" && w.Value == "exact":
			n += 1000
		case w.Name != "path" && w.Name != "priority":
			if requests, _ := dialect.Concerns(w.Name); requests {
				n++
			}
		}
	}
	return n
}

// needed are the leaves without those whose requests would end in the same way without them.
func needed(leaves []leaf) (out []leaf) {
	for i := len(leaves) - 1; i >= 0; i-- {
		if !spare(&leaves[i], out) {
			out = append([]leaf{leaves[i]}, out...)
		}
	}
	return out
}

func spare(l *leaf, after []leaf) bool {
	for i := range after {
		a := &after[i]
		switch {
		case l.apart(a.context):
		case l.act.kind != actServers || a.act.kind != actServers || l.act.to != a.act.to || len(l.effects)+len(a.effects) > 0:
			return false
		case a.covers(l.context):
			return true
		}
	}
	return false
}
