package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// matchOptions say which requests a route takes, besides host and path. All conditions of a line have to be met.
var matchOptions = slices.Concat(
	[]option{{name: "path", scope: scopeMatch, set: setPathKind, print: printPathKind}},
	expressedOptions("path-regexp", func(c *Conditions) *[]Expressed { return &c.Paths }),
	expressedOptions("host-regexp", func(c *Conditions) *[]Expressed { return &c.Hosts }),
	negatable(option{name: "method"}, setMethods, printMethods),
	namedOptions("header", func(c *Conditions) *[]Named { return &c.Headers }, checkHeader),
	namedOptions("query", func(c *Conditions) *[]Named { return &c.Queries }, nil),
	namedOptions("cookie", func(c *Conditions) *[]Named { return &c.Cookies }, checkCookie),
	negatable(option{name: "client", restricts: true}, setClients, printClients),
	negatable(option{name: "listener", restricts: true}, setListener, printListener),
	[]option{{name: "priority", scope: scopeMatch, set: setPriority, print: printPriority, judge: judgePriority}},
)

// notPrefix stands in front of a condition that must not hold.
const notPrefix = "not-"

// negatable is a condition and its contrary, which setAll seals. set gets the option's name for what it says.
func negatable(o option, set func(l *line, name, value string, not bool) error, print func(c *Conditions, not bool) []string) []option {
	both := make([]option, 0, 2)
	for _, not := range []bool{false, true} {
		one := o
		one.name, one.scope = negated(o.name, not), scopeMatch
		one.set = func(l *line, value string) error { return set(l, one.name, value, not) }
		one.print = func(r *Rule) []string {
			if r.Match.Conditions == nil {
				return nil
			}
			return print(r.Match.Conditions, not)
		}
		both = append(both, one)
	}
	return both
}

// pathKinds are the words of path=, by PathKind. A line whose language has another kind by default prints it.
var pathKinds = [...]string{PathSegments: "segments", PathPrefix: "prefix", PathExact: "exact"}

func setPathKind(l *line, value string) error {
	kind := slices.Index(pathKinds[:], value)
	if kind < 0 {
		return fmt.Errorf("path=%s is none of exact, segments and prefix", shown(value))
	}
	l.rule.Match.Path.Kind = PathKind(kind)
	return nil
}

func printPathKind(r *Rule) []string {
	kind := r.Match.Path.Kind
	return printIf(kind != PathSegments, pathKinds[kind])
}

func setMethods(l *line, name, value string, not bool) error {
	list := l.list(strings.ToUpper(value))
	for _, m := range list {
		if !isToken(m) {
			return fmt.Errorf("%s=%s names no method", name, shown(value))
		}
	}
	c := l.rule.Match.conditions()
	if list = sorted(list); not {
		c.NotMethods = list
	} else {
		c.Methods = list
	}
	return nil
}

func printMethods(c *Conditions, not bool) []string {
	if not {
		return alternativesOf(c.NotMethods)
	}
	return alternativesOf(c.Methods)
}

// printList is a list as one value; none for nil.
func alternativesOf(list []string) []string {
	if list == nil {
		return nil
	}
	return []string{strings.Join(list, "|")}
}

// maxPriority is far more than people count to.
const maxPriority = 1_000_000

func setPriority(l *line, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < -maxPriority || n > maxPriority {
		return errors.New("priority is a whole number, 0 without it; the higher one is tried first")
	}
	l.rule.Match.Priority = n
	return nil
}

func printPriority(r *Rule) []string {
	return printIf(r.Match.Priority != 0, strconv.Itoa(r.Match.Priority))
}

// judgePriority says what people may not expect: no priority lifts a route above a host that is named in full.
func judgePriority(l *line) {
	if l.rule.Match.Host.Kind != HostExact && l.rule.Match.Priority != 0 {
		l.note("priority orders the routes of one host: a route for a host that is named in full still comes before this one")
	}
}

// isToken says whether a text is a token (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return text != ""
}
