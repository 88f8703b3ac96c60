package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The prefixes that make a tag a route.
const (
	fabioPrefix  = "urlprefix-"
	nativePrefix = "pointsman.route="
)

// Bounds on what one instance may ask for. Catalogues accept tags of hundreds of kilobytes and any number of them.
const (
	// maxTag leaves room for a host (253), a path, and a list of some fifty networks.
	maxTag = 2048
	// maxRoutes is far above what a service needs, and keeps 10,000 tags on one instance from slowing the rest.
	maxRoutes = 64
	// maxShown is how much of a tag is worth showing to a person.
	maxShown = 120
)

// Wants says whether any tag asks for a route, be it a good one or not.
func Wants(tags []string) bool {
	for _, tag := range tags {
		if _, _, ok := split(tag); ok {
			return true
		}
	}
	return false
}

// split takes the prefix off a tag.
func split(tag string) (d Dialect, text string, ok bool) {
	tag = strings.TrimLeft(tag, " \t")
	if text, ok = strings.CutPrefix(tag, fabioPrefix); ok {
		return Fabio, text, true
	}
	text, ok = strings.CutPrefix(tag, nativePrefix)
	return Native, text, ok
}

// Parse reads all tags of one instance. Tags that ask for no route are passed over. A tag yields a rule, a reject, or, when
// it was refused because of a restriction, both: a Closed rule and the reject. Rules for the same host and path: the first
// one holds. Parse is a pure function.
func Parse(service string, tags []string, env Env) (rules []*Rule, rejects []Reject) {
	seen := 0
	for _, tag := range tags {
		d, text, ok := split(tag)
		if !ok {
			continue
		}
		if seen++; seen > maxRoutes {
			continue
		}
		rule := &Rule{Dialect: d, Tag: shown(tag)}
		err := rule.parse(text, env)
		if err == nil || rule.Closed {
			var twin error
			if rules, twin = add(rules, rule); err == nil {
				err = twin
			}
		}
		if err != nil {
			rejects = append(rejects, Reject{Service: service, Tag: rule.Tag, Source: rule.Source, Reason: err.Error()})
		}
	}
	if seen > maxRoutes {
		rejects = append(rejects, Reject{
			Service: service, Tag: fmt.Sprintf("(%d tags)", seen-maxRoutes),
			Reason: fmt.Sprintf("an instance may ask for %d routes", maxRoutes),
		})
	}
	return rules, append(rejects, closeCut(service, tags, rules)...)
}

var errTwin = errors.New("another tag of the same instance asks for the same host and path")

// add appends a rule. Of two for the same place the first one holds, unless only the later one is restricted: the order of
// tags is nothing that people control, and a restriction must not get lost by it.
func add(rules []*Rule, r *Rule) ([]*Rule, error) {
	for i, o := range rules {
		if o.Dialect != r.Dialect || o.Host != r.Host || o.Port != r.Port || o.Path != r.Path {
			continue
		}
		if r.restricted() && !o.restricted() {
			rules[i] = r
		}
		return rules, errTwin
	}
	return append(rules, r), nil
}

func (r *Rule) restricted() bool { return r.Closed || r.Options.Allow != nil || r.Options.Deny != nil }

// parse fills the rule from the tag without its prefix.
func (r *Rule) parse(text string, env Env) error {
	if len(text) > maxTag {
		return fmt.Errorf("the tag is longer than %d bytes", maxTag)
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return fmt.Errorf("byte %#02x is not allowed in a route", c)
		}
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return errors.New("the tag names no host and no path")
	}
	r.Source = words[0]
	options := parseWords(words[1:])
	if r.Inert = inert(r.Source, options.value("proto")); r.Inert != "" {
		r.Host = r.Source
		return nil
	}
	if err := r.parseSource(expand(r.Source, env)); err != nil {
		return err
	}
	restricted, err := r.Options.parse(options)
	r.Closed = err != nil && restricted
	switch {
	case r.Closed:
		r.Options = Options{}
	case err == nil:
		r.judge(options)
	}
	return err
}

// inert says why a rule is not in effect, or "".
func inert(source, proto string) string {
	switch {
	case strings.HasPrefix(source, ":"), strings.HasPrefix(proto, "tcp"):
		return "a TCP route: not in effect, this proxy serves HTTP"
	case proto == "grpc", proto == "grpcs":
		return "a gRPC route: not in effect"
	}
	return ""
}

// shown makes a tag fit for a log line or a page: quoted escapes, bounded.
func shown(tag string) string {
	tail := ""
	if len(tag) > maxShown {
		tag, tail = tag[:maxShown], "..."
	}
	quoted := strconv.QuoteToASCII(tag)
	return quoted[1:len(quoted)-1] + tail
}
