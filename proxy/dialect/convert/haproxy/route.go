package haproxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// route is a leaf as one.
func (r *reader) route(f *frontend, l *leaf) *convert.Route {
	route, why := matching(l)
	if l.listener != nil {
		route.Words = append(route.Words, convert.Word{Name: "listener", Value: l.listener.name})
	}
	if why != "" {
		f.head.remark.Mark(convert.Partly, why+": such requests are refused", "")
		route.Close()
		return route
	}
	switch l.act.kind {
	case actRespond:
		value := fmt.Sprint(l.act.status)
		if l.act.text != "" {
			value += "," + l.act.text
		}
		add(route, l.remark, convert.Word{Name: "respond", Value: value}, true)
	case actRedirect:
		add(route, l.remark, convert.Word{Name: "redirect", Value: fmt.Sprintf("%d,%s", l.act.status, l.act.text)}, true)
	case actServers:
		r.serve(f, route, l.act.to)
	default:
		route.Close()
	}
	apply(route, l)
	return route
}

// apply adds what the rules on the way to a leaf have changed.
func apply(route *convert.Route, l *leaf) {
	changes := 0
	for _, e := range l.effects {
		if !e.restricts && l.act.kind != actServers || route.Closed() {
			continue
		}
		words := []convert.Word{e.word}
		if e.path != nil {
			words = e.path.words(l.context)
			changes += len(words)
		}
		if changes > 1 && e.path != nil && len(words) > 0 {
			e.remark.Mark(convert.Unsupported, "the path is changed more than once: the route is refused", "write it as one change")
			route.Close()
			return
		}
		for _, w := range words {
			add(route, e.remark, w, e.restricts || e.path != nil)
		}
	}
}

// add adds an option. What restricts, and can't be read, closes the route.
func add(route *convert.Route, m *convert.Remark, w convert.Word, restricts bool) {
	set := route.Set
	if restricts && dialect.Restriction(w.Name) || strings.HasSuffix(w.Name, "-header") || w.Name == "on" {
		set = route.Add
	}
	err := set(w.Name, w.Value)
	switch {
	case err == nil:
	case restricts:
		m.Mark(convert.Unsupported, err.Error()+": the route is refused", "")
		route.Close()
	default:
		m.Mark(convert.Unsupported, err.Error(), "")
	}
}

// serve leads a route to the servers of a section.
func (r *reader) serve(f *frontend, route *convert.Route, to *section) {
	set := r.settings[to]
	for i := range set.servers {
		s := &set.servers[i]
		if s.closed != "" || set.disabled {
			continue
		}
		if words, ok := s.fit(set); ok {
			one := s.Server
			one.Words = words
			route.Servers = append(route.Servers, one)
		}
	}
	if len(route.Servers) == 0 {
		to.head.remark.Mark(convert.Partly, "it has no server that takes requests", "")
		route.Close()
		return
	}
	m := to.head.remark
	for _, w := range append([]convert.Word{set.balance, set.sticky}, append(set.compress, set.on...)...) {
		if w.Name != "" && (w.Name != "balance" || w.Value != "round-robin") {
			add(route, m, w, false)
		}
	}
	base := r.base()
	for _, t := range []struct{ of, option string }{{"connect", "connect-timeout"}, {"server", "answer-timeout"}, {"server", "progress-timeout"}} {
		if d := set.timeouts[t.of]; d > 0 && d != base[t.of] {
			add(route, m, convert.Word{Name: t.option, Value: written(d)}, false)
		}
	}
}

// fit are the options of a server that can be read. It is false where the server must not be asked without one that can't.
func (s *server) fit(set *settings) (out []convert.Word, ok bool) {
	try := convert.Route{Source: "/", Servers: []convert.Server{{Name: s.Name, Port: s.Port, Catalogue: s.Catalogue}}}
	words := s.Words
	if s.checked && set.check {
		words = append([]convert.Word{{Name: "health-check", Value: set.checkPath}}, words...)
	}
	if err := try.Add("answer-timeout", "1s"); err != nil {
		s.remark.Mark(convert.Unsupported, err.Error()+": it gets no requests", "")
		return nil, false
	}
	try.Words = nil
	alike := set.weight()
	for _, w := range words {
		if w.Name == "weight" && w.Value == alike || w.Name == "health-interval" && !try.Has("health-check") {
			continue
		}
		if err := try.Add(w.Name, w.Value); err != nil {
			if w.Name == "ca" || w.Name == "client-cert" || w.Name == "proto" {
				s.remark.Mark(convert.Unsupported, err.Error()+": it gets no requests", "")
				return nil, false
			}
			s.remark.Mark(convert.Partly, err.Error(), "")
		}
	}
	return try.Words, true
}

// weight is that of all servers, where they have the same.
func (set *settings) weight() (weight string) {
	for i, s := range set.servers {
		own := "1"
		for _, w := range s.Words {
			if w.Name == "weight" {
				own = w.Value
			}
		}
		if i > 0 && own != weight {
			return ""
		}
		weight = own
	}
	return weight
}

// base are the timeouts of the process: those of the first defaults section.
func (r *reader) base() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, s := range r.all {
		for i := range s.own {
			if st := &s.own[i]; s.kind == "defaults" && st.words[0] == "timeout" {
				if d, err := span(st.word(2)); err == nil && d > 0 {
					out[st.word(1)] = d
				}
			}
		}
		if s.kind == "defaults" {
			break
		}
	}
	return out
}
