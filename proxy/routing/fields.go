package routing

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// A field, a parameter or a cookie may stand in a request several times. A condition holds where one of the values is as it asks; of a field each
// line has one. A negated one holds where none is, and looks closer, so that nobody gets past it by writing a value in another way; so does one about
// a parameter or a cookie of a route that refuses requests, or asks who comes.

// unmetNamed names the first condition about a header field, a parameter or a cookie that does not hold, of those with regular expressions or of
// the others.
func (q *Query) unmetNamed(c *dialect.Conditions, expressed bool) string {
	for i := range c.Headers {
		if n := &c.Headers[i]; (n.Pattern != nil) == expressed && (q.Request == nil || q.hasHeader(n) == n.Not) {
			return [...]string{"header", "header-regexp", "not-header", "not-header-regexp"}[form(n)]
		}
	}
	for i := range c.Queries {
		if n := &c.Queries[i]; (n.Pattern != nil) == expressed && q.hasParameter(n) == n.Not {
			return [...]string{"query", "query-regexp", "not-query", "not-query-regexp"}[form(n)]
		}
	}
	for i := range c.Cookies {
		if n := &c.Cookies[i]; (n.Pattern != nil) == expressed && (q.Request == nil || q.hasCookie(n) == n.Not) {
			return [...]string{"cookie", "cookie-regexp", "not-cookie", "not-cookie-regexp"}[form(n)]
		}
	}
	return ""
}

// closer says whether a condition on a parameter or a cookie takes what programs may read, and not only what it says.
func (q *Query) closer(n *dialect.Named) bool { return n.Not || q.guarded }

// form is which of a condition's four options it is.
func form(n *dialect.Named) (i int) {
	if n.Pattern != nil {
		i++
	}
	if n.Not {
		i += 2
	}
	return i
}

// fits says whether a value is as a condition asks.
func (q *Query) fits(n *dialect.Named, value string) bool {
	if n.Pattern != nil {
		return q.matches(n.Pattern, value)
	}
	return among(value, n.Values)
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

// hasHeader says whether a line of the field is as the condition asks.
func (q *Query) hasHeader(n *dialect.Named) bool {
	if q.found.name != n.Name {
		q.find(n.Name)
	}
	fields := q.Request.Fields
	for i, left := q.found.first, q.found.count; left > 0; i++ {
		f := &fields[i]
		if len(f.Name) != len(n.Name) || !sameName(f.Name, n.Name) {
			continue
		}
		left--
		if !q.look(n, len(f.Value)) {
			return false
		}
		if q.fits(n, f.Value) || n.Not && q.listFits(n, f.Value) {
			return true
		}
	}
	return n.Not && n.Pattern != nil && q.found.count > 1 && q.joinedFits(n)
}

// listFits says whether an element of a list with commas (RFC 9110 section 5.6.1) is as the condition asks.
func (q *Query) listFits(n *dialect.Named, value string) bool {
	if strings.IndexByte(value, ',') < 0 {
		return false
	}
	for more := true; more; {
		var one string
		one, value, more = strings.Cut(value, ",")
		if q.fits(n, strings.Trim(one, " \t")) {
			return true
		}
	}
	return false
}

// joinedFits says whether the field's lines, put together as anybody may do (RFC 9110 section 5.3), match the expression.
func (q *Query) joinedFits(n *dialect.Named) bool {
	s := scratches.Get().(*scratch)
	defer s.free()
	for i := q.found.first; i < len(q.Request.Fields); i++ {
		f := &q.Request.Fields[i]
		if len(f.Name) != len(n.Name) || !sameName(f.Name, n.Name) {
			continue
		}
		if len(s.text) > 0 {
			s.text = append(s.text, ", "...)
		}
		s.text = append(s.text, f.Value...)
	}
	return q.spend(n.Pattern, len(s.text)) && n.Pattern.MatchBytes(s.text)
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
