package traefik1

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// frontend is one on its way to rules.
type frontend struct {
	*reader
	name    string
	of      group
	sources []string
	rule    string   // its text, written or by default
	failed  error    // why it lets nobody in
	words   []string // options of its lines
	service []string // those that are about its instances, and say nothing beside a redirect
	on      []string // its listeners; nil is all
	move    *move    // nil forwards all
	notes   []string // what is in effect in another way than in Traefik
}

// frontend makes the rules of one.
func (r *reader) frontend(name string) {
	x := &frontend{reader: r, name: name, of: r.of(name)}
	x.sources = x.of.sources()
	if done := x.lead(); done {
		return
	}
	list, err := x.findRule()
	if err != nil {
		x.refuse(err)
		return
	}
	if len(x.out.Rules) > maxTerms { // more than an instance may have: one line says what of the frontend is left out
		list = list[:1]
	}
	x.ask()
	x.mark(x.sources)
	var lines []string
	for _, t := range list {
		for _, v := range x.variants(t) {
			if text := x.line(t, v); !slices.Contains(lines, text) {
				lines = append(lines, text)
			}
		}
	}
	for _, text := range lines {
		x.make(text)
	}
}

// fail closes the frontend; the first reason counts.
func (x *frontend) fail(err error) {
	if x.failed == nil {
		x.failed = err
	}
}

// refuse tells that the frontend is in no rule at all.
func (x *frontend) refuse(err error) {
	v := dialect.Verdict{Kind: dialect.VerdictRefused, Reason: called(x.name) + ": " + err.Error(), Restricts: x.restricts()}
	switch {
	case errors.Is(err, errVariable):
		v.Advice = "set the variable where docker-compose runs, or in its file .env"
	case errors.Is(err, errNoRule) && x.name == "http": // more likely a label of a later version than a segment of that name
		v.Advice = "for Traefik 2, write " + prefix + "http.services.NAME.loadbalancer.server.port=PORT, " + prefix + "http.routers.NAME. or " + prefix + "http.middlewares.NAME. and an option"
	case errors.Is(err, errNoRule):
		v.Advice = "write " + prefix + keyRule + "=Host:NAME, or start the proxy with -traefik1-domain DOMAIN"
	case errors.Is(err, errNewer):
		v.Advice = "write " + prefix + "http.routers.NAME.rule= and what belongs to it, or Host:NAME;PathPrefix:/PATH here"
	}
	x.tell(v, x.sources...)
}

// lead finds the port that the frontend leads to, and says whether this instance has nothing to do with it.
func (x *frontend) lead() (done bool) {
	port, ok := x.of.port()
	switch {
	case !ok:
		x.refuse(fmt.Errorf("%s is no port between 1 and 65535", quoted(x.of.value("port"))))
	case x.of["port"] == nil:
		return false
	case x.env.ContainerPort == 0:
		x.refuse(errors.New("which port of its container this instance is, is not known: its registration does not say it"))
	case x.env.ContainerPort != port && x.env.ContainerPort != dialect.AnyPort:
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true,
			Reason: fmt.Sprintf("it leads to port %d of the container; this is its port %d", port, x.env.ContainerPort)}, x.sources...)
	default:
		return false
	}
	return true
}

// ignored tells of a label that is not in effect, and restricts nothing.
func (x *frontend) ignored(property, reason string, quiet bool) {
	s := source(x.of[property])
	x.sources = slices.DeleteFunc(x.sources, func(o string) bool { return o == s })
	x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: reason, Quiet: quiet}, s)
}

// line is the text of one alternative on some listeners.
func (x *frontend) line(t term, v variant) string {
	text := t.line()
	if v.listeners != nil {
		text += " listener=" + strings.Join(v.listeners, "|")
	}
	words := slices.Concat([]string{x.priority(t)}, x.words, t.changes(), x.service)
	if v.redirect != "" {
		words = append(slices.DeleteFunc(slices.Concat(words[:1], x.words), forwards), dialect.Word("redirect", v.redirect))
	}
	for _, w := range words {
		if w != "" {
			text += " " + w
		}
	}
	return text
}

// forwards says whether an option says nothing beside a redirect.
func forwards(word string) bool {
	key, _, _ := strings.Cut(word, "=")
	return key == "request-header" || key == "max-body"
}

// make makes a rule of a line.
func (x *frontend) make(text string) {
	rule, verdicts := x.defaults.ParseLine(text, dialect.PathSegments, x.env)
	for _, v := range verdicts {
		v.Restricts = v.Restricts || rule == nil && x.restricts()
		x.tell(v, x.sources...)
	}
	if rule == nil {
		return
	}
	rule.Language, rule.Sources = Name, slices.Clone(x.sources)
	switch {
	case rule.Policy.Closed:
	case x.failed != nil:
		rule = rule.Shut()
		x.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Rule: rule.Name, Reason: called(x.name) + " is refused: " + x.failed.Error()}, x.sources...)
	case len(x.notes) > 0:
		x.tell(dialect.Verdict{Kind: dialect.VerdictPartly, Rule: rule.Name, Reason: strings.Join(x.notes, "; ")}, x.sources...)
	}
	x.out.Add(rule)
}

// priority is that which is written, or the length of the rule. It orders the routes of one host, so that where none is named what is not
// written is left out.
func (x *frontend) priority(t term) string {
	if p := x.of.value("frontend.priority"); p != "" && p != "0" {
		return dialect.Word("priority", strings.ReplaceAll(p, " ", ""))
	}
	if !t.exact() {
		return ""
	}
	return "priority=" + strconv.Itoa(len(x.rule))
}
