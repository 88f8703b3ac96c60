package traefik

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// The labels of a router that narrow who may use it; routerRest are the others that are known. One that is in neither may be a misspelt one of
// the former, and closes the router.
var (
	routerRestricts = []string{"entrypoints", "middlewares", "tls", "tls.options"}
	routerRest      = []string{"rule", "service", "priority", "rulesyntax"}
)

// isCertificate says whether a label of a router is about its certificate.
func isCertificate(key string) bool {
	return key == keyResolver || strings.HasPrefix(key, "tls.domains")
}

// router is one on its way to rules.
type router struct {
	*reader
	name    string
	of      group
	sources []string
	failed  error // why it lets nobody in
	service []string
	ways    [][]string // of a file: the options of each line that its service makes
	rule    string     // its text, written or by default
	terms   []term
	noop    bool   // it leads nowhere
	ordered bool   // the certificates of its hosts are
	lender  string // whose labels ask for it where those are not the container's own
}

// route makes the rules of one router.
func (r *reader) route(name string) {
	x := &router{reader: r, name: name, of: r.routers[name]}
	x.own()
	if done := x.lead(); done {
		return
	}
	x.compile()
}

// compile makes the rules of a router that leads to this instance.
func (x *router) compile() {
	if x.compiled > maxCompiled && !x.file {
		x.refuse(fmt.Errorf("the container's rules have more than %d alternatives together", maxCompiled))
		if x.lender == "" {
			x.out.Beyond(x.restricts())
		}
		return
	}
	if err := x.findRule(); err != nil {
		x.refuse(err)
		return
	}
	x.compiled += len(x.terms)
	if len(x.out.Rules) > maxTerms && !x.file { // more than an instance may have: one line says what of the router is left out
		i := slices.IndexFunc(x.terms, func(t term) bool {
			return slices.ContainsFunc(t.words, func(w string) bool { return strings.Contains(w, "client=") })
		})
		x.terms = x.terms[max(0, i):][:1]
	}
	x.certificates()
	variants := x.variants()
	for _, t := range x.terms {
		for _, v := range x.ofTerm(t, variants) {
			x.lines(t, v)
		}
	}
	if x.noop && !slices.ContainsFunc(variants, func(v variant) bool { return v.redirect != "" || v.url != nil }) {
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "noop@internal is Traefik's own, and no middleware answers in its place: there is no route"}, x.sources...)
	}
}

// own sorts the labels of the router itself.
func (x *router) own() {
	for key, l := range x.of {
		switch {
		case strings.HasPrefix(key, "observability."):
			x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: "the proxy's own logs and metrics hold"}, source(l))
		case slices.Contains(routerRestricts, key), slices.Contains(routerRest, key), isCertificate(key):
			x.sources = append(x.sources, source(l))
		default:
			x.sources = append(x.sources, source(l))
			x.fail(fmt.Errorf("there is no label %s", shown(prefix+l.key)))
		}
	}
	if x.misspelt != nil {
		x.fail(x.misspelt)
	}
	if len(x.of) == 0 { // nobody has written it
		x.sources = []string{source(x.asking())}
	}
	slices.Sort(x.sources)
	if l := x.of["rule"]; l != nil { // it comes first: verdicts go by it
		at := slices.Index(x.sources, source(l))
		x.sources[0], x.sources[at] = x.sources[at], x.sources[0]
	}
	if why := x.of.problem(); why != "" {
		x.fail(errors.New(why))
	}
	x.mark(x.sources)
}

// fail closes the router; the first reason counts.
func (x *router) fail(err error) {
	if x.failed == nil {
		x.failed = err
	}
}

// refuse tells that the router is in no rule at all.
func (x *router) refuse(err error) {
	v := dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "router " + shown(x.name) + ": " + err.Error(), Restricts: x.restricts()}
	if x.lender != "" { // it says nothing of the container's own routes, and what it was before does not stay
		v.Restricts, v.Final = false, true
	}
	if errors.Is(err, errVariable) {
		v.Advice = "set the variable where docker-compose runs, or in its file .env"
	}
	if len(x.sources) == 0 {
		x.sources = x.of.sources()
	}
	x.tell(v, x.sources...)
}

// restricts says whether any label narrows who may use the router.
func (x *router) restricts() bool {
	if x.failed != nil || strings.Contains(strings.ToLower(x.of.value("rule")), "clientip") || dialect.Withheld(x.of.value("rule")) != "" {
		return true
	}
	return slices.ContainsFunc(routerRestricts, func(key string) bool { return x.of[key] != nil })
}
