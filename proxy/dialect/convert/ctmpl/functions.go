package ctmpl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// maxText bounds what one function returns.
const maxText = 64 << 10

var errText = errors.New("a text is longer than 64 KiB")

// catalogue is what a template asks: the services that it sees, and what is known of the place where it is rendered.
type catalogue interface {
	services() []*Snippet
	service(q query) []instanceFields
	// whole is one instance that stands for all of them.
	whole(q query) []instanceFields
	// outside is a value that is known elsewhere: kind is env, key or the name of a function.
	outside(kind, name string) any
}

// functions are consul-template's. Those that are not here are unset.
func functions(c catalogue) template.FuncMap {
	return template.FuncMap{
		"services":   func(...any) []*Snippet { return c.services() },
		"service":    func(name any, more ...any) ([]instanceFields, error) { return instances(name, catalogue.service, c) },
		"connect":    func(name any, more ...any) ([]instanceFields, error) { return instances(name, catalogue.service, c) },
		wholeService: func(name any, more ...any) ([]instanceFields, error) { return instances(name, catalogue.whole, c) },
		"byTag":      byTag, "byKey": func(...any) map[string][]any { return nil },
		"env": func(name any) any { return c.outside("env", text(name)) }, "mustEnv": func(name any) any { return c.outside("env", text(name)) },
		"envOrDefault": func(name, other any) any { return orDefault(c.outside("env", text(name)), other) },
		"key":          func(name any) any { return c.outside("key", text(name)) },
		"keyOrDefault": func(name, other any) any { return orDefault(c.outside("key", text(name)), other) },
		"keyExists":    func(name any) any { return c.outside("key", text(name)) },
		"ls":           pairs, "safeLs": pairs, "tree": pairs, "safeTree": pairs, "nodes": func(...any) []any { return nil }, "datacenters": func(...any) []string { return nil },
		"contains": func(v, list any) bool { return in(list, v) }, "in": in,
		"containsAny": func(v, list any) bool { return someIn(v, list) }, "containsAll": func(v, list any) bool { return allIn(v, list) },
		"containsNone": func(v, list any) bool { return !someIn(v, list) }, "containsNotAll": func(v, list any) bool { return !allIn(v, list) },
		"eq": equal, "ne": func(a any, b ...any) bool { return !equal(a, b...) },
		"lt": func(a, b any) bool { return compare(a, b) < 0 }, "le": func(a, b any) bool { return compare(a, b) <= 0 },
		"gt": func(a, b any) bool { return compare(a, b) > 0 }, "ge": func(a, b any) bool { return compare(a, b) >= 0 },
		"print":   func(v ...any) (string, error) { return bounded(fmt.Sprint(capped(v)...)) },
		"println": func(v ...any) (string, error) { return bounded(fmt.Sprintln(capped(v)...)) }, "printf": printf,
		"split": func(sep, s any) []string { return split(text(s), text(sep)) }, "join": join,
		"replaceAll": func(from, to, s any) (string, error) { return replaced(text(s), text(from), text(to)) },
		"toLower":    func(s any) string { return strings.ToLower(text(s)) }, "toUpper": func(s any) string { return strings.ToUpper(text(s)) },
		"toTitle":   func(s any) string { return text(s) },
		"trimSpace": func(s any) string { return strings.TrimSpace(text(s)) }, "trim": func(cut, s any) string { return strings.Trim(text(s), text(cut)) },
		"trimPrefix": func(cut, s any) string { return strings.TrimPrefix(text(s), text(cut)) }, "trimSuffix": func(cut, s any) string { return strings.TrimSuffix(text(s), text(cut)) },
		"regexMatch": regexMatch, "regexReplaceAll": regexReplaceAll, "parseBool": func(s any) bool { b, _ := strconv.ParseBool(text(s)); return b },
		"parseInt": number, "parseUint": number, "add": func(a, b any) int64 { return number(b) + number(a) }, "subtract": func(a, b any) int64 { return number(b) - number(a) },
		"multiply": func(a, b any) int64 { return number(b) * number(a) }, "timestamp": func(...any) string { return "" },
	}
}

func instances(name any, of func(catalogue, query) []instanceFields, c catalogue) ([]instanceFields, error) {
	q, err := parseQuery(text(name))
	if err != nil {
		return nil, err
	}
	return of(c, q), nil
}

func orDefault(v, other any) any {
	if _, ok := v.(unset); ok {
		return other
	}
	return v
}

func pairs(...any) []KeyPair { return nil }

// byTag sorts services or instances by their tags.
func byTag(v any) map[string][]any {
	out := map[string][]any{}
	switch list := v.(type) {
	case []*Snippet:
		for _, s := range list {
			for _, t := range s.Tags {
				out[t] = append(out[t], s)
			}
		}
	case []instanceFields:
		for _, s := range list {
			for _, t := range listed(s["Tags"]) {
				out[t] = append(out[t], s)
			}
		}
	}
	return out
}

// listed is a value as texts; a text is none.
func listed(v any) []string {
	switch v := v.(type) {
	case Tags:
		return v
	case []string:
		return v
	case []any:
		out := make([]string, len(v))
		for i := range v {
			out[i] = text(v[i])
		}
		return out
	}
	return nil
}

func in(list, v any) bool {
	if s, ok := list.(string); ok {
		return strings.Contains(s, text(v))
	}
	return slices.Contains(listed(list), text(v))
}

func someIn(v, list any) bool {
	return slices.ContainsFunc(listed(v), func(s string) bool { return in(list, s) })
}

func allIn(v, list any) bool {
	return !slices.ContainsFunc(listed(v), func(s string) bool { return !in(list, s) })
}

// equal compares with any of several.
func equal(a any, others ...any) bool {
	return slices.ContainsFunc(others, func(b any) bool { return known(a, b) && text(a) == text(b) })
}

func compare(a, b any) int {
	switch x, y := number(a), number(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func number(v any) int64 {
	n, _ := strconv.ParseInt(text(v), 10, 64)
	return n
}

func bounded(s string) (string, error) {
	if len(s) > maxText {
		return "", errText
	}
	return s, nil
}

// capped are values of which none is a list of texts beyond the bound: services and instances are not printed.
func capped(list []any) []any {
	out := slices.Clone(list)
	for i, v := range out {
		switch v := v.(type) {
		case string, int, int64, float64, bool, unset, Port, nil:
		case []string:
			out[i] = strings.Join(v, " ")
		case Tags:
			out[i] = strings.Join(v, " ")
		default:
			out[i] = ""
		}
	}
	return out
}

// wide is a width or precision of printf that prints more than its values.
var wide = regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4,}|\*)`)

func printf(format any, v ...any) (string, error) {
	f := text(format)
	if wide.MatchString(f) || len(f) > maxText {
		return "", errText
	}
	return bounded(fmt.Sprintf(f, capped(v)...))
}

func split(s, sep string) []string {
	if !known(s) || s == "" {
		return nil
	}
	return strings.SplitN(s, sep, 256)
}

func join(sep, list any) (string, error) {
	all := listed(list)
	if len(all)*len(text(sep)) > maxText {
		return "", errText
	}
	return bounded(strings.Join(all, text(sep)))
}

func replaced(s, from, to string) (string, error) {
	if (len(s)+1)*max(len(to), 1) > 1<<20 {
		return "", errText
	}
	return bounded(strings.ReplaceAll(s, from, to))
}

func regexMatch(expr, s any) (bool, error) {
	re, err := compiled(text(expr))
	return err == nil && re.MatchString(text(s)), err
}

func regexReplaceAll(expr, to, s any) (string, error) {
	re, err := compiled(text(expr))
	if err != nil || (len(text(s))+1)*max(len(text(to)), 1) > 1<<20 {
		return "", errors.Join(err, errText)
	}
	return bounded(re.ReplaceAllString(text(s), text(to)))
}

func compiled(expr string) (*regexp.Regexp, error) {
	if len(expr) > 1024 {
		return nil, errText
	}
	return regexp.Compile(expr)
}
