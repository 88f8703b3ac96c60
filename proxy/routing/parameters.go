package routing

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// hasParameter looks for a parameter in a query as forms write it (https://url.spec.whatwg.org/#urlencoded-parsing).
func (q *Query) hasParameter(n *dialect.Named) bool {
	query := strings.TrimPrefix(q.Search, "?")
	if !q.look(n, len(query)) {
		return false
	}
	if n.First {
		value, ok := firstParameter(query, n.Name)
		return ok && q.fits(n, value)
	}
	for query != "" {
		var one string
		one, query, _ = strings.Cut(query, "&")
		if q.isParameter(n, one) || q.closer(n) && q.hasPart(n, one) {
			return true
		}
	}
	return false
}

// hasPart is hasParameter for a text in which ; may stand between parameters: many programs have read it so (HTML 4.01 appendix B.2.2).
func (q *Query) hasPart(n *dialect.Named, text string) bool {
	if strings.IndexByte(text, ';') < 0 {
		return false
	}
	for text != "" {
		var one string
		if one, text, _ = strings.Cut(text, ";"); q.isParameter(n, one) {
			return true
		}
	}
	return false
}

// isParameter says whether NAME=VALUE of a query is as the condition asks.
func (q *Query) isParameter(n *dialect.Named, one string) bool {
	name, value, _ := strings.Cut(one, "=")
	switch {
	case one == "" || !decodesTo(name, n.Name):
		return false
	case n.Pattern != nil:
		return q.matchesDecoded(n.Pattern, value, true)
	}
	return decodesToOne(value, n.Values)
}

// decodesToOne says whether a percent-encoded text means one of a list; a list that is nil takes any.
func decodesToOne(encoded string, list []string) bool {
	for _, v := range list {
		if decodesTo(encoded, v) {
			return true
		}
	}
	return list == nil
}

// firstParameter is the value of the first parameter with a name, which is in lower case, in whatever letters it is written; one without = is none.
// Nothing is decoded.
func firstParameter(query, name string) (value string, ok bool) {
	for query != "" {
		var one string
		one, query, _ = strings.Cut(query, "&")
		if len(one) > len(name) && one[len(name)] == '=' && sameName(one[:len(name)], name) {
			return one[len(name)+1:], true
		}
	}
	return "", false
}

// decodesTo says whether a percent-encoded text, in which + is a blank, means another one.
func decodesTo(encoded, plain string) bool {
	at := 0
	for i := 0; i < len(encoded); i++ {
		var c byte
		c, i = decoded(encoded, i, true)
		if at == len(plain) || plain[at] != c {
			return false
		}
		at++
	}
	return at == len(plain)
}

// decoded is the byte that stands at a place of a percent-encoded text, and the last place that it takes. What is no escape stands for itself; +
// may be a blank.
func decoded(encoded string, i int, plus bool) (byte, int) {
	c := encoded[i]
	switch {
	case c == '+' && plus:
		return ' ', i
	case c == '%' && i+2 < len(encoded):
		if high, low := unhex(encoded[i+1]), unhex(encoded[i+2]); high < 16 && low < 16 {
			return high<<4 | low, i + 2
		}
	}
	return c, i
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
