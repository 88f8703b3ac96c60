package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

// forwardingOf are the fields that every request to an instance bears, for the desk's client and web.io.
const forwardingOf = "X-Forwarded-For: 192.168.10.20|X-Forwarded-Proto: http|X-Forwarded-Host: web.io|X-Forwarded-Port: 80|X-Real-IP: 192.168.10.20|" +
	"Forwarded: for=192.168.10.20;host=web.io;proto=http|X-Request-ID: ID|"

func TestRequestHead(t *testing.T) {
	const head = "GET / HTTP/1.1|Host: web.io|"
	for _, c := range []struct{ name, in, options, want string }{
		{"plain", head + "Accept: */*|cookie:a=b", "", head + "Accept: */*|cookie: a=b|" + forwardingOf},
		{"hop by hop", head + "Connection: keep-alive, X-Hop|X-Hop: 1|Keep-Alive: 300|Proxy-Connection: keep-alive|TE: gzip|Upgrade: h2c|HTTP2-Settings: AAM", "", head + forwardingOf},
		{"Connection can't remove ours", head + "X-Forwarded-For: 6.6.6.6|Connection: X-Forwarded-For, X-Real-IP, forwarded, host, x-request-id", "", head + forwardingOf},
		{"names that pass for others", head + "X_Forwarded_For: 1.2.3.4|Proxy: http://evil/|Transfer_Encoding: chunked", "", head + forwardingOf},
		{"claims", head + "Forwarded: for=1.1.1.1|X-Real-Ip: 1.1.1.1|x-forwarded-proto: https|X-Forwarded-Prefix: /a|X-Request-Id: mine", "", head + forwardingOf},
		{"trailers wanted", head + "TE: gzip;q=1, trailers", "", head + "TE: trailers|Connection: TE|" + forwardingOf},
		{"many hops", head + "Connection: a, b, c, d, e, f|F: 1|G: 1", "", head + "G: 1|" + forwardingOf},
		{"a websocket", head + "Upgrade: websocket|Connection: keep-alive, Upgrade|Sec-WebSocket-Key: x", "", head + "Sec-WebSocket-Key: x|Connection: Upgrade|Upgrade: websocket|" + forwardingOf},
		{"a body of a length", "PUT /a HTTP/1.1|Host: web.io|Content-Length: 5", "", "PUT /a HTTP/1.1|Host: web.io|" + forwardingOf + "Content-Length: 5|"},
		{"a body in chunks", "PUT /a HTTP/1.1|Host: web.io|Transfer-Encoding: Chunked|Trailer: X-Sum, Authorization, X-More|Trailer: y", "",
			"PUT /a HTTP/1.1|Host: web.io|" + forwardingOf + "Transfer-Encoding: chunked|Trailer: X-Sum, X-More, y|"},
		{"no body where one is usual", "POST /a HTTP/1.1|Host: web.io", "", "POST /a HTTP/1.1|Host: web.io|" + forwardingOf + "Content-Length: 0|"},
		{"no body", "DELETE /a HTTP/1.1|Host: web.io", "", "DELETE /a HTTP/1.1|Host: web.io|" + forwardingOf},
		{"a body of nothing", "DELETE /a HTTP/1.1|Host: web.io|Content-Length: 0", "", "DELETE /a HTTP/1.1|Host: web.io|" + forwardingOf + "Content-Length: 0|"},
		{"a body of nothing on HTTP/1.0", "GET /a HTTP/1.0|Host: web.io|Content-Length: 0", "", "GET /a HTTP/1.1|Host: web.io|" + forwardingOf + "Content-Length: 0|"},
		{"a body that waits", "PUT /a HTTP/1.1|Host: web.io|Expect: 100-continue|Content-Length: 5", "", "PUT /a HTTP/1.1|Host: web.io|Expect: 100-continue|" + forwardingOf + "Content-Length: 5|"},
		{"nothing to wait with", head + "Expect: 100-continue", "", head + forwardingOf},
		{"the path that was matched", "GET /a/../b%2f;x?q=1&a=%zz HTTP/1.1|Host: web.io", "", "GET /b%2f;x?q=1&a=%zz HTTP/1.1|Host: web.io|" + forwardingOf},
		{"a whole URL", "GET http://web.io/a HTTP/1.1|Host: other.io", "", "GET /a HTTP/1.1|Host: web.io|" + forwardingOf},
		{"the server as a whole", "OPTIONS * HTTP/1.1|Host: web.io", "", "OPTIONS * HTTP/1.1|Host: web.io|" + forwardingOf},
		{"strip and prepend", "GET /a/b?q HTTP/1.1|Host: web.io", " strip=/a prepend=/p", "GET /p/b?q HTTP/1.1|Host: web.io|X-Forwarded-Prefix: /a|" + forwardingOf},
		{"another host", head + "A: b", " host=inner.io", "GET / HTTP/1.1|Host: inner.io|A: b|" + forwardingOf},
		{"the instance's host", head + "A: b", " host=dst", "GET / HTTP/1.1|Host: 10.0.0.1:80|A: b|" + forwardingOf},
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-web.io/"+c.options)
		if got := d.sent(t, c.in); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// A route may say that its clients came by HTTPS; the client itself may not.
func TestRequestHeadOfAnotherScheme(t *testing.T) {
	for options, want := range map[string]string{
		" request-header=set:x-forwarded-proto:HTTPS":                          strings.Replace(forwardingOf, "Proto: http", "Proto: https", 1),
		" request-header=set:X-Forwarded-Proto:https request-header=set:A:b":   "A: b|" + strings.Replace(forwardingOf, "Proto: http", "Proto: https", 1),
		" request-header=set:X-Forwarded-Proto:http request-header=remove:Pad": forwardingOf,
	} {
		d := newDesk(t, nil)
		d.serve(1, "pointsman.route=web.io/"+options)
		if got := d.sent(t, "GET / HTTP/1.1|Host: web.io|X-Forwarded-Proto: ftp|Pad: x"); strings.Replace(got, "Pad: x|", "", 1) != "GET / HTTP/1.1|Host: web.io|"+want {
			t.Errorf("%s: %q", options, got)
		}
	}
}

// sent is the head that goes out for a request's head, its own id and our Via left out.
func (d *desk) sent(t *testing.T, in string) string {
	t.Helper()
	var x Exchange
	if do := d.asked(t, &x, in); do != ActionContinue || x.Match(d.table) != ActionSend {
		t.Fatalf("%s: %s, then %s", in, told(&x, do), x.Outcome)
	}
	text := string(x.AppendRequest(nil))
	var again http1.Request
	if err := again.Parse([]byte(text), http1.Limits{}); err != nil || again.Framing.Empty() != x.Request.Framing.Empty() {
		t.Errorf("%s: what goes out is no request: %q: %v", in, text, err)
	}
	if x.Origin.ID == string(x.id[:]) {
		text = strings.Replace(text, "X-Request-ID: "+x.Origin.ID, "X-Request-ID: ID", 1)
	}
	via := fmt.Sprintf("Via: 1.%d %s\r\n", x.Request.Minor, x.Route.Via)
	if strings.Count(text, via) != 1 {
		t.Errorf("%s: no %q in %q", in, via, text)
	}
	text = strings.Replace(text, via, "", 1)
	x.Finish(d.now)
	text, ok := strings.CutSuffix(text, "\r\n\r\n")
	if !ok {
		t.Errorf("%s: the head has no end: %q", in, text)
	}
	return strings.ReplaceAll(text, "\r\n", "|") + "|"
}

func TestRequestWithoutAHost(t *testing.T) {
	d := newDesk(t, nil)
	d.serve(1, "urlprefix-/")
	want := "GET / HTTP/1.1|Host: 10.0.0.1:80|X-Forwarded-For: 192.168.10.20|X-Forwarded-Proto: http|X-Forwarded-Host: |X-Forwarded-Port: 80|X-Real-IP: 192.168.10.20|" +
		"Forwarded: for=192.168.10.20;proto=http|X-Request-ID: ID|"
	if got := d.sent(t, "GET / HTTP/1.0"); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestForwardingIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	const request = "GET / HTTP/1.1|Host: web.io:80|"
	for _, c := range []struct{ name, trusted, peer, scheme, claims, want string }{
		{"IPv6", "", "2001:db8::1", "https", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2001:db8::1|X-Forwarded-Proto: https|X-Forwarded-Host: web.io:80|X-Forwarded-Port: 80|X-Real-IP: 2001:db8::1|" +
			`Forwarded: for="[2001:db8::1]";host="web.io:80";proto=https|X-Request-ID: ID|`},
		{"believed", "10.0.0.0/8", "10.0.0.9", "http", "X-Forwarded-For: 1.1.1.1, 2.2.2.2|X-Forwarded-For: 10.1.1.1|X-Forwarded-Proto: https|X-Forwarded-Host: shop|X-Real-IP: 3.3.3.3|" +
			"Forwarded: for=1.1.1.1|X-Request-ID: abc|X-Forwarded-Port: 8443|X_Forwarded_Port: 1|Connection: x-forwarded-port",
			"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.1.1.1, 10.0.0.9|X-Forwarded-Proto: https|X-Forwarded-Host: shop|X-Forwarded-Port: 8443|X-Real-IP: 2.2.2.2|" +
				`Forwarded: for=1.1.1.1, for=10.0.0.9;host="web.io:80";proto=http|X-Request-ID: abc|`},
		{"no chain", "10.0.0.9", "::ffff:10.0.0.9", "http", "X-Real-IP: 3.3.3.3", "X-Forwarded-For: 10.0.0.9|X-Forwarded-Proto: http|X-Forwarded-Host: web.io:80|X-Forwarded-Port: 80|X-Real-IP: 3.3.3.3|" +
			`Forwarded: for=10.0.0.9;host="web.io:80";proto=http|X-Request-ID: ID|`},
		{"junk", "::1", "::1", "http", "X-Forwarded-Proto: javascript|X-Forwarded-Host: a/b|X-Request-ID: a b|X-Real-IP: x", "X-Forwarded-For: ::1|X-Forwarded-Proto: http|X-Forwarded-Host: web.io:80|X-Forwarded-Port: 80|X-Real-IP: ::1|" +
			`Forwarded: for="[::1]";host="web.io:80";proto=http|X-Request-ID: ID|`},
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-web.io/")
		var err error
		if d.common.Forwarder, err = ParseForwarder(c.trusted); err != nil {
			t.Fatal(err)
		}
		d.client = NewClient(netip.MustParseAddr(c.peer), c.scheme, &d.common.Forwarder)
		if got, want := d.sent(t, request+c.claims), request+c.want; got != want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, want)
		}
	}
	if _, err := ParseForwarder("10.0.0.0/8, nonsense"); err == nil {
		t.Error("nonsense was taken for a proxy")
	}
}

// The port is the one that the client asked for: what a trusted proxy says, what the host names, or the scheme's.
func TestForwardedPort(t *testing.T) {
	for _, c := range []struct{ scheme, peer, host, claims, want string }{
		{"http", "192.0.2.7", "web.io", "", "80"},
		{"https", "192.0.2.7", "web.io", "", "443"},
		{"https", "192.0.2.7", "web.io:", "", "443"},
		{"http", "192.0.2.7", "web.io:8080", "", "8080"},
		{"https", "192.0.2.7", "[::1]", "", "443"},
		{"https", "192.0.2.7", "[::1]:8443", "", "8443"},
		{"http", "192.0.2.7", "web.io", "X-Forwarded-Port: 444|X-Forwarded-Proto: https", "80"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: 444", "444"},
		{"http", "10.0.0.9", "web.io:8080", "X-Forwarded-Port: 444", "444"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Proto: https", "443"},
		{"http", "10.0.0.9", "inner:8080", "X-Forwarded-Host: web.io|X-Forwarded-Proto: https", "443"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Host: web.io:445", "445"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: 0", "80"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: 65536", "80"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: 443, 80", "80"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: +443", "80"},
		{"http", "10.0.0.9", "web.io", "X-Forwarded-Port: x", "80"},
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-/")
		var err error
		if d.common.Forwarder, err = ParseForwarder("10.0.0.0/8"); err != nil {
			t.Fatal(err)
		}
		d.client = NewClient(netip.MustParseAddr(c.peer), c.scheme, &d.common.Forwarder)
		got := d.sent(t, strings.TrimSuffix("GET / HTTP/1.1|Host: "+c.host+"|"+c.claims, "|"))
		if strings.Count(got, "X-Forwarded-Port") != 1 || !strings.Contains(got, "|X-Forwarded-Port: "+c.want+"|") {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestAnswerHead(t *testing.T) {
	const get, old, stays = "GET / HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/1.0|Connection: keep-alive"
	const ok = "HTTP/1.1 200 OK|Date: then|"
	for _, c := range []struct {
		name, request, answer, want string
		end                         bool
		framing                     http1.Kind
	}{
		{"of a length", get, ok + "Content-Length: 3", ok + "Content-Length: 3|", false, http1.Sized},
		{"no date", get, "HTTP/1.1 200 OK|Content-Length: 3", "HTTP/1.1 200 OK|Date: Fri, 15 Jan 2027 08:00:00 GMT|Content-Length: 3|", false, http1.Sized},
		{"hop by hop", get, ok + "Connection: close, X-Hop|X-Hop: 1|Keep-Alive: 1|Proxy-Connection: a|Upgrade: h2c|TE: a|Content-Length: 3|X: y", ok + "X: y|Content-Length: 3|", false, http1.Sized},
		{"its framing can't be named away", get, ok + "Connection: content-length|Content-Length: 3", ok + "Content-Length: 3|", false, http1.Sized},
		{"in chunks", get, ok + "Transfer-Encoding: chunked|Trailer: X-Sum, Authorization", ok + "Transfer-Encoding: chunked|Trailer: X-Sum|", false, http1.Chunked},
		{"until the end", get, ok + "X: y", ok + "X: y|Transfer-Encoding: chunked|", false, http1.Chunked},
		{"for the last time", get, ok + "Content-Length: 3", ok + "Content-Length: 3|Connection: close|", true, http1.Sized},
		{"of a length to HTTP/1.0", stays, ok + "Content-Length: 3", ok + "Content-Length: 3|Connection: keep-alive|", false, http1.Sized},
		{"in chunks to HTTP/1.0", stays, ok + "Transfer-Encoding: chunked|Trailer: X-Sum", ok + "Connection: close|", false, http1.UntilClose},
		{"until the end to HTTP/1.0", old, ok + "X: y", ok + "X: y|Connection: close|", true, http1.UntilClose},
		{"to HEAD", "HEAD / HTTP/1.1", ok + "Content-Length: 3", ok + "Content-Length: 3|", false, http1.None},
		{"to HEAD in chunks", "HEAD / HTTP/1.1", ok + "Transfer-Encoding: chunked", ok, false, http1.None},
		{"304", get, "HTTP/1.1 304 |Date: then|Content-Length: 3|ETag: 1", "HTTP/1.1 304 |Date: then|ETag: 1|Content-Length: 3|", false, http1.None},
		{"204", get, "HTTP/1.1 204 None|Date: then|Content-Length: 3", "HTTP/1.1 204 None|Date: then|", false, http1.None},
		{"from HTTP/1.0", get, "HTTP/1.0 200 Fine|Date: then|Content-Length: 0", "HTTP/1.1 200 Fine|Date: then|Content-Length: 0|", false, http1.Sized},
		{"a switch", get + "|Upgrade: websocket|Connection: upgrade", "HTTP/1.1 101 Go|Upgrade: websocket|Connection: Upgrade, X-Hop|X-Hop: 1|Sec-WebSocket-Accept: x",
			"HTTP/1.1 101 Go|Upgrade: websocket|Sec-WebSocket-Accept: x|Connection: Upgrade|", false, http1.None},
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-/")
		d.now = time.Unix(1_800_000_000, 0)
		var x Exchange
		d.asked(t, &x, c.request+"|Host: web.io")
		x.Match(d.table)
		ans := answered(t, x.Request.Method, c.answer)
		x.Answered(ans, time.Millisecond, d.now, true)
		got := strings.ReplaceAll(string(x.AppendAnswer(nil, ans, c.end, d.now)), "\r\n", "|")
		if got != c.want+"|" {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want+"|")
		}
		if f := x.AnswerFraming(ans); f.Kind != c.framing {
			t.Errorf("%s: framed as %d, want %d", c.name, f.Kind, c.framing)
		}
		if x.CloseAfter() != strings.Contains(got, "|Connection: close|") {
			t.Errorf("%s: CloseAfter is %v after %q", c.name, x.CloseAfter(), got)
		}
		x.Finish(d.now)
	}
}

func TestInterimAnswers(t *testing.T) {
	const waits = "PUT / HTTP/1.1|Host: web.io|Content-Length: 9|Expect: 100-continue"
	const get, ws = "GET / HTTP/1.1|Host: web.io", "GET / HTTP/1.1|Host: web.io|Upgrade: websocket|Connection: upgrade"
	for _, c := range []struct {
		name, request, answer string
		heard                 ResponseKind
		want                  string
	}{
		{"hints", get, "HTTP/1.1 103 Early Hints|Link: a|Connection: b|B: c", ResponseInterim, "HTTP/1.1 103 Early Hints|Link: a||"},
		{"hints to HTTP/1.0", "GET / HTTP/1.0|Host: web.io", "HTTP/1.1 103 Early Hints|Link: a", ResponseInterim, ""},
		{"go on, asked for", waits, "HTTP/1.1 100 Continue", ResponseInterim, "HTTP/1.1 100 Continue||"},
		{"go on, not asked for", get, "HTTP/1.1 100 Continue", ResponseInterim, ""},
		{"a switch", ws, "HTTP/1.1 101 Switching|Upgrade: WebSocket|Connection: upgrade", ResponseSwitch, ""},
		{"a switch that nobody asked for", get, "HTTP/1.1 101 Switching|Upgrade: websocket|Connection: upgrade", ResponseInvalid, ""},
		{"a switch to something else", ws, "HTTP/1.1 101 Switching|Upgrade: h2c|Connection: upgrade", ResponseInvalid, ""},
		{"a switch to nothing", ws, "HTTP/1.1 101 Switching", ResponseInvalid, ""},
		{"an answer", ws, "HTTP/1.1 426 Upgrade Required", ResponseFinal, ""},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, c.request)
		ans := answered(t, x.Request.Method, c.answer)
		heard := x.Classify(ans)
		got := ""
		if heard == ResponseInterim {
			got = strings.ReplaceAll(string(x.AppendInterim(nil, ans)), "\r\n", "|")
		}
		if heard != c.heard || got != c.want {
			t.Errorf("%s: heard %d, passed on %q, want %d, %q", c.name, heard, got, c.heard, c.want)
		}
		x.Finish(d.now)
	}
	d := newDesk(t, nil)
	var x Exchange
	d.asked(t, &x, waits)
	if first, second := x.AppendContinue(nil), x.AppendInterim(nil, answered(t, "PUT", "HTTP/1.1 100 Continue")); len(first) == 0 || len(second) != 0 {
		t.Errorf("the client was told to go on with %q and %q", first, second)
	}
	hints := answered(t, "PUT", "HTTP/1.1 103 Early Hints")
	n := 0
	for x.Classify(hints) == ResponseInterim {
		n++
	}
	if n != maxInterim {
		t.Errorf("%d interim answers passed on, want %d", n, maxInterim)
	}
}

func TestAnswerFieldsForHTTP2(t *testing.T) {
	d := newDesk(t, nil)
	var x Exchange
	d.client.HTTP2 = true
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
	for answer, want := range map[string]string{
		"HTTP/1.1 200 OK|Connection: x|X: 1|Y: 2|Content-Length: 3|Trailer: Z": "Y: 2|Content-Length: 3",
		"HTTP/1.1 200 OK|Transfer-Encoding: chunked|Upgrade: h2|Y: 2":          "Y: 2",
		"HTTP/1.1 204 OK|Content-Length: 3|Y: 2":                               "Y: 2",
	} {
		if got := strings.Join(lines(x.AnswerFields(nil, answered(t, "GET", answer))), "|"); got != want {
			t.Errorf("%s: %q, want %q", answer, got, want)
		}
	}
	if got := strings.Join(lines(AppendTrailers(nil, fields("X-Sum: 1", "content-length: 5", "Host: evil", "Trailer: x", "Cookie: a", "X_Y: 1"), nil)), "|"); got != "X-Sum: 1" {
		t.Errorf("trailers: %q", got)
	}
	x.Finish(d.now)
}
