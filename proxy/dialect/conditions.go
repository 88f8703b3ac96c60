package dialect

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Conditions narrow what a route takes beyond its host, port and path: a request has to meet all of them. Immutable once the line is read.
type Conditions struct {
	// Hosts and Paths are regular expressions for the host (in lower case, without port and without dots at its end) and the path, besides
	// Match.Host and Match.Path. Sorted.
	Hosts, Paths []Expressed
	// Methods are those that are taken, sorted; nil is any. NotMethods are those that are not.
	Methods, NotMethods []string
	// Headers, Queries and Cookies have to be there or, with Not, have not to. Sorted by name; those of Headers are in lower case.
	Headers, Queries, Cookies []Named
	// Clients are the networks that the client's address has to be in, sorted; nil is any. NotClients are those that it must not be in.
	Clients, NotClients []netip.Prefix
	// Listeners are the names of those that the request may come by, sorted; nil is any. NotListeners are those that it must not come by.
	Listeners, NotListeners []string

	text string
	cost int
}

// Named is a header field, a parameter of the query, or a cookie, that a request has to have or, with Not, must not have.
type Named struct {
	Name string
	// Values are those that it may have, sorted; nil is any.
	Values []string
	// Pattern is a regular expression that its value matches, in the place of Values; nil is none.
	Pattern *Expression
	Not     bool
	// First is of a parameter or a cookie: the first one of that name counts, in whatever letters the name is written, and nothing is decoded. Name is in
	// lower case. This is how nginx reads $arg_NAME and $cookie_NAME (https://nginx.org/en/docs/http/ngx_http_core_module.html#var_arg_).
	First bool
}

// firstPrefix stands in front of the name of one with First.
const firstPrefix = "(?i)"

// written is the name as a line has it.
func (n *Named) written() string {
	if n.First {
		return firstPrefix + n.Name
	}
	return n.Name
}

// Text is the same for two conditions if they ask for the same; "" for nil. It is no text for people.
func (c *Conditions) Text() string {
	if c == nil {
		return ""
	}
	return c.text
}

// Cost is that of all regular expressions, see Expression.Cost; 0 where there is none.
func (c *Conditions) Cost() int {
	if c == nil {
		return 0
	}
	return c.cost
}

// Count is how many conditions there are, for the order in which routes are tried.
func (c *Conditions) Count() int {
	if c == nil {
		return 0
	}
	n := len(c.Hosts) + len(c.Paths) + len(c.Headers) + len(c.Queries) + len(c.Cookies)
	for _, on := range []bool{c.Methods != nil, c.NotMethods != nil, c.Clients != nil, c.NotClients != nil, c.Listeners != nil, c.NotListeners != nil} {
		if on {
			n++
		}
	}
	return n
}

// OnListener says whether a request that came by a listener may meet them. Nil takes any.
func (c *Conditions) OnListener(name string) bool {
	return c == nil || (c.Listeners == nil || slices.Contains(c.Listeners, name)) && !slices.Contains(c.NotListeners, name)
}

// conditions are those of a match, made where it has none yet.
func (m *Match) conditions() *Conditions {
	if m.Conditions == nil {
		m.Conditions = &Conditions{}
	}
	return m.Conditions
}

// seal notes the text and the cost. It comes after each change.
func (c *Conditions) seal() {
	const part, one = "\x1e", "\x1f" // in no line
	var b strings.Builder
	add := func(kind string, words ...string) {
		b.WriteString(kind)
		for _, w := range words {
			b.WriteString(one + w)
		}
		b.WriteString(part)
	}
	c.cost = 0
	for kind, list := range [...][]Expressed{c.Hosts, c.Paths} {
		for _, e := range list {
			c.cost += e.Cost
			add(negated([...]string{"host-regexp", "path-regexp"}[kind], e.Not), e.Text)
		}
	}
	for kind, list := range [...][]Named{c.Headers, c.Queries, c.Cookies} {
		for _, n := range list {
			name := [...]string{"header", "query", "cookie"}[kind]
			if n.Pattern != nil {
				c.cost += n.Pattern.Cost
				add(negated(name+"-regexp", n.Not), n.written(), n.Pattern.Text)
			} else {
				add(negated(name, n.Not), append([]string{n.written()}, n.Values...)...)
			}
		}
	}
	for i, list := range [...][]string{c.Methods, c.NotMethods, networkTexts(c.Clients), networkTexts(c.NotClients), c.Listeners, c.NotListeners} {
		if list != nil {
			add([...]string{"method", "not-method", "client", "not-client", "listener", "not-listener"}[i], list...)
		}
	}
	c.text = b.String()
}

// negated is the name of an option, or of its contrary.
func negated(name string, not bool) string {
	if not {
		return notPrefix + name
	}
	return name
}

// networkTexts are networks as they are written; nil for nil.
func networkTexts(list []netip.Prefix) (out []string) {
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// text is the expression's; "" for nil.
func (e *Expression) text() string {
	if e == nil {
		return ""
	}
	return e.Text
}

// with is a list with one more, sorted and each once.
func with(list []Named, n Named) []Named {
	compare := func(a, b Named) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.written(), b.written()), compareNot(a.Not, b.Not), strings.Compare(a.Pattern.text(), b.Pattern.text()), slices.Compare(a.Values, b.Values))
	}
	at, found := slices.BinarySearchFunc(list, n, compare)
	if found {
		return list
	}
	return slices.Insert(list, at, n)
}

// sorted is a list in order, with each once.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// MatchWords are the options that say which requests the rule is about, besides host, port and path, for people: as they stand in a line,
// but that values of headers and cookies, which may be secrets, are left out. They are as many as stand at the front of Words.
func (r *Rule) MatchWords() (out []string) {
	for i := range matchOptions {
		o := &matchOptions[i]
		words := o.words(r)
		for j, w := range words {
			if name, _, valued := strings.Cut(w, ":"); valued && (strings.Contains(o.name, "header") || strings.Contains(o.name, "cookie")) {
				words[j] = name + ":..."
			}
		}
		out = append(out, words...)
	}
	return out
}
