package dialect

import (
	"net/netip"
	"slices"
	"strings"
)

// Conditions narrow what a route takes beyond its host, port and path: a request has to meet all of them. Immutable once the line is read.
type Conditions struct {
	// Path is a regular expression that the path has to match, besides the text and kind of Match.Path; nil is none.
	Path *PathPattern
	// Methods are those that are taken, sorted; nil is any.
	Methods []string
	// Headers, Queries and Cookies have to be there. Sorted by name; those of Headers are in lower case.
	Headers, Queries, Cookies []Named
	// Clients are the networks that the client's address has to be in, sorted; nil is any.
	Clients []netip.Prefix
	// Listeners are the names of those that the request may come by, sorted; nil is any.
	Listeners []string

	text string
}

// Named is a header field, a parameter of the query, or a cookie, that a request has to have.
type Named struct {
	Name string
	// Values are those that it may have, sorted; nil is any.
	Values []string
}

// Text is the same for two conditions if they ask for the same; "" for nil. It is no text for people.
func (c *Conditions) Text() string {
	if c == nil {
		return ""
	}
	return c.text
}

// Count is how many conditions there are, for the order in which routes are tried.
func (c *Conditions) Count() int {
	if c == nil {
		return 0
	}
	n := len(c.Headers) + len(c.Queries) + len(c.Cookies)
	for _, on := range []bool{c.Path != nil, c.Methods != nil, c.Clients != nil, c.Listeners != nil} {
		if on {
			n++
		}
	}
	return n
}

// conditions are those of a match, made where it has none yet.
func (m *Match) conditions() *Conditions {
	if m.Conditions == nil {
		m.Conditions = &Conditions{}
	}
	return m.Conditions
}

// seal notes the text. It comes after each change.
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
	if c.Path != nil {
		add("path", c.Path.Text)
	}
	if c.Methods != nil {
		add("method", c.Methods...)
	}
	for _, n := range c.Headers {
		add("header", append([]string{n.Name}, n.Values...)...)
	}
	for _, n := range c.Queries {
		add("query", append([]string{n.Name}, n.Values...)...)
	}
	for _, n := range c.Cookies {
		add("cookie", append([]string{n.Name}, n.Values...)...)
	}
	for _, p := range c.Clients {
		add("client", p.String())
	}
	if c.Listeners != nil {
		add("listener", c.Listeners...)
	}
	c.text = b.String()
}

// with is a list with one more, sorted and each once.
func with(list []Named, n Named) []Named {
	list = append(list, n)
	slices.SortFunc(list, func(a, b Named) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return slices.Compare(a.Values, b.Values)
	})
	return slices.CompactFunc(list, func(a, b Named) bool { return a.Name == b.Name && slices.Equal(a.Values, b.Values) })
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
			if name, _, valued := strings.Cut(w, ":"); valued && (o.name == "header" || o.name == "cookie") {
				words[j] = name + ":..."
			}
		}
		out = append(out, words...)
	}
	return out
}
