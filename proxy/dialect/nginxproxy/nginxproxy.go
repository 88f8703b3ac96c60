// Package nginxproxy is the routing language of nginx-proxy (https://github.com/nginx-proxy/nginx-proxy): environment variables of the container that
// is to be reached, such as VIRTUAL_HOST, and labels that begin with com.github.nginx-proxy. The registrator carries exactly these variables, as
// tags NAME=VALUE. A container's variables are about one port: VIRTUAL_PORT, else the only one that it exposes, else 80;
// VIRTUAL_HOST_MULTIPORTS names several.
package nginxproxy

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Name is the language's name, for people and for options.
const Name = "nginx-proxy"

// Options are those of nginx-proxy's own configuration that variables depend on. The zero value is its default.
type Options struct {
	// Internal are the networks of NETWORK_ACCESS=internal (its network_internal.conf); nil has the private ones, see Private.
	Internal []netip.Prefix
}

// Private are the networks that are internal where nobody says otherwise, as in nginx-proxy.
const Private = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"

// Language is the language with these options, which are not modified from here on.
func (o Options) Language() dialect.Language {
	internal := Private
	if o.Internal != nil {
		var list []string
		for _, p := range o.Internal {
			list = append(list, p.String())
		}
		internal = strings.Join(list, ",")
	}
	return language{strings.ReplaceAll(internal, ",", "|")}
}

type language struct {
	internal string // the networks as allow= has them; "" lets nobody in
}

func (language) Name() string { return Name }

func (language) Wants(tag string) bool {
	_, ok := cut(tag)
	return ok
}

// word is a tag taken apart.
type word struct{ tag, key, value string }

// cut takes a tag apart. Variables have their names in large letters; a label's may be small or large. Quotes around a whole value, which Compose
// leaves in a list's item, are none of it.
func cut(tag string) (w word, ok bool) {
	key, value, _ := strings.Cut(tag, "=")
	key = strings.TrimSpace(key)
	if lower := strings.ToLower(key); strings.HasPrefix(lower, labelPrefix) {
		key = lower
	} else if _, known := variables[key]; !known {
		return word{}, false
	}
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] && key != keyMultiports {
		value = strings.TrimSpace(value[1 : n-1])
	}
	return word{tag, key, value}, true
}

// source is a word as it stands in verdicts.
func (w word) source() string {
	if variables[w.key].secret {
		return w.key + "=set"
	}
	return dialect.Source(w.tag)
}

// Parse reads all tags of one instance.
func (l language) Parse(tags []string, env dialect.Env) dialect.Result {
	r := reader{language: l, env: env, defaults: dialect.ParseDefaults(tags, env), words: map[string]word{}}
	for _, tag := range tags {
		if w, ok := cut(tag); ok {
			r.take(w)
		}
	}
	r.read()
	r.rest()
	r.out.Defaults = r.defaults
	return r.out
}

// reader reads the tags of one instance.
type reader struct {
	language
	env      dialect.Env
	defaults *dialect.Defaults
	words    map[string]word // by key
	order    []word
	common   []string // options of all its routes
	sources  []string // of which they are made
	closed   string   // why nobody is let in, or ""
	method   string   // HTTPS_METHOD
	acme     []string // hosts of LETSENCRYPT_HOST
	out      dialect.Result
}

// take keeps a tag. Which of two with one name counts can't be told.
func (r *reader) take(w word) {
	was, twice := r.words[w.key]
	switch {
	case !twice:
		r.words[w.key] = w
		r.order = append(r.order, w)
	case was.value != w.value:
		r.closed = "there are two values of " + w.key + ": the route is refused"
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: r.closed, Restricts: true}, w)
	default:
		r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: "it is there twice"}, w)
	}
}

func (r *reader) tell(v dialect.Verdict, of ...word) {
	for _, w := range of {
		v.Sources = append(v.Sources, w.source())
	}
	r.out.Verdicts = append(r.out.Verdicts, v)
}

func (r *reader) ignore(w word, quiet bool, reason, advice string) {
	r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: quiet, Reason: reason, Advice: advice}, w)
}

// value is that of a word, "" where there is none.
func (r *reader) value(key string) string { return r.words[key].value }

// read makes the routes.
func (r *reader) read() {
	multi := r.value(keyMultiports) != ""
	if !multi && r.value(keyHost) == "" {
		return
	}
	r.readPolicy()
	r.readCertificates()
	if multi {
		r.multiports()
	} else {
		r.hosts()
	}
}

// rest tells of words that nothing was told of, and that stand in no route.
func (r *reader) rest() {
	told := map[string]bool{}
	for _, v := range r.out.Verdicts {
		for _, s := range v.Sources {
			told[s] = true
		}
	}
	for _, rule := range r.out.Rules {
		for _, s := range rule.Sources {
			told[s] = true
		}
	}
	asks := r.value(keyHost)+r.value(keyMultiports) != ""
	for _, w := range r.order {
		switch t := variables[w.key]; {
		case told[w.source()]:
		case asks:
			r.ignore(w, true, "there is no route for it", "")
		case w.key == keyHost || w.key == keyMultiports:
			r.ignore(w, false, "it is empty: there is no route", "write "+keyHost+"=HOST")
		default:
			r.ignore(w, t.common, "there is no "+keyHost+": there is no route", "")
		}
	}
}

// line makes a rule of one line in our own language; of are the words that it is made of, besides those of all routes.
func (r *reader) line(text string, of ...word) {
	var sources []string
	for _, w := range of {
		if !slices.Contains(sources, w.source()) {
			sources = append(sources, w.source())
		}
	}
	sources = append(sources, r.sources...)
	tell := func(v dialect.Verdict) {
		v.Sources = sources
		r.out.Verdicts = append(r.out.Verdicts, v)
	}
	text = strings.Join(append([]string{text}, r.common...), " ")
	rule, verdicts := r.defaults.ParseLine(text, dialect.PathPrefix, r.env)
	for _, v := range verdicts {
		tell(v)
	}
	if rule == nil {
		return
	}
	rule.Language, rule.Sources = Name, sources
	if r.closed != "" && !rule.Policy.Closed {
		rule = rule.Shut()
		tell(dialect.Verdict{Kind: dialect.VerdictRefused, Rule: rule.Name, Reason: r.closed})
	}
	r.out.Rules = append(r.out.Rules, rule)
}
