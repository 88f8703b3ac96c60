package http1

import (
	"strings"
	"testing"
)

// How long a request's body is has one answer, or none.
func TestRequestFraming(t *testing.T) { wire{}.checkAll(t, requestFraming) }

// codedField and the bodies that go with it.
const (
	codedField  = "Transfer-Encoding: chunked\r\n"
	helloChunks = "5\r\nhello\r\n0\r\n\r\n"
	lastChunk   = "0\r\n\r\n"
)

var requestFraming = []wireCase{
	{"two lengths that differ", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"+second), "400"},
	{"two lengths that agree", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400"},
	{"length as a list", post("Content-Length: 5, 5\r\n", "hello"), "400"},
	{"length with a plus", post("Content-Length: +5\r\n", "hello"), "400"},
	{"length with a minus", post("Content-Length: -5\r\n", "hello"), "400"},
	{"length in hexadecimal", post("Content-Length: 0x5\r\n", "hello"), "400"},
	{"length with an underscore", post("Content-Length: 1_0\r\n", "hellohello"), "400"},
	{"length with a fraction", post("Content-Length: 5.0\r\n", "hello"), "400"},
	{"length with a blank within", post("Content-Length: 5 5\r\n", "hello"), "400"},
	{"length of other digits", post("Content-Length: \xd9\xa5\r\n", "hello"), "400"},
	{"length empty", post("Content-Length: \r\n", second), "400"},
	{"length above 64 bits", post("Content-Length: 18446744073709551621\r\n", "hello"), "400"},
	{"length above 63 bits", post("Content-Length: 9223372036854775808\r\n", "hello"), "400"},
	{"length of 63 bits", post("Content-Length: 9223372036854775807\r\n", "hello"), "POST /p at t [hello] cut"},
	{"length with leading zeros", post("Content-Length: 0005\r\n", "hello"), "POST /p at t [hello]"},
	{"length with a blank before the colon", post("Content-Length : 5\r\n", "hello"), "400"},
	{"length and tabs around", post("Content-Length:\t5 \t\r\n", "hello"), "POST /p at t [hello]"},
	{"length in capitals", post("CONTENT-LENGTH: 5\r\n", "hello"), "POST /p at t [hello]"},
	{"length of nothing", post("Content-Length: 0\r\n", second), "POST /p at t; GET /smug at t"},
	{"no length", post("", second), "POST /p at t; GET /smug at t"},
	{"a body on GET", get("/g", "Content-Length: 46\r\n") + second, "GET /g at t [" + second + "]"},
	{"a request behind a body", post("Content-Length: 5\r\n", "hello"+second), "POST /p at t [hello]; GET /smug at t"},
	{"coding and length", post("Content-Length: 5\r\n"+codedField, helloChunks), "400"},
	{"coding and length, a request behind", post("Content-Length: 51\r\n"+codedField, lastChunk+second), "400"},
	{"coding before length", post(codedField+"Content-Length: 5\r\n", helloChunks), "400"},
	{"coding and length of nothing", post("Content-Length: 0\r\n"+codedField, helloChunks), "400"},
	{"coding unknown and length", post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "hello"), "501"},
	{"coding identity and length", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), "501"},
	{"coding unknown", post("Transfer-Encoding: chunke\r\n", helloChunks), "501"},
	{"coding quoted", post("Transfer-Encoding: \"chunked\"\r\n", helloChunks), "501"},
	{"chunked and what looks like it", post("Transfer-Encoding: chunkedfoo\r\n", helloChunks), "501"},
	{"gzip, then chunked", post("Transfer-Encoding: gzip, chunked\r\n", helloChunks), "501"},
	{"chunked, then gzip", post("Transfer-Encoding: chunked, gzip\r\n", helloChunks), "400"},
	{"chunked twice in a list", post("Transfer-Encoding: chunked, chunked\r\n", helloChunks), "400"},
	{"chunked twice in two lines", post(codedField+codedField, helloChunks), "400"},
	{"chunked, then identity, in two lines", post(codedField+"Transfer-Encoding: identity\r\n", helloChunks), "400"},
	{"chunked and a comma", post("Transfer-Encoding: chunked,\r\n", helloChunks), "400"},
	{"a comma and chunked", post("Transfer-Encoding: ,chunked\r\n", helloChunks), "400"},
	{"chunked with a parameter", post("Transfer-Encoding: chunked;q=1\r\n", helloChunks), "400"},
	{"coding empty", post("Transfer-Encoding:\r\n", helloChunks), "400"},
	{"chunked in capitals", post("transfer-encoding: CHUNKED\r\n", helloChunks), "POST /p at t [hello]"},
	{"chunked behind a vertical tab", post("Transfer-Encoding: \vchunked\r\nContent-Length: 5\r\n", "hello"), "400"},
	{"chunked behind a form feed", post("Transfer-Encoding: \fchunked\r\n", helloChunks), "400"},
	{"chunked behind a no-break space", post("Transfer-Encoding: \xa0chunked\r\n", helloChunks), "501"},
	{"chunked with a Kelvin sign", post("Transfer-Encoding: chun\u212aed\r\n", helloChunks), "501"},
	{"coding with a blank before the colon", post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", lastChunk), "400"},
	{"coding with a tab before the colon", post("Transfer-Encoding\t: chunked\r\nContent-Length: 5\r\n", lastChunk), "400"},
	{"coding folded", post("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", lastChunk), "400"},
	{"coding with NUL", post("Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n", lastChunk), "400"},
	{"coding with an underscore is another field", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), "POST /p at t [hello]"},
	{"coding on HTTP/1.0", "POST /p HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n" + codedField + "\r\n" + lastChunk + second, "400"},
	{"coding hidden behind LF", post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", lastChunk), "400"},
	{"coding hidden behind CR", post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), "400"},
	{"length named by Connection", post("Connection: Content-Length\r\nContent-Length: 46\r\n", second), "POST /p at t [" + second + "]"},
	{"coding named by Connection", post("Connection: transfer-encoding\r\n"+codedField, helloChunks+second), "POST /p at t [hello]; GET /smug at t"},
	{"chunked on GET", get("/g", codedField) + helloChunks + second, "GET /g at t [hello]; GET /smug at t"},
	{"a length announced as a trailer", post(codedField+"Trailer: X-T, content-length\r\n", helloChunks), "400"},
	{"a coding announced as a trailer", post(codedField+"Trailer: Transfer-Encoding\r\n", helloChunks), "400"},
	{"the list of trailers announced as one", post(codedField+"Trailer: trailer\r\n", helloChunks), "400"},
	{"a trailer announced", post(codedField+"Trailer: X-T\r\n", helloChunks), "POST /p at t [hello]"},
	{"a body cut short", post("Content-Length: 6\r\n", "hello"), "POST /p at t [hello] cut"},
}

func TestRequestLines(t *testing.T) { wire{}.checkAll(t, requestLines) }

var requestLines = []wireCase{
	{"two blanks before the target", "GET  /g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"two blanks before the version", "GET /g  HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a tab before the target", "GET\t/g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a blank behind the version", "GET /g HTTP/1.1 \r\nHost: t\r\n\r\n", "400"},
	{"a blank in the target", "GET /g /h HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a blank first", " GET /g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"an empty line first", "\r\n" + get("/g", "") + "\r\n" + get("/h", ""), "GET /g at t; GET /h at t"},
	{"two empty lines first", "\r\n\r\n" + get("/g", ""), "400"},
	{"an empty line of LF first", "\n" + get("/g", ""), "400"},
	{"CR alone first", "\r" + get("/g", ""), "400"},
	{"no version", "GET /g\r\n", "400"},
	{"no version, and more", "GET /long-enough-for-a-version\r\n\r\n", "400"},
	{"no target", "GET HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"no method", "/g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"version 0.9", "GET /g HTTP/0.9\r\nHost: t\r\n\r\n", "505"},
	{"version 2.0", "GET /g HTTP/2.0\r\n", "505"},
	{"version 1.2", "GET /g HTTP/1.2\r\nHost: t\r\n\r\n", "505"},
	{"version 1.10", "GET /g HTTP/1.10\r\nHost: t\r\n\r\n", "400"},
	{"version 1", "GET /g HTTP/1\r\nHost: t\r\n\r\n", "400"},
	{"version in small letters", "GET /g http/1.1\r\nHost: t\r\n\r\n", "400"},
	{"version of another protocol", "GET /g ICAP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a separator in the method", "GE(T /g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a slash in the method", "HTTP/1.1 /g HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
	{"a method of one's own", "M-SEARCH * HTTP/1.1\r\nHost: t\r\n\r\n", "M-SEARCH * at t"},
	{"a method in small letters", "get /g HTTP/1.1\r\nHost: t\r\n\r\n", "get /g at t"},
	{"absolute", get("http://t/g", ""), "GET http://t/g at t"},
	{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "OPTIONS * at t"},
	{"NUL in the target", get("/g\x00", ""), "400"},
	{"DEL in the target", get("/g\x7f", ""), "400"},
	{"a tab in the target", get("/g\tx", ""), "400"},
	{"an 8-bit byte in the target", get("/g\xff", ""), "400"},
	{"CR in the target", get("/g\rx", ""), "400"},
	{"CR before the line's end", "GET /g HTTP/1.1\r\r\nHost: t\r\n\r\n", "400"},
	{"an encoded line end stays encoded", get("/g%0d%0aX-Smuggled:%201", ""), "GET /g%0d%0aX-Smuggled:%201 at t"},
	{"lines of LF", "GET /g HTTP/1.1\nHost: t\n\n", "400"},
	{"a TLS greeting", "\x16\x03\x01\x02\x00\x01", "400"},
	{"an endless request line", get("/"+strings.Repeat("a", 20<<10), ""), "414"},
	{"a status line", "HTTP/1.1 200 OK\r\nHost: t\r\n\r\n", "400"},
	{"an HTTP/2 preface", preface, "505"},
}

func TestRequestHosts(t *testing.T) { wire{}.checkAll(t, requestHosts) }

func toHost(fields string) string { return "GET /g HTTP/1.1\r\n" + fields + "\r\n" }

var requestHosts = []wireCase{
	{"none", toHost(""), "400"},
	{"none, but an absolute target", "GET http://t/g HTTP/1.1\r\n\r\n", "400"},
	{"none on HTTP/1.0", "GET /g HTTP/1.0\r\n\r\n" + second, "GET /g at  close"},
	{"empty", toHost("Host:\r\n"), "400"},
	{"empty on HTTP/1.0", "GET /g HTTP/1.0\r\nHost: \r\n\r\n", "400"},
	{"two", toHost("Host: t\r\nHost: evil\r\n"), "400"},
	{"two that agree", toHost("Host: t\r\nhost: t\r\n"), "400"},
	{"two on HTTP/1.0", "GET /g HTTP/1.0\r\nHost: t\r\nHost: t\r\n\r\n", "400"},
	{"a list", toHost("Host: t, evil\r\n"), "400"},
	{"with a path", toHost("Host: t/evil\r\n"), "400"},
	{"with a user", toHost("Host: t@evil\r\n"), "400"},
	{"with a query", toHost("Host: t?x\r\n"), "400"},
	{"with a backslash", toHost("Host: t\\evil\r\n"), "400"},
	{"with junk for a port", toHost("Host: t:8x\r\n"), "400"},
	{"with two ports", toHost("Host: t:80:80\r\n"), "400"},
	{"with a port of nothing", toHost("Host: t:\r\n"), "GET /g at t:"},
	{"a port alone", toHost("Host: :80\r\n"), "400"},
	{"with NUL", toHost("Host: t\x00.evil\r\n"), "400"},
	{"with a blank", toHost("Host: t evil\r\n"), "400"},
	{"with an 8-bit byte", toHost("Host: t\xe9\r\n"), "400"},
	{"with a percent sign", toHost("Host: t%2e\r\n"), "400"},
	{"IPv6", toHost("Host: [::1]:80\r\n"), "GET /g at [::1]:80"},
	{"IPv6 with a zone", toHost("Host: [fe80::1%25eth0]\r\n"), "400"},
	{"IPv6 without an end", toHost("Host: [::1\r\n"), "400"},
	{"IPv6 and a name", toHost("Host: [::1]evil\r\n"), "400"},
	{"IPv4 in brackets", toHost("Host: [127.0.0.1]\r\n"), "400"},
	{"with an underscore", toHost("Host: a_b.t\r\n"), "GET /g at a_b.t"},
}

func TestFieldLines(t *testing.T) { wire{}.checkAll(t, fieldLines) }

func withFields(n int) string { return get("/g", strings.Repeat("X-A: 1\r\n", n)) }

var fieldLines = []wireCase{
	{"folded", get("/g", "X-A: 1\r\n 2\r\n"), "400"},
	{"folded with a tab", get("/g", "X-A: 1\r\n\t2\r\n"), "400"},
	{"folded first", "GET /g HTTP/1.1\r\n Host: t\r\n\r\n", "400"},
	{"a line of blanks", get("/g", "X-A: 1\r\n \r\n"), "400"},
	{"a blank in the name", get("/g", "X A: 1\r\n"), "400"},
	{"a blank behind the name", get("/g", "X-A : 1\r\n"), "400"},
	{"no name", get("/g", ": 1\r\n"), "400"},
	{"no colon", get("/g", "XA\r\n"), "400"},
	{"an 8-bit byte in the name", get("/g", "X\xe9: 1\r\n"), "400"},
	{"NUL in the name", get("/g", "X\x00: 1\r\n"), "400"},
	{"NUL in the value", get("/g", "X-A: 1\x002\r\n"), "400"},
	{"CR in the value", get("/g", "X-A: 1\r2\r\n"), "400"},
	{"CR before the line's end", get("/g", "X-A: 1\r\r\n"), "400"},
	{"LF in the value", get("/g", "X-A: 1\n2\r\n"), "400"},
	{"LF before the line's end", get("/g", "X-A: 1\n\r\n"), "400"},
	{"a control in the value", get("/g", "X-A: 1\x012\r\n"), "400"},
	{"a control far into the value", get("/g", "X-A: 0123456789abcdef0123456789\x1f\r\n"), "400"},
	{"DEL in the value", get("/g", "X-A: 0123456\x7f789\r\n"), "400"},
	{"a line end of LF CR", get("/g", "X-A: 1\n\rX-B: 2\r\n"), "400"},
	{"an end of LF", "GET /g HTTP/1.1\r\nHost: t\r\n\n", "400"},
	{"CR alone where the head ends", "GET /g HTTP/1.1\r\nHost: t\r\n\rX\r\n\r\n", "400"},
	{"a tab and an 8-bit byte in the value", get("/g", "X-A: 1\t\xe9\r\n"), "GET /g at t"},
	{"128 fields", withFields(127), "GET /g at t"},
	{"129 fields", withFields(128), "431"},
	{"64 kB", get("/g", "X-A: "+strings.Repeat("a", 64<<10)+"\r\n"), "431"},
	{"64 kB without a line end", "GET /g HTTP/1.1\r\nX-A: " + strings.Repeat("a", 64<<10), "431"},
	{"64 connection options", get("/g", "Connection: "+strings.Repeat("a,", 64)+"\r\n"), "GET /g at t"},
	{"65 connection options", get("/g", "Connection: "+strings.Repeat("a,", 65)+"\r\n"), "431"},
	{"an unknown expectation", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), "417"},
	{"two expectations", post("Expect: 100-continue, x\r\nContent-Length: 5\r\n", "hello"), "417"},
}

// Whether there is another request on the connection.
func TestRequestsOnOneConnection(t *testing.T) { wire{}.checkAll(t, requestSeries) }

var requestSeries = []wireCase{
	{"two", get("/g", "") + get("/h", ""), "GET /g at t; GET /h at t"},
	{"close, and more", get("/g", "Connection: close\r\n") + second, "GET /g at t close"},
	{"close among others", get("/g", "Connection: x, Close\r\n") + second, "GET /g at t close"},
	{"close in a second field", get("/g", "Connection: keep-alive\r\nConnection: close\r\n") + second, "GET /g at t close"},
	{"close within a word", get("/g", "Connection: closed\r\n") + second, "GET /g at t; GET /smug at t"},
	{"HTTP/1.0", "GET /g HTTP/1.0\r\nHost: t\r\n\r\n" + second, "GET /g at t close"},
	{"HTTP/1.0 kept", "GET /g HTTP/1.0\r\nHost: t\r\nConnection: Keep-Alive\r\n\r\n" + second, "GET /g at t; GET /smug at t"},
	{"HTTP/1.0 kept and closed", "GET /g HTTP/1.0\r\nHost: t\r\nConnection: close, keep-alive\r\n\r\n" + second, "GET /g at t close"},
	{"HTTP/1.0 with a body", "POST /p HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "POST /p at  [hello] close"},
	{"an upgrade nobody answered", get("/g", "Upgrade: foo\r\nConnection: Upgrade\r\n") + second, "GET /g at t; GET /smug at t"},
	{"the second is broken", get("/g", "") + "GET /h\r\n", "GET /g at t;  400"},
}
