package conformance

import (
	"strings"
	"testing"
)

// head is a request's head over HTTP/2: the four pseudo fields, then others.
func head(method, scheme, authority, path string, fields ...string) []string {
	return append([]string{":method", method, ":scheme", scheme, ":authority", authority, ":path", path}, fields...)
}

// got is the usual one.
func got(path string, fields ...string) []string { return head("GET", "http", "t", path, fields...) }

const malformed = "RST_STREAM PROTOCOL_ERROR" // RFC 9113 section 8.1.1 has it for what is no request; a 400 is right too

// streamCases are requests over HTTP/2. One that is refused never goes on; of one that is accepted contains went on.
var streamCases = []struct {
	name     string
	head     []string
	body     string
	outcomes []string
	contains string
}{
	{"a usual one", got("/g"), "", []string{"200"}, "GET /g HTTP/1.1\r\nHost: t\r\n"},
	{"a rare method", head("M-SEARCH!#$%&'*+.^_`|~9", "http", "t", "/g"), "", []string{"200"}, "M-SEARCH!#$%&'*+.^_`|~9 /g HTTP/1.1\r\n"},

	// A method is a token (RFC 9110 section 9.1).
	{"a target in the method", head("GET /admin", "http", "t", "/pub"), "", []string{"400", malformed}, ""},
	{"a request in the method", head("GET /smug HTTP/1.1\r\nHost: t\r\n\r\nGET", "http", "t", "/pub"), "", []string{"400", malformed}, ""},
	{"blank behind the method", head("GET ", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"tab in the method", head("GE\tT", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"separator in the method", head("GE(T", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"NUL in the method", head("GET\x00", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"8-bit byte in the method", head("GET\xe9", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"no method", head("", "http", "t", "/g"), "", []string{"400", malformed}, ""},
	{"CONNECT", []string{":method", "CONNECT", ":authority", "t:443"}, "", []string{"405", "501", "400"}, ""},
	{"CONNECT with a path", head("CONNECT", "http", "t", "/g"), "", []string{"405", "501", "400", malformed}, ""},

	// A path begins with a slash, or is * for OPTIONS (RFC 9113 section 8.3.1).
	{"absolute path", got("http://victim/g"), "", []string{"400", malformed}, ""},
	{"absolute path, same host", got("http://t/g"), "", []string{"400", malformed}, ""},
	{"absolute path in capitals", got("HTTPS://victim/g"), "", []string{"400", malformed}, ""},
	{"absolute asterisk", head("OPTIONS", "http", "t", "http://victim*"), "", []string{"400", malformed}, ""},
	{"path without a slash", got("g"), "", []string{"400", malformed}, ""},
	{"authority as a path", got("victim:80"), "", []string{"400", malformed}, ""},
	{"no path", got(""), "", []string{"400", malformed}, ""},
	{"asterisk with GET", got("*"), "", []string{"400", malformed}, ""},
	{"asterisk with OPTIONS", head("OPTIONS", "http", "t", "*"), "", []string{"200"}, "OPTIONS * HTTP/1.1\r\n"},
	{"two slashes", got("//victim/g"), "", []string{"200"}, "GET //victim/g HTTP/1.1\r\nHost: t\r\n"},
	{"blank in the path", got("/g HTTP/1.1"), "", []string{"400", malformed}, ""},
	{"request in the path", got("/g HTTP/1.1\r\nX-Smuggled: 1"), "", []string{"400", malformed}, ""},
	{"fragment", got("/g#frag"), "", []string{"400", malformed}, ""},
	{"8-bit byte in the path", got("/g\xe9"), "", []string{"400", malformed}, ""},
	{"blank in the query", got("/g?a b"), "", []string{"400", malformed}, ""},
	{"above the root", got("/a/../../b"), "", []string{"400", malformed}, ""},

	// An authority is a host with an optional port, and Host says the same or nothing.
	{"Host without an authority", []string{":method", "GET", ":scheme", "http", ":path", "/g", "host", "t"}, "", []string{"200"}, "GET /g HTTP/1.1\r\nHost: t\r\n"},
	{"neither", []string{":method", "GET", ":scheme", "http", ":path", "/g"}, "", []string{"400", malformed}, ""},
	{"empty authority", head("GET", "http", "", "/g"), "", []string{"400", malformed}, ""},
	{"Host that says the same", got("/g", "host", "T"), "", []string{"200"}, "Host: t\r\n"},
	{"Host that differs", got("/g", "host", "victim"), "", []string{"400", malformed}, ""},
	{"Host that differs in its port", got("/g", "host", "t:81"), "", []string{"400", malformed}, ""},
	{"empty Host", got("/g", "host", ""), "", []string{"400", malformed}, ""},
	{"two Hosts", []string{":method", "GET", ":scheme", "http", ":path", "/g", "host", "t", "host", "victim"}, "", []string{"400", malformed}, ""},
	{"user in the authority", head("GET", "http", "a@t", "/g"), "", []string{"400", malformed}, ""},
	{"path in the authority", head("GET", "http", "t/x", "/g"), "", []string{"400", malformed}, ""},
	{"two authorities", head("GET", "http", "t,victim", "/g"), "", []string{"400", malformed}, ""},
	{"CRLF in the authority", head("GET", "http", "t\r\nX-Smuggled: 1", "/g"), "", []string{"400", malformed}, ""},
	{"authority of 253 bytes", head("GET", "http", strings.Repeat("a.", 126)+"a", "/g"), "", []string{"404"}, ""},
	{"authority of 254 bytes", head("GET", "http", strings.Repeat("a.", 127), "/g"), "", []string{"400", malformed}, ""},

	// Pseudo fields are complete, known, come once, and stand in front.
	{"no scheme", []string{":method", "GET", ":authority", "t", ":path", "/g"}, "", []string{"400", malformed}, ""},
	{"scheme ftp", head("GET", "ftp", "t", "/g"), "", []string{"400", malformed}, ""},
	{"scheme with more", head("GET", "http://victim/?", "t", "/g"), "", []string{"400", malformed}, ""},
	{"two methods", got("/g", ":method", "POST"), "", []string{"400", malformed}, ""},
	{"two paths", []string{":method", "GET", ":scheme", "http", ":authority", "t", ":path", "/g", ":path", "/smug"}, "", []string{"400", malformed}, ""},
	{"pseudo field behind others", []string{":method", "GET", ":scheme", "http", ":authority", "t", "x", "y", ":path", "/g"}, "", []string{"400", malformed}, ""},
	{"unknown pseudo field", []string{":method", "GET", ":scheme", "http", ":authority", "t", ":path", "/g", ":x", "y"}, "", []string{"400", malformed}, ""},
	{"status of an answer", []string{":method", "GET", ":scheme", "http", ":authority", "t", ":path", "/g", ":status", "200"}, "", []string{"400", malformed}, ""},
	{"extended CONNECT", []string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":authority", "t", ":path", "/g"}, "", []string{"405", "501", "400", malformed}, ""},

	// A length is the length of what comes (RFC 9113 section 8.1.1).
	{"length of the body", head("POST", "http", "t", "/p", "content-length", "5"), "hello", []string{"200"}, "Content-Length: 5\r\n"},
	{"no length", head("POST", "http", "t", "/p"), "hello", []string{"200"}, "hello"},
	{"length of no body", head("POST", "http", "t", "/p", "content-length", "0"), "", []string{"200"}, "POST /p HTTP/1.1\r\n"},
	{"length and no body", head("POST", "http", "t", "/p", "content-length", "5"), "", []string{"400", malformed}, ""},
	{"length is no number", head("POST", "http", "t", "/p", "content-length", "5x"), "hello", []string{"400", malformed}, ""},
	{"length is no number, no body", got("/g", "content-length", "x"), "", []string{"400", malformed}, ""},
	{"length with plus", head("POST", "http", "t", "/p", "content-length", "+5"), "hello", []string{"400", malformed}, ""},
	{"length with blank", head("POST", "http", "t", "/p", "content-length", " 5"), "hello", []string{"400", malformed}, ""},
	{"length below zero", head("POST", "http", "t", "/p", "content-length", "-1"), "hello", []string{"400", malformed}, ""},
	{"length empty", head("POST", "http", "t", "/p", "content-length", ""), "hello", []string{"400", malformed}, ""},
	{"length past 64 bits", head("POST", "http", "t", "/p", "content-length", "18446744073709551621"), "hello", []string{"400", malformed}, ""},
	{"length as a list", head("POST", "http", "t", "/p", "content-length", "5, 5"), "hello", []string{"400", malformed}, ""},
	{"two lengths", head("POST", "http", "t", "/p", "content-length", "5", "content-length", "6"), "hello", []string{"400", malformed}, ""},
	{"length too small", head("POST", "http", "t", "/p", "content-length", "4"), "hello", []string{"400", malformed}, ""},
	{"length too large", head("POST", "http", "t", "/p", "content-length", "6"), "hello", []string{"400", malformed}, ""},

	// Fields of a connection do not exist (RFC 9113 section 8.2.2).
	{"transfer coding", head("POST", "http", "t", "/p", "transfer-encoding", "chunked"), "hello", []string{"400", malformed}, ""},
	{"Connection", got("/g", "connection", "close"), "", []string{"400", malformed}, ""},
	{"upgrade", got("/g", "upgrade", "websocket"), "", []string{"400", malformed}, ""},
	{"TE other than trailers", got("/g", "te", "gzip"), "", []string{"400", malformed}, ""},
	{"name in capitals", got("/g", "X-A", "b"), "", []string{"400", malformed}, ""},
	{"blank in a name", got("/g", "x a", "b"), "", []string{"400", malformed}, ""},
	{"CRLF in a value", got("/g", "x-a", "b\r\nX-Smuggled: 1"), "", []string{"400", malformed}, ""},
	{"blanks around a value", got("/g", "x-a", " \tb "), "", []string{"200", "400", malformed}, "X-A: b\r\n"},
	{"unknown expectation", head("POST", "http", "t", "/p", "expect", "200-ok"), "hello", []string{"417"}, ""},
	{"cookies on several lines", got("/g", "cookie", "a=1", "cookie", "b=2"), "", []string{"200"}, "Cookie: a=1; b=2\r\n"},
}

// What HTTP/2 lets a client say becomes exactly one request of HTTP/1.1, or none.
func TestHTTP2Heads(t *testing.T) {
	everyHTTP2(t, func(t *testing.T, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr(), "urlprefix-t/", "urlprefix-victim/"))
		for _, c := range streamCases {
			part(t, c.name, func(t testing.TB) {
				r.settles(t)
				rec.take()
				f := r.dialFramed(t)
				outcome := f.outcome(f.ask(c.head, c.body))
				found := false
				for _, o := range c.outcomes {
					found = found || outcome == o
				}
				if !found {
					t.Errorf("%s, want one of %v", outcome, c.outcomes)
				}
				r.settles(t)
				heads, whole, _ := rec.take()
				went := ""
				for _, m := range heads {
					if list := dirt(m); len(list) > 0 {
						t.Errorf("went on with %v: %.500q", list, m.text())
					}
				}
				for _, m := range whole {
					went += m.text() + m.body
				}
				if accepted := outcome == "200"; accepted != (len(whole) == 1) || accepted && !strings.Contains(went, c.contains) || strings.Contains(went, "smug") {
					t.Errorf("%s, and %d went on, %d whole: %.500q, want %q", outcome, len(heads), len(whole), went, c.contains)
				}
				// Whatever it was, the connection is good for another request, or has said that it is not.
				if after := f.outcome(f.ask(got("/after"), "")); after != "200" && !strings.HasPrefix(outcome, "GOAWAY") {
					t.Errorf("the next request ended with %s", after)
				}
			})
		}
	})
}
