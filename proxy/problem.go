package proxy

import (
	"html"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// MaxProblem bounds a problem's body, so that a listener can keep it in one piece.
const MaxProblem = 2048

// problemType is the type of a local reply's body.
func problemType(html bool) string {
	if html {
		return "text/html; charset=utf-8"
	}
	return "application/problem+json"
}

// maxDetail bounds a detail: it may be as long as a request makes it.
const maxDetail = 256

// appendProblem appends the body of a local reply: a small page, or application/problem+json (RFC 9457). detail, if not empty,
// replaces the outcome's own; it may hold text from the request and is escaped here.
func (o Outcome) appendProblem(dst []byte, status int, html bool, detail, id string) []byte {
	if detail == "" {
		detail = o.detail()
	}
	detail = sentence(clip(detail, maxDetail))
	if html {
		return o.appendPage(dst, status, detail, id)
	}
	dst = append(append(dst, `{"type":"about:blank","title":"`...), o.reason(status)...)
	dst = strconv.AppendInt(append(dst, `","status":`...), int64(status), 10)
	dst = append(record.AppendJSON(append(dst, `,"detail":"`...), detail), '"')
	if id != "" {
		dst = append(record.AppendJSON(append(dst, `,"request_id":"`...), id), '"')
	}
	return append(dst, '}', '\n')
}

func (o Outcome) appendPage(dst []byte, status int, detail, id string) []byte {
	heading := func(dst []byte) []byte {
		return append(append(strconv.AppendInt(dst, int64(status), 10), ' '), o.reason(status)...)
	}
	dst = append(heading(append(dst, "<!doctype html><meta charset=utf-8><title>"...)), "</title>\n<h1>"...)
	dst = append(heading(dst), "</h1>\n<p>"...)
	dst = append(append(dst, html.EscapeString(detail)...), "</p>\n"...)
	if id != "" {
		dst = append(append(append(dst, "<p><small>Request "...), html.EscapeString(id)...), "</small></p>\n"...)
	}
	return dst
}

// prefersHTML is true where text/html is named before any kind of JSON, as browsers do.
func prefersHTML(accept string) bool {
	for len(accept) > 0 {
		var kind string
		kind, accept = http1.NextToken(accept)
		if i := strings.IndexByte(kind, ';'); i >= 0 {
			kind = http1.TrimBlanks(kind[:i])
		}
		switch {
		case strings.EqualFold(kind, "text/html"), strings.EqualFold(kind, "application/xhtml+xml"):
			return true
		case strings.EqualFold(kind, "application/json"), strings.EqualFold(kind, "application/problem+json"):
			return false
		}
	}
	return false
}

// sentence is an error's text as a sentence.
func sentence(s string) string {
	if s == "" || s[len(s)-1] == '.' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "..."
}
