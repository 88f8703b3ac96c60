package routing

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// maxSteps is how many steps the regular expressions of one request may take together: some milliseconds at worst. Those that people write
// take a few thousand on a path of usual length.
const maxSteps = 1 << 20

// take is the route where the request meets its conditions, nil where it does not, and the closed form of the route where finding out
// would take too long: what can't be told is not let through.
func (r *Route) take(q *Query) *Route {
	c := r.conditions
	if c == nil {
		return r
	}
	if unmet(c, q) != "" {
		return nil
	}
	if c.Path == nil {
		return r
	}
	if q.steps += c.Path.Cost * len(q.Path); q.steps > maxSteps {
		return r.closed
	}
	if c.Path.Match(q.Path) {
		return r
	}
	return nil
}

// unmet names the first condition that a request does not meet, "" where it meets all; the path's regular expression is not asked.
// No allocation.
func unmet(c *dialect.Conditions, q *Query) string {
	switch {
	case c.Listeners != nil && !slices.Contains(c.Listeners, q.Listener):
		return "listener"
	case c.Methods != nil && !hasMethod(c.Methods, q.Request):
		return "method"
	case c.Clients != nil && !within(c.Clients, q.Client):
		return "client"
	}
	for i := range c.Headers {
		if !q.hasHeader(&c.Headers[i]) {
			return "header"
		}
	}
	for i := range c.Queries {
		if !hasParameter(&c.Queries[i], q.Search) {
			return "query"
		}
	}
	for i := range c.Cookies {
		if !hasCookie(&c.Cookies[i], q.Request) {
			return "cookie"
		}
	}
	return ""
}

func hasMethod(list []string, r *http1.Request) bool {
	if r != nil {
		for _, m := range list {
			if m == r.Method {
				return true
			}
		}
	}
	return false
}

func within(list []netip.Prefix, client netip.Addr) bool {
	for _, p := range list {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

// hasHeader says whether a field line has the name and, where values are named, one of them as a whole.
func (q *Query) hasHeader(n *dialect.Named) bool {
	if q.Request == nil {
		return false
	}
	if q.found.name != n.Name {
		q.find(n.Name)
	}
	fields := q.Request.Fields
	if q.found.count == 1 {
		return among(fields[q.found.first].Value, n.Values)
	}
	for i := q.found.first; i < len(fields); i++ {
		f := &fields[i]
		if len(f.Name) == len(n.Name) && sameName(f.Name, n.Name) && among(f.Value, n.Values) {
			return true
		}
	}
	return false
}

// found is where the field lines of a name are, as routes that are tried one after the other mostly ask for the same one.
type found struct {
	name         string
	first, count int
}

func (q *Query) find(name string) {
	fields := q.Request.Fields
	q.found = found{name: name, first: len(fields)}
	for i := range fields {
		if len(fields[i].Name) == len(name) && sameName(fields[i].Name, name) {
			q.found.first = min(q.found.first, i)
			q.found.count++
		}
	}
}

// sameName compares a field's name with one of the same length in lower case.
func sameName(name, lower string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// among says whether a value is one of a list; a list that is nil takes any.
func among(value string, list []string) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return list == nil
}

// hasParameter looks for a parameter in a query as forms write it (https://url.spec.whatwg.org/#urlencoded-parsing).
func hasParameter(n *dialect.Named, query string) bool {
	query = strings.TrimPrefix(query, "?")
	for query != "" {
		var one string
		one, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(one, "=")
		if one == "" || !decodesTo(name, n.Name) {
			continue
		}
		if n.Values == nil {
			return true
		}
		for _, v := range n.Values {
			if decodesTo(value, v) {
				return true
			}
		}
	}
	return false
}

// decodesTo says whether a percent-encoded text, in which + is a blank, means another one.
func decodesTo(encoded, plain string) bool {
	at := 0
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(encoded):
			high, low := unhex(encoded[i+1]), unhex(encoded[i+2])
			if high < 16 && low < 16 {
				c = high<<4 | low
				i += 2
			}
		}
		if at == len(plain) || plain[at] != c {
			return false
		}
		at++
	}
	return at == len(plain)
}

// unhex is the value of a hexadecimal digit; 16 for what is none.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// hasCookie looks through all Cookie fields (RFC 6265 section 4.2.1; over HTTP/2 there may be several). Quotes belong to a value.
func hasCookie(n *dialect.Named, r *http1.Request) bool {
	if r == nil {
		return false
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if len(f.Name) != len("cookie") || !sameName(f.Name, "cookie") {
			continue
		}
		for rest := f.Value; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			name, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if ok && name == n.Name && among(strings.TrimRight(value, " \t"), n.Values) {
				return true
			}
		}
	}
	return false
}

// closedForm is a route that lets nobody in, in the place of another.
func (r *Route) closedForm(o *Options) *Route {
	c := *r
	c.Members, c.Closed, c.Blocking, c.conditions = nil, true, false, nil
	c.Sets, c.Fallbacks, c.On = nil, 0, nil
	c.Policy = o.Defaults
	c.picker = o.Balance.Build([]balancer.Member{}, r.Lane)
	return &c
}
