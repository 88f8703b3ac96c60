package traefik

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// All containers have one name space of services, too: a router of one may lead to the service that another one defines. The labels of such a router are
// defined under the service's name, and whoever has the service makes the route of them. A container that restricts its own routes gets none so that restricts less.

// errElsewhere says that a router leads to a service that the container does not have.
var errElsewhere = errors.New("the container has no such service")

// What is defined under the name of a service: what it is, and the routers of others that lead to it.
const (
	servicePrefix = "http.services."
	lentPrefix    = "http.lent."
)

// defineServices are the definitions of a container's services, and of its routers that lead to those of others.
func (r *reader) defineServices(tags []string) (out []*dialect.Definition) {
	for name, of := range r.services {
		if checkName(name) == nil {
			out = append(out, definition(servicePrefix, name, of))
		}
	}
	for name, of := range r.routers {
		service, inFile, err := localName(of.value("service"))
		if of["service"] == nil || err != nil || inFile || r.services[service] != nil {
			continue
		}
		if dialect.ParseDefaults(tags, dialect.Env{}).Restricts() { // they hold for the container's own routes only: it is refused there
			continue
		}
		d := definition("http.routers.", name, of)
		d.Name = prefix + lentPrefix + service
		for key := range r.plain { // what may be a misspelt label of the router's goes with it
			if isMisspelt(key) {
				d.Tags = append(d.Tags, prefix+key+"=")
			}
		}
		slices.Sort(d.Tags)
		out = append(out, d)
	}
	return out
}

// lend tells of a router that leads to a service of another container, which has the route.
func (x *router) lend(service string) {
	called := prefix + servicePrefix + service
	x.out.Uses = append(x.out.Uses, called)
	_, err := x.env.Definitions.Find(called, x.env.Owner, nil)
	switch {
	case x.failed != nil:
		err = x.failed
	case x.env.Exclusive: // it would be that service's route, on a host that may be its own
		err = fmt.Errorf("service %s is another container's, and -exclusive-hosts leaves its hosts to it", quoted(service))
	case err == dialect.ErrUndefined:
		err = fmt.Errorf("no container has a service %s", quoted(service))
	case err == nil && x.defaults.Restricts():
		err = fmt.Errorf("service %s is another container's, for which the restrictions of all routes of this one do not hold", quoted(service))
	}
	if err != nil {
		x.refuse(err)
		return
	}
	if v := x.tryOut(); v != nil {
		x.tell(*v, x.sources...)
		return
	}
	x.tell(dialect.Verdict{Kind: dialect.VerdictUsed, Reason: "service " + quoted(service) + " is another container's: where its container restricts who may come, the route is refused there unless it restricts as much"}, x.sources...)
}

// tryOut is why the router makes no route wherever its service is, or nil.
func (x *router) tryOut() *dialect.Verdict {
	alone := *x.reader
	alone.out, alone.told = dialect.Result{}, dialect.Told{}
	try := *x
	try.reader = &alone
	try.compile()
	x.out.Uses = append(x.out.Uses, alone.out.Uses...)
	if len(alone.out.Rules) > 0 && !slices.ContainsFunc(alone.out.Rules, func(rule *dialect.Rule) bool { return rule.Policy.Closed }) {
		return nil
	}
	for _, v := range alone.out.Verdicts {
		if v.Kind == dialect.VerdictRefused {
			return &dialect.Verdict{Kind: v.Kind, Reason: v.Reason, Advice: v.Advice}
		}
	}
	return nil
}

// borrow makes the routes that routers of other containers ask for.
func (r *reader) borrow() {
	if r.file || r.env.Definitions == nil || r.env.Exclusive {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.services)) {
		called := prefix + lentPrefix + name
		r.out.Uses = append(r.out.Uses, called)
		for _, d := range r.env.Definitions.Others(called, r.env.Owner) {
			r.borrowed(name, d)
		}
	}
}

// borrowed makes the routes of one router.
func (r *reader) borrowed(service string, d *dialect.Definition) {
	labels := read(d.Tags)
	of := labels.routers[anyName]
	if of == nil {
		return // there are more labels than are read
	}
	for key, l := range of {
		if l.elsewhere = true; strings.HasPrefix(key, "observability.") {
			delete(of, key)
		}
	}
	x := &router{reader: r, name: "to " + service + " of another container", of: of, lender: cmp.Or(d.Owner, "?")}
	x.own()
	if was := r.misspelt; was == nil {
		labels := reader{labels: labels}
		labels.findMisspelt()
		if labels.misspelt != nil {
			x.fail(labels.misspelt)
		}
	}
	called := prefix + servicePrefix + service
	r.out.Uses = append(r.out.Uses, called)
	if _, err := r.env.Definitions.Find(called, r.env.Owner, definition(servicePrefix, service, r.services[service])); err != nil {
		x.fail(fmt.Errorf("its service: %w", err))
	}
	x.sources = nil // its labels are another container's, which tells of them
	if x.lead() {
		return
	}
	if len(x.sources) == 0 {
		x.sources = r.services[service].sources()[:1]
	}
	x.compile()
}
