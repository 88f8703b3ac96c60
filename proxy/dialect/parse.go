package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
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
	// maxPatterns bounds what host patterns may cost the requests for hosts that are not spelt out, since they are tried one by one:
	// tens of microseconds at worst for each instance that has as many.
	maxPatterns = 32
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
	p := parser{service: service}
	for _, tag := range tags {
		if d, text, ok := split(tag); ok {
			p.tag(d, tag, text, env)
		}
	}
	p.beyond(p.seen-maxRoutes, fmt.Sprintf("an instance may ask for %d routes", maxRoutes))
	p.beyond(p.patterns-maxPatterns, fmt.Sprintf("the host patterns of an instance may have %d alternatives, those of 64 bytes and more counting as several", maxPatterns))
	if p.lost {
		for _, r := range p.rules {
			r.Closed, r.Options = true, Options{}
		}
		p.reject(Reject{Tag: "(all tags)", Reason: "a route beyond the bounds has allow, deny or auth: all routes of the instance are refused"})
	}
	return p.rules, append(p.rejects, closeCut(service, tags, p.rules)...)
}

// parser reads the tags of one instance.
type parser struct {
	service        string
	seen, patterns int  // tags for routes, and alternatives of host patterns
	lost           bool // a route with a restriction was beyond the bounds
	rules          []*Rule
	rejects        []Reject
}

func (p *parser) tag(d Dialect, tag, text string, env Env) {
	if p.seen++; p.seen > maxRoutes {
		p.lost = p.lost || restricts(text)
		return
	}
	rule := &Rule{Dialect: d, Tag: shown(tag)}
	err := rule.parse(text, env)
	if err == nil || rule.Closed {
		if n := patterns(rule.Host); n > 0 {
			if p.patterns += n; p.patterns > maxPatterns {
				p.lost = p.lost || rule.restricted()
				return
			}
		}
		var twin error
		if p.rules, twin = add(p.rules, rule); err == nil {
			err = twin
		}
	}
	if err != nil {
		p.reject(Reject{Tag: rule.Tag, Source: rule.Source, Reason: err.Error()})
	}
}

func (p *parser) reject(r Reject) {
	r.Service = p.service
	p.rejects = append(p.rejects, r)
}

// beyond tells that n more were asked for than there may be.
func (p *parser) beyond(n int, reason string) {
	if n > 0 {
		p.reject(Reject{Tag: fmt.Sprintf("(%d more)", n), Reason: reason})
	}
}

// patterns is how many alternatives a host has that is found by trying patterns one by one, a long one counted for each 64 bytes; 0
// where the host is looked up.
func patterns(host string) int {
	if rest, ok := strings.CutPrefix(host, "*."); ok && outside.IsHostName(rest) || !strings.ContainsAny(host, "*?[{") || strings.HasPrefix(host, "[") && strings.Contains(host, ":") {
		return 0
	}
	list, _ := alternatives(host)
	n := 0
	for _, one := range list {
		n += len(one)/64 + 1
	}
	return n
}

// restricts says whether a tag that is not read narrows who may use its route.
func restricts(text string) bool {
	for word := range strings.FieldsSeq(text) {
		if key, _, _ := strings.Cut(word, "="); restriction(strings.ToLower(key)) {
			return true
		}
	}
	return false
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
	if err := checkText(text); err != nil {
		r.closeUnread(text, env)
		return err
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

func checkText(text string) error {
	if len(text) > maxTag {
		return fmt.Errorf("the tag is longer than %d bytes", maxTag)
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return fmt.Errorf("byte %#02x is not allowed in a route", c)
		}
	}
	return nil
}

// closeUnread closes the route of a tag that is not read any further, where it has a restriction and still names what it matches.
func (r *Rule) closeUnread(text string, env Env) {
	for source := range strings.FieldsSeq(text) {
		if len(source) <= maxTag && checkText(source) == nil && restricts(text) && r.parseSource(expand(source, env)) == nil {
			r.Source, r.Closed = source, true
		}
		return
	}
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
