// Package traefik is the routing language of the labels and tags of Traefik 2 and 3 (https://doc.traefik.io/traefik/): routers with their
// rules, the services that they lead to, and middlewares. Each router becomes lines of our own language, one for each alternative of its
// rule. A router that asks for something that narrows who may use it, and that can't be honoured, is closed; what narrows nothing is passed
// over with a Verdict.
//
// Services and middlewares have one name space over all containers: a router may name those of others.
package traefik

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Name is the language's name, for people and for options.
const Name = "traefik"

// Options are those of Traefik's own configuration that labels depend on. The zero value takes what says so alone.
type Options struct {
	// Exposed takes containers without a label traefik.enable too (exposedByDefault).
	Exposed bool
	// DefaultRule is that of routers without one.
	DefaultRule DefaultRule
}

// Language is the language with these options.
func (o Options) Language() dialect.Language { return language{o} }

type language struct{ Options }

func (language) Name() string { return Name }

func (language) Wants(tag string) bool {
	l, ok := cut(tag)
	_, _, older := dialect.Traefik1(l.key)
	return ok && !older
}

// Parse reads all tags of one instance. No label names an address: a router leads to the instance that is the port of its service.
func (l language) Parse(tags []string, env dialect.Env) dialect.Result {
	r := reader{exposed: l.Exposed, defaultRule: l.DefaultRule, env: env, defaults: dialect.ParseDefaults(tags, env), labels: read(tags)}
	r.out.Defaults = r.defaults
	if len(r.all) == 0 || r.older && r.onlyCommon() {
		return r.out
	}
	if !r.enabled() {
		if r.plain["enable"] != nil { // it says so: nor are there routes that no label asks for
			r.out.Defaults = r.defaults.SwitchedOff()
		}
		return r.out
	}
	r.byDefault()
	r.findMisspelt()
	for _, name := range slices.Sorted(maps.Keys(r.routers)) {
		r.route(name)
	}
	r.borrow()
	r.define()
	r.rest()
	return r.out
}

const prefix = dialect.TraefikPrefix

// label is a tag taken apart. The key is in lower case, and without the prefix.
type label struct {
	tag, key, value string
	twice           bool // another one has the same key and another value: which of them is meant can't be told
	elsewhere       bool // it is none of the container's own
	ofFile          bool // it is one of the operator's file that a container's router uses
}

func cut(tag string) (l label, ok bool) {
	key, value, ok := dialect.CutTraefik(tag)
	return label{tag: tag, key: key, value: value}, ok
}

// group are the labels of one router, service or middleware, by what stands behind its name in their keys.
type group map[string]*label

// labels are those of one container, sorted.
type labels struct {
	all                            []*label
	routers, services, middlewares map[string]group
	plain                          group // those of none of the three, by their keys
	older                          bool  // there are some of Traefik 1, of which package traefik1 tells
}

// onlyCommon says whether all of them mean the same in all versions.
func (s *labels) onlyCommon() bool {
	return !slices.ContainsFunc(s.all, func(l *label) bool { return !dialect.IsTraefikCommon(l.key) })
}

func read(tags []string) labels {
	out := labels{routers: map[string]group{}, services: map[string]group{}, middlewares: map[string]group{}, plain: group{}}
	for _, tag := range tags {
		l, ok := cut(tag)
		if _, _, older := dialect.Traefik1(l.key); older || !ok {
			out.older = out.older || older
			continue
		}
		out.all = append(out.all, &l)
		to, key := out.slot(l.key)
		if was := to[key]; was == nil {
			to[key] = &l
		} else if was.value != l.value {
			was.twice = true
		}
	}
	return out
}

// slot is where the label with a key belongs, and what it is called there.
func (s *labels) slot(key string) (group, string) {
	for _, kind := range []struct {
		prefix string
		of     map[string]group
	}{{"http.routers.", s.routers}, {"http.services.", s.services}, {"http.middlewares.", s.middlewares}} {
		rest, ok := strings.CutPrefix(key, kind.prefix)
		name, option, whole := strings.Cut(rest, ".")
		if !ok || !whole || name == "" {
			continue
		}
		if kind.of[name] == nil {
			kind.of[name] = group{}
		}
		return kind.of[name], option
	}
	return s.plain, key
}

// value is that of a label, "" where it is not there.
func (g group) value(key string) string {
	if l := g[key]; l != nil {
		return l.value
	}
	return ""
}

// sources are all labels of a group that are the container's own, for people.
func (g group) sources() (out []string) {
	for _, key := range slices.Sorted(maps.Keys(g)) {
		if l := g[key]; !l.elsewhere {
			out = append(out, source(l))
		}
	}
	return out
}

// problem says why none of a group can be trusted, or "".
func (g group) problem() string {
	for _, key := range slices.Sorted(maps.Keys(g)) {
		l := g[key]
		if why := dialect.Withheld(l.value); why != "" {
			return shown(prefix+l.key) + ": " + why
		}
		if l.twice {
			return shown(prefix+l.key) + " is given twice, with different values"
		}
	}
	return ""
}

// reader reads the tags of one instance.
type reader struct {
	labels
	exposed     bool
	file        bool // it is the operator's, and no container's labels
	defaultRule DefaultRule
	env         dialect.Env
	defaults    *dialect.Defaults
	told        dialect.Told
	out         dialect.Result
	compiled    int   // alternatives of the rules that were read
	misspelt    error // a label may be one that restricts a router, nobody knows which
}

func (r *reader) tell(v dialect.Verdict, sources ...string) { r.told.Tell(&r.out, v, sources...) }

func (r *reader) mark(sources []string) { r.told.Mark(sources...) }

// enabled says whether the labels ask for anything at all.
func (r *reader) enabled() bool {
	l := r.plain["enable"]
	on, err := strconv.ParseBool(strings.ToLower(r.plain.value("enable")))
	v := dialect.Verdict{Kind: dialect.VerdictIgnored}
	switch {
	case l == nil && r.exposed:
		return true
	case l == nil:
		v.Reason, v.Advice = "the container has no label "+prefix+"enable=true: there is no route", "write "+prefix+"enable=true, or start the proxy with -traefik-exposed"
	case err != nil || l.twice:
		v.Kind, v.Reason, v.Advice = dialect.VerdictRefused, prefix+"enable is neither true nor false: there is no route", "write "+prefix+"enable=true"
	case !on:
		v.Reason, v.Quiet = prefix+"enable=false: there is no route", true
	default:
		return true
	}
	for _, l := range r.all {
		r.tell(v, source(l))
	}
	return false
}

// source is a label as it stands in verdicts, without what may be a credential.
func source(l *label) string {
	for _, secret := range []string{".basicauth.users", ".digestauth.users", ".customrequestheaders.", ".customresponseheaders.", ".plugin."} {
		if l.value != "" && strings.Contains(l.key, secret) {
			return dialect.Source(prefix + l.key + "=set")
		}
	}
	return dialect.Source(l.tag)
}

// shown makes a text fit for people; quoted puts it in quotes.
func shown(text string) string  { return dialect.Source(text) }
func quoted(text string) string { return `"` + shown(text) + `"` }
