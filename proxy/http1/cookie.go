package http1

import "strings"

// Cookie is the value of a request's first cookie of a name, a view; "" where there is none. Over HTTP/2 there may be several Cookie fields
// (RFC 9113 section 8.2.3).
func Cookie(fields []Field, name string) string {
	for i := range fields {
		if f := &fields[i]; len(f.Name) == len("cookie") && strings.EqualFold(f.Name, "cookie") {
			if v := cookieIn(f.Value, name); v != "" {
				return v
			}
		}
	}
	return ""
}

// cookieIn looks through one field (RFC 6265 section 4.2.1).
func cookieIn(list, name string) string {
	for list != "" {
		var pair string
		pair, list, _ = strings.Cut(list, ";")
		if key, value, ok := strings.Cut(pair, "="); ok && strings.Trim(key, " \t") == name {
			return strings.Trim(value, " \t")
		}
	}
	return ""
}

// Parameter is the value of a query's first parameter of a name as it stands there, still encoded: a view; "" where there is none.
func Parameter(query, name string) string {
	query = strings.TrimPrefix(query, "?")
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if key, value, ok := strings.Cut(pair, "="); ok && key == name {
			return value
		}
	}
	return ""
}
