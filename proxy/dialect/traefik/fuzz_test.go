package traefik

import (
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// restricting says whether a middleware of labels is one of a kind that keeps somebody out by itself.
func restricting(of group) bool {
	for key := range of {
		kind, _, _ := strings.Cut(key, ".")
		if m := middlewares[kind]; m.restricts && kind != "buffering" && !strings.HasPrefix(kind, "redirect") || m.apply == nil && kind != "chain" {
			return true
		}
	}
	return false
}

// Whatever one container defines, and another one uses: a route is restricted where what it names is, or lets nobody in; and all labels are told of.
func FuzzDefinitions(f *testing.F) {
	const users = "middlewares.m.basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/"
	f.Add("routers.r.middlewares=m", users, "middlewares.n.compress=true")
	f.Add("routers.r.middlewares=c@docker", users, "middlewares.c.chain.middlewares=m,n")
	f.Add("routers.r.middlewares=m", users, "middlewares.m.headers.framedeny=true")
	f.Add("routers.r.middlewares=m", "middlewares.m.redirectregex.regex=^https?://a.b/(.*)", "middlewares.m.redirectregex.replacement=https://c.d/$1")
	f.Add("routers.r.middlewares=m", "middlewares.m.forwardauth.address=http://sso/check to=x", "middlewares.M.ForwardAuth.x=y")
	f.Add("routers.r.middlewares=m,m", "middlewares.m.ipallowlist.sourcerange=10.0.0.0/8", "middlewares.m.ipallowlist.ipstrategy.depth=1")
	f.Fuzz(func(t *testing.T, user, one, two string) {
		defined := labelled(one, two)
		e := (*dialect.Definitions)(nil).Edit()
		e.Change("other", nil, dialect.SortedDefinitions(dialect.Languages{Options{}.Language()}.Define(defined, "other")))
		at := env
		at.Owner, at.Called = "own", "own"
		at.Definitions, _ = e.Done(nil)
		tags := labelled("routers.r.rule=Host(`a.b`)", user)
		r := dialect.Languages{Options{}.Language()}.Parse(tags, at)
		for _, tag := range tags {
			l, _ := cut(tag)
			if !slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool { return slices.Contains(v.Sources, source(&l)) }) {
				t.Fatalf("nothing is said of %q: %+v", tag, r.Verdicts)
			}
		}
		own, others := read(tags), read(defined)
		if len(own.routers) != 1 || len(own.middlewares) > 0 {
			return
		}
		named := false
		for name := range strings.SplitSeq(own.routers["r"].value("middlewares"), ",") {
			name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), "@")
			named = named || restricting(others.middlewares[name])
		}
		for _, rule := range r.Rules {
			if named && !rule.Restricts() {
				t.Fatalf("%q, %q: %s is open", tags, defined, rule.Line())
			}
		}
	})
}

// Whatever labels a router has that leads to the service of another container: the route there is no more open than it would be if all labels were
// one container's.
func FuzzLentRouters(f *testing.F) {
	f.Add("routers.r.middlewares=m", "middlewares.m.basicauth.users=keeper:$apr1$abcdefgh$0123456789abcdefghijk/")
	f.Add("routers.r.middleware=m", "router.r.middlewares=m")
	f.Add("routers.r.entrypoints=websecure", "routers.r.tls=true")
	f.Add("routers.r.entrypoints=websecure", "routers.r.EntryPoints=web")
	f.Add("routers.r.middlewares=m@file", "middlewares.m.compress=true")
	f.Add("routers.r.service=t", "services.t.loadbalancer.server.scheme=http")
	f.Fuzz(func(t *testing.T, one, two string) {
		languages := dialect.Languages{Options{}.Language()}
		service := labelled("services.s.loadbalancer.server.scheme=http")
		router := labelled("routers.r.rule=Host(`a.b`)", "routers.r.service=s", one, two)
		e := (*dialect.Definitions)(nil).Edit()
		e.Change("router", nil, dialect.SortedDefinitions(languages.Define(router, "router")))
		e.Change("service", nil, dialect.SortedDefinitions(languages.Define(service, "service")))
		at, alone := env, env
		at.Owner, at.Called = "service", "service"
		at.Definitions, _ = e.Done(nil)
		together := languages.Parse(append(router, service[1:]...), alone)
		for _, rule := range languages.Parse(service, at).Rules {
			i := slices.IndexFunc(together.Rules, func(o *dialect.Rule) bool { return o.Match.Same(rule.Match) })
			if rule.Lent != "" && !rule.Restricts() && (i < 0 || together.Rules[i].Restricts()) {
				t.Fatalf("%q: %s is open", router, rule.Line())
			}
		}
	})
}
