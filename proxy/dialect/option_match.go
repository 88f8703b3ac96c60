package dialect

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// matchOptions say which requests a route takes, besides host and path. All conditions of a line have to be met.
var matchOptions = []option{
	{name: "path", scope: scopeMatch, set: setPathKind, print: printPathKind},
	{name: "path-regexp", scope: scopeMatch, set: setPathPattern, print: printPathPattern},
	{name: "method", scope: scopeMatch, set: setMethods, print: printMethods},
	{name: "header", scope: scopeMatch, repeats: true, set: setHeader, print: printHeaders},
	{name: "query", scope: scopeMatch, repeats: true, set: setQuery, print: printQueries},
	{name: "cookie", scope: scopeMatch, repeats: true, set: setCookie, print: printCookies},
	{name: "client", scope: scopeMatch, restricts: true, set: setClients, print: printClients},
	{name: "listener", scope: scopeMatch, restricts: true, set: setListener, print: printListener},
	{name: "priority", scope: scopeMatch, set: setPriority, print: printPriority, judge: judgePriority},
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

func setPathPattern(l *line, value string) error {
	p, err := ParsePathPattern(value)
	if err != nil {
		return fmt.Errorf("path-regexp: %w", err)
	}
	c := l.rule.Match.conditions()
	c.Path = p
	c.seal()
	return nil
}

func printPathPattern(r *Rule) []string {
	c := r.Match.Conditions
	if c == nil || c.Path == nil {
		return nil
	}
	return []string{c.Path.Text}
}

func setMethods(l *line, value string) error {
	list := l.list(strings.ToUpper(value))
	for _, m := range list {
		if !isToken(m) {
			return fmt.Errorf("method=%s names no method", shown(value))
		}
	}
	c := l.rule.Match.conditions()
	c.Methods = sorted(list)
	c.seal()
	return nil
}

func printMethods(r *Rule) []string {
	c := r.Match.Conditions
	if c == nil || c.Methods == nil {
		return nil
	}
	return []string{strings.Join(c.Methods, "|")}
}

// parseNamed reads name or name:value|value.
func parseNamed(option, value string) (Named, error) {
	name, rest, valued := strings.Cut(value, ":")
	if !isToken(name) {
		return Named{}, fmt.Errorf("%s=%s begins with no name", option, shown(value))
	}
	n := Named{Name: name}
	if valued {
		n.Values = sorted(strings.Split(rest, "|"))
	}
	return n, nil
}

// printNamed is a list in the form that parseNamed reads.
func printNamed(list []Named) (out []string) {
	for _, n := range list {
		text := n.Name
		if n.Values != nil {
			text += ":" + strings.Join(n.Values, "|")
		}
		out = append(out, text)
	}
	return out
}

func setHeader(l *line, value string) error {
	n, err := parseNamed("header", value)
	if err != nil {
		return err
	}
	n.Name = strings.ToLower(n.Name)
	for _, v := range n.Values {
		if strings.Trim(v, " \t") != v {
			return fmt.Errorf("header=%s: a field's value has no blanks around it", shown(value))
		}
	}
	c := l.rule.Match.conditions()
	c.Headers = with(c.Headers, n)
	c.seal()
	return nil
}

func printHeaders(r *Rule) []string {
	if r.Match.Conditions == nil {
		return nil
	}
	return printNamed(r.Match.Conditions.Headers)
}

// setQuery reads a parameter as it is once it is decoded.
func setQuery(l *line, value string) error {
	n, err := parseNamed("query", value)
	if err != nil {
		return err
	}
	c := l.rule.Match.conditions()
	c.Queries = with(c.Queries, n)
	c.seal()
	return nil
}

func printQueries(r *Rule) []string {
	if r.Match.Conditions == nil {
		return nil
	}
	return printNamed(r.Match.Conditions.Queries)
}

func setCookie(l *line, value string) error {
	n, err := parseNamed("cookie", value)
	if err != nil {
		return err
	}
	for _, v := range n.Values {
		if strings.ContainsAny(v, "; \t") {
			return fmt.Errorf("cookie=%s: no cookie holds blanks or semicolons", shown(value))
		}
	}
	c := l.rule.Match.conditions()
	c.Cookies = with(c.Cookies, n)
	c.seal()
	return nil
}

func printCookies(r *Rule) []string {
	if r.Match.Conditions == nil {
		return nil
	}
	return printNamed(r.Match.Conditions.Cookies)
}

// setClients reads addresses and networks, with or without the ip: of allow=.
func setClients(l *line, value string) error {
	var list []netip.Prefix
	for _, one := range l.list(value) {
		p, err := parseNetwork(strings.TrimPrefix(one, "ip:"))
		if err != nil {
			return fmt.Errorf("client=%s is no list of addresses and networks; the route is refused", shown(value))
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	c := l.rule.Match.conditions()
	c.Clients = slices.Compact(list)
	c.seal()
	return nil
}

func printClients(r *Rule) []string {
	c := r.Match.Conditions
	if c == nil || c.Clients == nil {
		return nil
	}
	texts := make([]string, len(c.Clients))
	for i, p := range c.Clients {
		texts[i] = p.String()
	}
	return []string{strings.Join(texts, "|")}
}

// setListener reads one name or several, of listeners, and of entry points where no listener is called so. Of several, some may mean listeners
// that this process does not have: the route is served on the others alone.
func setListener(l *line, value string) error {
	there := strings.Split(l.env.Listeners, ",")
	var list, missing []string
	for _, name := range l.list(strings.ToLower(value)) {
		if !IsListenerName(name) {
			return fmt.Errorf("listener=%s is no listener's name; the route is refused", shown(value))
		}
		means := []string{name}
		if l.env.Listeners != "" && !slices.Contains(there, name) {
			if points, err := l.env.EntryPoints.Listeners(means); err == nil {
				means = points
			}
		}
		for _, m := range means {
			if l.env.Listeners != "" && !slices.Contains(there, m) {
				missing = append(missing, m)
			}
		}
		list = append(list, means...)
	}
	switch {
	case len(missing) == len(list):
		return fmt.Errorf("there is no listener %s (there are %s): the route is refused", strings.Join(missing, ", "), l.env.Listeners)
	case missing != nil:
		l.note("there is no listener %s (there are %s): the route is served on the others", strings.Join(missing, ", "), l.env.Listeners)
	}
	c := l.rule.Match.conditions()
	c.Listeners = sorted(list)
	c.seal()
	return nil
}

func printListener(r *Rule) []string {
	c := r.Match.Conditions
	if c == nil || c.Listeners == nil {
		return nil
	}
	return []string{strings.Join(c.Listeners, "|")}
}

// maxListenerName is that of a DNS label.
const maxListenerName = 63

// IsListenerName says whether a text can name a listener: letters in lower case, digits, - and _.
func IsListenerName(text string) bool {
	for i := 0; i < len(text); i++ {
		if !hostByte(text[i]) {
			return false
		}
	}
	return text != "" && len(text) <= maxListenerName
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
