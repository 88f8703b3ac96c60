package routing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Explanation is where a request goes and why, for people.
type Explanation struct {
	// Route is what Match finds; nil where nothing claims the request.
	Route *Route
	// Instances are all of the services that ask for the route, those without requests too, by service, in the catalogue's order.
	Instances []Standing
	// Others are the routes that could have been meant, with why they don't take the request: first those that are tried before Route. More
	// counts those that were left out.
	Others []Other
	More   int
}

// Other is a route that does not take a request. Route is nil where the route is not served.
type Other struct {
	Route *Route
	// Service asks for it; escaped and bounded. Text is host, port and path.
	Service, Text string
	Reason        string
}

// maxOthers is more than anybody reads.
const maxOthers = 30

// Explain says where a request goes, by the match that serves requests, and why no other route takes it. It walks all routes, so it is for
// people.
func (t *Table) Explain(q Query) (e Explanation) {
	e.Route, _ = t.Match(q)
	if t == nil {
		return e
	}
	h := splitHost(http1.LowerHost(q.Authority), q.TLS)
	var before, after, elsewhere []Other
	for _, r := range t.Routes() {
		if e.Route != nil && r.key == e.Route.key || !r.key.onHost(h) {
			continue
		}
		o := Other{Route: r, Service: r.Name, Text: escaped(r.key.String())}
		if r.Default {
			o.Text = "(the default service)"
		}
		switch why, path := r.passes(&q); {
		case path:
			o.Reason = why
			elsewhere = append(elsewhere, o)
		case why != "":
			o.Reason = why
			before = append(before, o)
		default:
			o.Reason = r.behind(e.Route)
			after = append(after, o)
		}
	}
	e.Others = slices.Concat(before, after, t.unserved(h), elsewhere)
	if n := len(e.Others); n > maxOthers {
		e.Others, e.More = e.Others[:maxOthers], n-maxOthers
	}
	e.Instances = t.standings(e.Route)
	return e
}

// onHost says whether a key is about a request's host and port.
func (k routeKey) onHost(h hostPort) bool {
	if k.port != "" && k.port != h.port {
		return false
	}
	switch k.kind {
	case dialect.HostExact:
		return k.host == h.host
	case dialect.HostWildcard:
		return len(h.host) > len(k.host)-1 && strings.HasSuffix(h.host, k.host[1:])
	case dialect.HostPattern:
		p, err := dialect.ParsePattern(k.host)
		return err == nil && p.Match(h.host)
	}
	return true
}

// passes says why a route does not take a request on its host, "" where it would; path says that it is about another path.
func (r *Route) passes(q *Query) (why string, path bool) {
	p := &r.key.path
	if !strings.HasPrefix(q.Path, p.Text) || !p.Kind.Takes(q.Path, len(p.Text)) {
		return "it is for another path", true
	}
	if r.conditions == nil {
		return "", false
	}
	switch name := r.unmet(q); {
	case r.closed != nil && q.steps > maxSteps:
		return "its conditions would take too long to look through", false
	case name != "":
		return name + "= does not hold", false
	}
	return "", false
}

// behind says why a route that takes a request comes after the one that gets it.
func (r *Route) behind(chosen *Route) string {
	switch {
	case r.Default:
		return "it takes what no route claims"
	case chosen == nil:
		return ""
	case r.key.kind != chosen.key.kind || r.key.host != chosen.key.host || r.key.port != chosen.key.port:
		return "the host of the other one is nearer"
	case r.Priority != chosen.Priority:
		return "its priority is lower"
	case len(r.Path) != len(chosen.Path):
		return "its path is shorter"
	case chosen.key.path.Kind == dialect.PathExact:
		return "the other one is for this path alone"
	case r.conditions.Count() != chosen.conditions.Count():
		return "it has fewer conditions"
	case r.key.path.Kind != chosen.key.path.Kind:
		return "it takes more paths"
	}
	return "the other one was asked for first"
}

// unserved are the routes on a host that are refused for the sake of its holder.
func (t *Table) unserved(h hostPort) (out []Other) {
	if !t.options.ExclusiveHosts {
		return nil
	}
	add := func(cl *claim) {
		if cl.key.onHost(h) && t.excluded(t.index, cl) {
			out = append(out, Other{Service: label(cmp.Or(cl.name, cl.service)), Text: escaped(cl.key.String()), Reason: notServed})
		}
	}
	for _, c := range t.claimants {
		for _, cl := range c.claims {
			add(cl)
		}
	}
	for _, s := range t.sources {
		for _, cl := range s.claims {
			add(cl)
		}
	}
	return out
}

// standings are the instances of the services that ask for a route.
func (t *Table) standings(r *Route) (out []Standing) {
	if r == nil {
		return nil
	}
	asks := map[string]bool{}
	for _, cl := range r.claims {
		asks[cl.service] = true
	}
	for i := range r.Members {
		asks[r.Members[i].Upstream.Service()] = true // a line may lead to a service
	}
	for _, s := range t.Services() {
		if asks[s.Name] {
			out = append(out, s.Instances...)
		}
	}
	return out
}
