package nginx

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// position is one path where a server looks for its locations: nginx takes the longest text that a path begins with, then the first of the regular
// expressions that are tried there, then the location of the text.
type position struct {
	path    string // encoded, as in lines
	exact   bool
	of      *location // nil for the server itself
	regexps []*location
}

// positions are those of a server. There is always one for /, which takes what no location does.
func (s *server) positions() []position {
	all := flat(s.locations, regexps(s.locations), nil, nil)
	if !slices.ContainsFunc(all, func(p position) bool { return p.path == "/" && !p.exact }) {
		all = append(all, position{path: "/", regexps: regexps(s.locations)})
	}
	return all
}

// flat are the positions of one level and those inside of it. same are the expressions of the level, which locations with ^~ pass over, and around
// those of the levels around it, which are tried after them; outer are the locations of the levels around it, of which longer ones hide those inside
// of others.
func flat(list, same, around, outer []*location) (out []position) {
	for _, l := range list {
		if l.regexp() || l.sign == "@" || l.bad != "" {
			continue
		}
		p := position{path: encoded(l.text), exact: l.sign == "=", of: l}
		if hidden(l, outer) {
			l.d.implied("a longer location outside of it takes its requests")
			continue
		}
		if !p.exact {
			own, tried := regexps(l.in), around
			if l.sign != "^~" {
				tried = slices.Concat(same, around)
			}
			p.regexps = slices.Concat(own, tried)
			others := slices.DeleteFunc(slices.Clone(list), func(o *location) bool { return o == l })
			out = append(out, flat(l.in, own, tried, append(others, outer...))...)
		}
		out = append(out, p)
	}
	return out
}

// hidden says whether one of the locations outside has a text that is longer than that of the location around l, and l's begins with.
func hidden(l *location, outer []*location) bool {
	return l.up != nil && slices.ContainsFunc(outer, func(o *location) bool {
		return !o.regexp() && o.sign != "@" && o.sign != "=" && len(o.text) > len(l.up.text) && strings.HasPrefix(o.text, l.up.text) && strings.HasPrefix(l.text, o.text)
	})
}

// encoded is a text of a location as a path of a line: nginx compares decoded paths.
func encoded(path string) string {
	return dialect.EscapePath(strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23").Replace(path))
}

// step is one route to be tried: a location, at a path, with an expression where it has one.
type step struct {
	position
	// regexp is the location of the expression; nil for the position's own.
	regexp *location
	// ranked says that it needs a priority: where it stands, paths alone do not order it.
	ranked bool
}

// same says whether two steps take the same requests.
func (s step) same(o step) bool {
	if s.path != o.path || s.exact != o.exact || (s.regexp == nil) != (o.regexp == nil) {
		return false
	}
	return s.regexp == nil || s.regexp.expression() == o.regexp.expression()
}

// maxCopies bounds how many times locations with an expression are repeated for the paths of others, where that saves priorities.
const maxCopies = 16

// steps are the routes of a server in the order in which nginx would try them. Without varied, no location has routes with conditions of their own.
func (s *server) steps(varied bool) (out []step) {
	all := s.positions()
	slices.SortStableFunc(all, func(a, b position) int {
		if a.exact != b.exact {
			return cmp.Compare(btoi(b.exact), btoi(a.exact))
		}
		return len(b.path) - len(a.path)
	})
	outer := regexps(s.locations)
	copies, single := 0, true
	for _, p := range all {
		copies += len(p.regexps)
		single = single && len(p.regexps) <= 1
	}
	if single && copies <= maxCopies && (!varied || copies == 0) { // the order of paths and conditions is enough
		for _, p := range all {
			for _, r := range p.regexps {
				out = append(out, step{position: p, regexp: r})
			}
			out = append(out, step{position: p})
		}
		return out
	}
	var special []position // those before the expressions of the server
	isSpecial := func(p position) bool {
		return p.exact || !slices.Equal(p.regexps, outer) || slices.ContainsFunc(special, func(o position) bool { return !o.exact && strings.HasPrefix(p.path, o.path) })
	}
	for i := len(all) - 1; i >= 0; i-- { // the shortest first
		if isSpecial(all[i]) {
			special = append(special, all[i])
		}
	}
	for _, p := range all {
		if slices.ContainsFunc(special, p.alike) {
			for _, r := range p.regexps {
				out = append(out, step{position: p, regexp: r, ranked: true})
			}
			out = append(out, step{position: p, ranked: true})
		}
	}
	for _, r := range outer {
		out = append(out, step{position: position{path: "/"}, regexp: r, ranked: true})
	}
	for _, p := range all {
		if !slices.ContainsFunc(special, p.alike) {
			out = append(out, step{position: p})
		}
	}
	return out
}

func (p position) alike(o position) bool { return p.path == o.path && p.exact == o.exact }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
