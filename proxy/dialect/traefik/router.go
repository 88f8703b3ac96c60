package traefik

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// lead finds the service that the router leads to, and says whether this instance has nothing to do with it.
func (x *router) lead() (done bool) {
	name, err := x.serviceName()
	if err == errElsewhere {
		x.lend(name)
		return true
	}
	if err == nil && x.file && !strings.HasSuffix(name, "@internal") {
		x.ways, err = x.fileService(name)
		if err == nil {
			return false
		}
	}
	switch {
	case err != nil:
		x.refuse(err)
		return true
	case name == "noop@internal":
		x.noop = true
		return false
	case strings.HasSuffix(name, "@internal"):
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: name + " is Traefik's own: there is no route",
			Advice: "Pointsman's own pages are at the address of -admin"}, x.sources...)
		return true
	}
	service := x.services[name]
	port := 0
	if l := service[keyPort]; l != nil {
		if port = dialect.ParsePort(l.value); port == 0 {
			x.sources = append(x.sources, source(l))
			x.refuse(fmt.Errorf("%s %s", quoted(l.value), notPort))
			return true
		}
	}
	switch {
	case port == 0 && x.names():
		x.refuse(errors.New("its service names no port, and others of the container do: which one is meant can't be told"))
	case port != 0 && x.env.ContainerPort == 0:
		x.refuse(errors.New("which port of its container this instance is, is not known: its registration does not say it"))
	case port != 0 && x.env.ContainerPort != port && x.env.ContainerPort != dialect.AnyPort:
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true,
			Reason: fmt.Sprintf("it leads to port %d of the container; this is its port %d", port, x.env.ContainerPort)}, append(slices.Clone(x.sources), service.sources()...)...)
	default:
		x.ask(service)
		return false
	}
	return true
}

// serviceName is the service that the router names, or the only one that there is; "" is the container as it is.
func (x *router) serviceName() (string, error) {
	name := strings.ToLower(x.of.value("service"))
	if name == "" && x.file {
		return "", errors.New("the router names no service")
	}
	if name == "" {
		if len(x.services) > 1 {
			return "", errors.New("the container has several services, and the router names none of them")
		}
		for only := range x.services {
			name = only
		}
		return name, nil
	}
	if strings.HasSuffix(name, "@internal") {
		return name, nil
	}
	local, inFile, err := localName(name)
	if err == nil && x.file && !inFile && strings.Contains(name, "@") {
		return "", fmt.Errorf("a router of the file leads to services of the file, and %s is none", quoted(name))
	}
	switch {
	case err != nil:
	case !inFile && !x.file && x.services[local] == nil:
		err = errElsewhere
	case inFile && !x.file || x.services[local] == nil:
		err = fmt.Errorf("the container has no service %s", quoted(name))
	}
	return local, err
}

// ofTerm are the variants as they are for one term. What follows a redirect of all paths is not for its listeners.
func (x *router) ofTerm(t term, variants []variant) (out []variant) {
	var gone []string
	all := false
	for _, v := range variants {
		if all {
			break
		}
		if gone != nil {
			if v.listeners == nil { // those that are left can't be named
				return x.shut(errURL, variants)
			}
			v.listeners = slices.DeleteFunc(slices.Clone(v.listeners), func(l string) bool { return slices.Contains(gone, l) })
			if len(v.listeners) == 0 {
				continue
			}
		}
		if v.url != nil && x.failed == nil {
			redirect, condition, applies, err := v.url.on(t)
			switch {
			case err != nil:
				return x.shut(err, variants)
			case !applies:
				continue
			case condition != "":
				v.condition = condition
			case v.listeners == nil:
				all = true
			default:
				gone = append(gone, v.listeners...)
			}
			v.redirect = redirect
		}
		out = append(out, v)
	}
	return out
}

// shut closes the router on the listeners of all variants.
func (x *router) shut(err error, variants []variant) (out []variant) {
	x.fail(err)
	for _, v := range variants {
		if !slices.ContainsFunc(out, func(o variant) bool { return slices.Equal(o.listeners, v.listeners) }) {
			out = append(out, variant{listeners: v.listeners})
		}
	}
	return out
}

// lines makes the rules of one alternative on some listeners.
func (x *router) lines(t term, v variant) {
	ways := max(1, len(x.ways))
	if x.failed != nil || v.redirect != "" {
		ways = 1
	} else if x.noop {
		ways = 0
	}
	for way := range ways {
		x.line(t, v, way)
	}
}

// line makes the rule of one alternative on some listeners, which leads the way of a number.
func (x *router) line(t term, v variant, way int) {
	text := t.line()
	if v.listeners != nil {
		text += " listener=" + strings.Join(v.listeners, "|")
	}
	text += x.priority(t)
	if v.condition != "" {
		text += " " + v.condition
	}
	if host, _ := dialect.ParseHost(t.host); x.ordered && host.Kind == dialect.HostExact {
		text += " tls=acme"
	}
	last := x.service
	if x.ways != nil {
		last = x.ways[way]
	}
	if v.redirect != "" {
		last = []string{word("redirect", v.redirect)}
	}
	rule, verdicts := x.read(text, v, last)
	sources := slices.Clone(x.sources)
	failed := x.failed
	for _, verdict := range verdicts {
		verdict.Restricts = verdict.Restricts || rule == nil && (x.restricts() || x.failed != nil)
		if x.lender != "" && rule == nil { // as in refuse
			verdict.Restricts, verdict.Final = false, true
		}
		x.tell(verdict, sources...)
	}
	if rule == nil {
		return
	}
	rule.Language, rule.Sources, rule.Lent = Name, sources, x.lender
	if failed == nil {
		failed = v.failed
	}
	if failed != nil && !rule.Policy.Closed {
		rule = rule.Shut()
		x.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Rule: rule.Name, Reason: "router " + shown(x.name) + ": " + failed.Error() + ": the route is refused"}, sources...)
	}
	if way > 0 { // another part of the same route
		x.out.Rules = append(x.out.Rules, rule)
		return
	}
	x.add(rule)
}

// read reads a line. What labels say has to pass by itself, as whatever stands in a label; only then may that be added which the operator wrote in the file.
func (x *router) read(text string, v variant, last []string) (*dialect.Rule, []dialect.Verdict) {
	own := slices.DeleteFunc(slices.Clone(v.words), func(w string) bool { return slices.Contains(v.operator, w) })
	join := func(words []string) string {
		return strings.Join(append(append([]string{text}, words...), last...), " ")
	}
	rule, verdicts := x.defaults.ParseLine(join(own), dialect.PathSegments, x.env)
	if len(v.operator) == 0 || rule == nil || rule.Policy.Closed {
		return rule, verdicts
	}
	env := x.env
	env.Writer = dialect.WriterOperator
	rule, verdicts = x.defaults.ParseLine(join(v.words), dialect.PathSegments, env)
	ofFile := slices.ContainsFunc(v.operator, func(w string) bool { return strings.HasPrefix(w, "forward-auth=") })
	if rule != nil && rule.Policy.Filters.ForwardAuth != nil && !ofFile { // it is a label's, and passes the gate as one
		rule.Policy.Filters.ForwardAuth.Operator = false
	}
	return rule, verdicts
}

// priority is that which is written, or the length of the rule. It orders the routes of one host, so that where none is named what is not
// written is left out.
func (x *router) priority(t term) string {
	if p := x.of.value("priority"); p != "" && p != "0" {
		return " " + word("priority", strings.ReplaceAll(p, " ", ""))
	}
	if host, _ := dialect.ParseHost(t.host); host.Kind != dialect.HostExact {
		return ""
	}
	return " priority=" + strconv.Itoa(len(x.rule))
}

// add adds a rule. Of what is written twice one is enough, unless one of them restricts who may come: that one holds.
func (r *reader) add(rule *dialect.Rule) {
	i := slices.IndexFunc(r.out.Rules, func(o *dialect.Rule) bool { return o.Match.Same(rule.Match) })
	if i < 0 {
		r.out.Rules = append(r.out.Rules, rule)
		return
	}
	was := r.out.Rules[i]
	if rule.Lent != "" && was.Lent == "" { // the container's own labels decide
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "another container's router takes the same requests as a router of this one, which holds"}, rule.Sources...)
		return
	}
	switch {
	case was.Policy.Closed:
	case rule.Policy.Closed || rule.Restricts() && !was.RestrictsAs(rule):
		if was.Restricts() { // both restrict, and differently: which of them is meant can't be told
			rule = rule.Shut()
		}
		r.out.Rules[i], was, rule = rule, rule, was
	}
	if !slices.Equal(was.Sources, rule.Sources) {
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "another router of the container takes the same requests"}, rule.Sources...)
	}
}
