package proxy

import (
	"io"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
)

// What the head of an answer says when it is compressed, and which answers are not.
func TestCompressedHeads(t *testing.T) {
	const html, accepts = "Content-Type: text/html|Content-Length: 5000|", "GET / HTTP/1.1|Host: web.io|Accept-Encoding: gzip"
	for _, c := range []struct {
		name, tag, request, answer string
		want                       string // of the head, without what a line break is
		without                    string
		compressed                 bool
	}{
		{"plain", "compress", accepts, html + "ETag: \"a\"|Accept-Ranges: bytes", "ETag: W/\"a\"|Vary: Accept-Encoding|Content-Encoding: gzip|Transfer-Encoding: chunked|", "Content-Length|Accept-Ranges", true},
		{"no option", "", accepts, html, "Content-Length: 5000|", "Vary|Content-Encoding", false},
		{"not accepted", "compress", "GET / HTTP/1.1|Host: web.io", html + "ETag: \"a\"|Accept-Ranges: bytes", "ETag: \"a\"|Accept-Ranges: bytes|Vary: Accept-Encoding|", "Content-Encoding", false},
		{"another coding", "compress=br", accepts, html, "Vary: Accept-Encoding|", "Content-Encoding", false},
		{"weak tag", "compress", accepts, html + "ETag: W/\"a\"", "ETag: W/\"a\"|", "W/W/", true},
		{"Vary", "compress", accepts, html + "Vary: Cookie, accept-encoding", "Vary: Cookie, accept-encoding|", "Vary: Accept-Encoding", true},
		{"other Vary", "compress", accepts, html + "Vary: Cookie", "Vary: Cookie|Vary: Accept-Encoding|", "", true},
		{"twice", "compress", accepts, html + "Content-Encoding: br", "Content-Length: 5000|", "Vary|gzip", false},
		{"identity", "compress", accepts, html + "content-encoding: identity", "Content-Length: 5000|", "gzip", false},
		{"no-transform", "compress", accepts, html + "Cache-Control: max-age=1, No-Transform", "Content-Length: 5000|", "gzip", false},
		{"no-transform asked for", "compress", accepts + "|Cache-Control: no-transform", html, "Content-Length: 5000|", "gzip", false},
		{"digest", "compress", accepts, html + "Repr-Digest: sha-256=:x:", "Content-Length: 5000|", "gzip", false},
		{"small", "compress", accepts, "Content-Type: text/html|Content-Length: 1023|", "Content-Length: 1023|", "Vary|gzip", false},
		{"small of unknown length", "compress", accepts, "Content-Type: text/html|Transfer-Encoding: chunked|", "Content-Encoding: gzip|", "", true},
		{"least size", "compress compress-min-size=5001", accepts, html, "Content-Length: 5000|", "gzip", false},
		{"picture", "compress", accepts, "Content-Type: image/png|Content-Length: 5000|", "Content-Length: 5000|", "Vary|gzip", false},
		{"asked for types", "compress compress-types=image/*", accepts, "Content-Type: image/png|Content-Length: 5000|", "Content-Encoding: gzip|", "", true},
		{"events", "compress compress-types=*", accepts, "Content-Type: text/event-stream|", "Content-Type: text/event-stream|", "Vary|gzip", false},
		{"HTTP/1.0", "compress", "GET / HTTP/1.0|Host: web.io|Accept-Encoding: gzip", html, "Vary: Accept-Encoding|", "gzip", false},
		{"HEAD", "compress", "HEAD / HTTP/1.1|Host: web.io|Accept-Encoding: gzip", html + "ETag: \"a\"", "ETag: W/\"a\"|Vary: Accept-Encoding|Content-Encoding: gzip|", "Content-Length|Transfer-Encoding", false},
		{"status 206", "compress", accepts, "#206 P|" + html + "Content-Range: bytes 0-4999/9999", "Content-Length: 5000|", "Vary|gzip", false},
		{"status 404", "compress", accepts, "#404 N|" + html, "Content-Encoding: gzip|", "", true},
		{"status 304", "compress", accepts, "#304 N|ETag: \"a\"", "ETag: \"a\"|Vary: Accept-Encoding|", "gzip", false},
		{"status 304 to a weak tag", "compress", accepts + "|If-None-Match: \"b\", W/\"a\"", "#304 N|ETag: \"a\"", "ETag: W/\"a\"|Vary: Accept-Encoding|", "gzip", false},
		{"status 204", "compress", accepts, "#204 N|Content-Type: text/html", "Content-Type: text/html|", "Vary|gzip|Length", false},
		{"length 0", "compress compress-min-size=0", accepts, "Content-Type: text/html|Content-Length: 0", "Content-Length: 0|", "gzip", false},
	} {
		d := newDesk(t, nil)
		d.serve(1, "pointsman.route=web.io/ "+c.tag)
		var x Exchange
		d.asked(t, &x, c.request)
		if do := x.Match(d.table); do != ActionSend {
			t.Fatalf("%s: %v", c.name, told(&x, do))
		}
		line, fields, own := strings.Cut(strings.TrimPrefix(c.answer, "#"), "|")
		if !own || !strings.HasPrefix(c.answer, "#") {
			line, fields = "200 OK", c.answer
		}
		var ans http1.Response
		text := "HTTP/1.1 " + line + "\r\n" + strings.ReplaceAll(strings.TrimSuffix(fields, "|"), "|", "\r\n") + "\r\n\r\n"
		if err := ans.Parse([]byte(text), x.Request.Method, http1.Limits{}); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var encoders filter.Encoders
		e := x.Compress(&ans, &encoders, io.Discard)
		if (e != nil) != c.compressed || x.Route.Blocking != (c.tag != "") {
			t.Errorf("%s: compressed %t, blocking %t", c.name, e != nil, x.Route.Blocking)
		}
		head := strings.ReplaceAll(string(x.AppendAnswer(nil, &ans, false, d.now)), "\r\n", "|")
		for part := range strings.SplitAfterSeq(c.want, "|") {
			if !strings.Contains(head, "|"+part) && part != "" {
				t.Errorf("%s: no %q in %s", c.name, part, head)
			}
		}
		for part := range strings.SplitSeq(c.without, "|") {
			if part != "" && strings.Contains(head, part) {
				t.Errorf("%s: %q in %s", c.name, part, head)
			}
		}
		x.Finish(d.now)
	}
}
