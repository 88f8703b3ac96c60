package routing

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// hasCookie looks through all Cookie fields (RFC 6265 section 4.2.1; over HTTP/2 there may be several). Quotes belong to a value; where the
// condition looks closer, blanks around a name, quotes around a value and escapes in it do not count, and a comma may stand between cookies: many
// programs have read it so (RFC 2965 section 3.3.4).
func (q *Query) hasCookie(n *dialect.Named) bool {
	fields := q.Request.Fields
	for i := range fields {
		f := &fields[i]
		if len(f.Name) != len("cookie") || !sameName(f.Name, "cookie") {
			continue
		}
		if !q.look(n, len(f.Value)) {
			return false
		}
		if n.First {
			if value, ok := firstCookie(f.Value, n.Name); ok {
				return q.fits(n, value)
			}
			continue
		}
		if q.lineHasCookie(n, f.Value) {
			return true
		}
	}
	return false
}

// lineHasCookie is hasCookie for one line.
func (q *Query) lineHasCookie(n *dialect.Named, rest string) bool {
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, ";")
		if q.isCookie(n, pair) {
			return true
		}
		if !q.closer(n) {
			continue
		}
		if q.listHasCookie(n, pair) {
			return true
		}
	}
	return false
}

// listHasCookie is hasCookie for what may be a list with commas: a cookie is a part of it, or begins at one and has the others in its value. Those
// of the latter that have the name cost steps, as each of them is as long as the rest.
func (q *Query) listHasCookie(n *dialect.Named, list string) bool {
	for more := strings.IndexByte(list, ',') >= 0; more; {
		var one string
		if one, list, more = strings.Cut(list, ","); q.isCookie(n, one) {
			return true
		}
		if !more || !strings.HasPrefix(strings.TrimLeft(list, " \t"), n.Name) {
			continue
		}
		if !q.look(n, len(list)) {
			return false
		}
		if q.isCookie(n, list) {
			return true
		}
	}
	return false
}

// isCookie says whether NAME=VALUE of a line is as the condition asks.
func (q *Query) isCookie(n *dialect.Named, pair string) bool {
	name, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
	closer := q.closer(n)
	if closer {
		name, value = strings.TrimRight(name, " \t"), strings.TrimLeft(value, " \t")
	}
	if !ok && !closer || name != n.Name {
		return false
	}
	value = strings.TrimRight(value, " \t")
	return q.fits(n, value) || closer && q.cookieMeans(n, value)
}

// firstCookie is the value of a line's first cookie with a name, which is in lower case, in whatever letters it is written, as nginx reads $cookie_NAME
// (ngx_http_parse_multi_header_lines): a comma parts cookies, and is part of a value.
func firstCookie(line, name string) (value string, ok bool) {
	for line != "" {
		if len(line) >= len(name) && sameName(line[:len(name)], name) {
			if rest := strings.TrimLeft(line[len(name):], " "); rest != "" && rest[0] == '=' {
				value, _, _ = strings.Cut(strings.TrimLeft(rest[1:], " "), ";")
				return value, true
			}
		}
		end := strings.IndexAny(line, ";,")
		if end < 0 {
			break
		}
		line = strings.TrimLeft(line[end+1:], " ")
	}
	return "", false
}

// cookieMeans says whether a value, as programs may read it, is as a condition asks.
func (q *Query) cookieMeans(n *dialect.Named, value string) bool {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		if value = value[1 : len(value)-1]; q.fits(n, value) {
			return true
		}
	}
	switch {
	case strings.IndexByte(value, '%') < 0:
		return false
	case n.Pattern != nil:
		return q.matchesDecoded(n.Pattern, value, false)
	}
	return decodesToOne(value, n.Values)
}
