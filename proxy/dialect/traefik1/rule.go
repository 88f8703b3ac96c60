package traefik1

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// keyRule is the property with a frontend's rule.
const keyRule = "frontend.rule"

// term is one alternative of a rule: all of it has to hold. It becomes one line.
type term struct {
	host       string   // "" is any
	path, kind string   // kind is prefix or exact, "" any path
	words      []string // other conditions, as options of a line
	// What changes the path, in the order in which Traefik 1 does it; "" does nothing. Replace is "REGEXP REPLACEMENT".
	strip, add, replace string
}

const prefixKind, exactKind = "prefix", "exact"

// maxTerms bounds the alternatives of a rule: two hosts with two paths have four. An instance may have as many routes.
const maxTerms = 64

// functions are those of rules, by their names in lower case. Each is called with one value at least; several are alternatives, but for header
// fields and parameters, which all have to hold, and for what changes the path.
var functions = map[string]func(values []string) ([]term, error){
	"host": each(hostTerm), "hostregexp": hostExpressions,
	"path": each(path(exactKind, false)), "pathprefix": each(path(prefixKind, false)), "pathstrip": each(path(exactKind, true)), "pathprefixstrip": each(path(prefixKind, true)),
	"pathstripregex": each(expression("$")), "pathprefixstripregex": each(expression("")),
	"method": methods, "headers": headerTerm, "headersregexp": headerExpression, "query": queries,
	"addprefix": one(addPrefix), "replacepath": one(replacePath), "replacepathregex": replaceRegexp,
}

// parseRule reads FUNCTION:VALUE,VALUE;FUNCTION:VALUE as Traefik 1 does: all functions have to hold, and no quotes hold anything together.
func parseRule(text string) ([]term, error) {
	if strings.ContainsAny(text, "\n\r\x00") {
		return nil, errors.New("the rule has a character that no rule may have")
	}
	if strings.ContainsAny(text, "`") || strings.Contains(text, "&&") || strings.Contains(text, "||") {
		return nil, errNewer
	}
	out := []term{{}}
	some := false
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		list, err := call(part)
		if err != nil {
			return nil, err
		}
		if out, err = both(out, list); err != nil {
			return nil, err
		}
		some = true
	}
	if !some {
		return nil, errors.New("the rule is empty")
	}
	return out, nil
}

var (
	errNewer    = errors.New("the rule is written as for Traefik 2, in a label of Traefik 1")
	errVariable = errors.New("the rule holds a variable that was not replaced by its value")
)

// variable begins one of docker-compose; a number in braces is a group of an expression.
var variable = regexp.MustCompile(`\$\{?[A-Za-z_]`)

func call(text string) ([]term, error) {
	name, rest, _ := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	f := functions[strings.ToLower(name)]
	if f == nil {
		return nil, fmt.Errorf("there is no function %s", quoted(name))
	}
	var values []string
	for v := range strings.SplitSeq(rest, ",") {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
		return nil, fmt.Errorf("%s has no value", shown(name))
	case len(values) > maxTerms:
		return nil, fmt.Errorf("%s has more than %d values", shown(name), maxTerms)
	case variable.MatchString(rest):
		return nil, errVariable
	}
	out, err := f(values)
	if err != nil {
		err = fmt.Errorf("%s: %w", shown(name), err)
	}
	return out, err
}

// both is what holds where one of each holds.
func both(left, right []term) (out []term, err error) {
	for _, a := range left {
		for _, b := range right {
			t, err := a.and(b)
			if err != nil {
				return nil, err
			}
			if out = append(out, t); len(out) > maxTerms {
				return nil, fmt.Errorf("the rule has more than %d alternatives", maxTerms)
			}
		}
	}
	return out, nil
}

func (t term) and(o term) (term, error) {
	switch {
	case t.host != "" && o.host != "" && t.host != o.host:
		return t, errors.New("the rule asks for two hosts at once")
	case t.kind != "" && o.kind != "" && (t.kind != o.kind || t.path != o.path):
		return t, errors.New("the rule asks for two paths at once")
	case t.strip != "" && o.strip != "" || t.add != "" && o.add != "" || t.replace != "" && o.replace != "":
		return t, errors.New("the rule changes the path twice in the same way")
	}
	if t.host == "" {
		t.host = o.host
	}
	if t.kind == "" {
		t.path, t.kind = o.path, o.kind
	}
	t.strip, t.add, t.replace = t.strip+o.strip, t.add+o.add, t.replace+o.replace
	for _, w := range o.words {
		key, _, _ := strings.Cut(w, "=")
		if (key == "method" || key == "path-regexp") && slices.ContainsFunc(t.words, func(other string) bool { return strings.HasPrefix(other, key+"=") }) {
			return t, fmt.Errorf("the rule has two conditions of one kind at once: a route can have one %s", key)
		}
	}
	t.words = slices.Concat(t.words, o.words)
	return t, t.checkOrder()
}

// checkOrder refuses what a line would do in another order than Traefik 1: that puts a prefix in front before it replaces.
func (t term) checkOrder() error {
	if t.add != "" && t.replace != "" {
		return errors.New("AddPrefix stands beside ReplacePath: a line does the two in the other order")
	}
	return nil
}

// line is the term as it stands at the front of a line.
func (t term) line() string {
	path := t.path
	if t.kind == "" {
		path = "/"
	}
	text := t.host + path
	if t.kind == exactKind || t.kind != "" && path != "/" {
		text += " path=" + t.kind
	}
	for _, w := range t.words {
		text += " " + w
	}
	return text
}

// changes are the options of a line that change the path.
func (t term) changes() (out []string) {
	for _, o := range [...][2]string{{"strip", t.strip}, {"replace-path", t.replace}, {"prepend", t.add}} {
		if o[1] != "" {
			out = append(out, dialect.Word(o[0], o[1]))
		}
	}
	return out
}
