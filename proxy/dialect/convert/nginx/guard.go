package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// otherSpellings are paths that nginx takes for others before it looks for a location, and the proxy does not: with letters that are encoded
// without need, an encoded slash, or two slashes in a row.
const otherSpellings = `//|%(2[dDeEfF]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|[57][eEfF])`

// guard is a route that takes such paths, where one of the host's routes restricts more than another one that serves something: so no other spelling
// of a path goes past a restriction. It is nil where there is none.
func (a *at) guard(list []*convert.Route) *convert.Route {
	strict := func(open *convert.Route) bool {
		has := restrictions(open)
		return slices.ContainsFunc(list, func(r *convert.Route) bool {
			return !a.empty[r] && slices.ContainsFunc(restrictions(r), func(w string) bool { return !slices.Contains(has, w) })
		})
	}
	if !slices.ContainsFunc(list, func(r *convert.Route) bool { return (len(r.Servers) > 0 || r.Has("files")) && strict(r) }) {
		return nil
	}
	a.step = step{position: position{path: "/"}}
	r := a.route()
	if err := r.Add("path-regexp", otherSpellings); err != nil {
		return nil
	}
	r.CloseAsBad()
	a.tellGuard()
	for _, o := range list {
		if len(o.Servers) > 0 {
			r.Carriers = o.Servers
		}
	}
	return r
}

// tellGuard reports the guard at the line of the server, or, of a part of one, at its first location.
func (a *at) tellGuard() {
	d := a.s.d
	if d == nil && len(a.s.locations) > 0 {
		d = a.s.locations[0].d
	}
	if d != nil {
		d.partly("since some of its paths are restricted, paths with // or with letters that are encoded without need get 400 ("+convert.Shown("path-regexp="+otherSpellings)+"): nginx takes them for others, and they would go past the restriction",
			"remove that line only where no instance takes such paths for others")
	}
}

// restrictions are the words of a route that say who may use it.
func restrictions(r *convert.Route) (out []string) {
	for _, w := range r.Words {
		if requests, _ := dialect.Concerns(w.Name); dialect.Restriction(w.Name) && !requests || w.Name == "respond" && strings.HasPrefix(w.Value, "4") || w.Name == "respond" && w.Value == "503" {
			out = append(out, w.Name+"="+w.Value)
		}
	}
	slices.Sort(out)
	return out
}
