package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// readings is what the languages and the table of routes make of instances, as in a proxy.
type readings struct {
	options routing.Options
	table   *routing.Table
	read    map[string][]reading // by the instance's ID
}

// reading is what became of the tags of one instance.
type reading struct {
	in     *discovery.Instance
	result dialect.Result
}

// newReadings builds the table of a snapshot.
func newReadings(o routing.Options, view *discovery.Snapshot) *readings {
	r := &readings{options: o, read: map[string][]reading{}}
	o.Read = func(in *discovery.Instance, result dialect.Result) {
		r.read[in.ID] = append(r.read[in.ID], reading{in, result})
	}
	r.table = routing.NewTable(o).Next(view)
	return r
}

// tell adds to a service's results what was said of its instances, and of the services of the catalogue that they are.
func (r *readings) tell(s *member) {
	names := map[string]bool{}
	for _, id := range s.ids {
		for _, one := range r.read[id] {
			names[one.in.Service] = true
			s.reading(one)
		}
	}
	for _, v := range slices.Concat(r.table.Verdicts(), r.table.Conflicts()) {
		own := slices.ContainsFunc(s.ids, func(id string) bool { return dialect.Source(id) == v.Instance || id == v.Instance })
		if !own && !(v.Instance == "" && names[v.Service]) || r.isRead(v) {
			continue
		}
		if v.Holder != "" {
			v.Reason = besides(v) + v.Holder + ": " + v.Reason
		}
		s.about(v.Verdict, s.find)
	}
}

// besides says what a route has to do with that of its holder: one that is served as it was written is no conflict.
func besides(v routing.Verdict) string {
	if v.Kind == dialect.VerdictUsed {
		return "on one host with "
	}
	return "conflict with "
}

// reading adds the routes of one instance, and what was said of its tags.
func (s *member) reading(one reading) {
	for _, rule := range one.result.Rules {
		line := dialect.Printable(rule.Line())
		for _, source := range rule.Sources {
			if l := s.find(source); l != nil {
				l.line(line)
			}
		}
		route := Route{Line: line, Name: one.in.Service, ContainerPort: one.in.ContainerPort(), Closed: rule.Policy.Closed}
		if !slices.Contains(s.Routes, route) {
			s.Routes = append(s.Routes, route)
		}
	}
	for _, v := range one.result.Verdicts {
		s.about(v, s.find)
	}
}

// about adds a verdict to each of the tags that it is about.
func (s *ServiceReport) about(v dialect.Verdict, find func(source string) *Result) {
	told := false
	for _, source := range v.Sources {
		if l := find(source); l != nil {
			l.say(v)
			told = true
		}
	}
	if told || v.Kind == dialect.VerdictUsed {
		return
	}
	whole := cmp.Or(strings.Join(v.Sources, ", "), s.Service)
	for _, l := range s.Results {
		if l.Kind == "service" && l.Source == whole {
			l.say(v)
			return
		}
	}
	l := &Result{Kind: "service", Source: whole}
	l.say(v)
	s.Results = append(s.Results, l)
}

// isRead says whether a verdict of the table is one of those that the languages gave.
func (r *readings) isRead(v routing.Verdict) bool {
	for _, list := range r.read {
		for _, one := range list {
			if slices.ContainsFunc(one.result.Verdicts, func(o dialect.Verdict) bool {
				return o.Kind == v.Kind && o.Reason == v.Reason && slices.Equal(o.Sources, v.Sources)
			}) {
				return true
			}
		}
	}
	return false
}

// unasked adds the routes that no tag asks for.
func (r *readings) unasked(report *Report) {
	for _, route := range r.table.Routes() {
		rule := route.Rules[0]
		if !route.Default && !rule.Unasked {
			continue
		}
		line := dialect.Printable(rule.Line())
		if route.Default {
			line = "(what no route claims)"
		}
		report.Notes = append(report.Notes, fmt.Sprintf("route that no label asks for: %s leads to %s", line, dialect.Printable(route.Name)))
	}
}
