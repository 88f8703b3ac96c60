package conformance

import "strings"

const ok = "HTTP/1.1 200 OK\r\n"

// poison is a whole answer that nobody asked for.
const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

// verdicts beside status codes: of an answer that breaks off, the client must see that it does.
const (
	cutOff = -1 // no answer, or a cut one; 502 is right too
	either = 0  // 502, or the answer's body
)

// answerCase is an instance's answer as bytes, and what the client must get.
type answerCase struct {
	name, method, answer string
	code                 int
	body                 string
	kept                 bool // the connection may serve again
}

// lengthCases are answers whose length is broken or could be understood in two ways (RFC 9112 section 6).
var lengthCases = []answerCase{
	{"plain", "GET", ok + "Content-Length: 2\r\n\r\nok", 200, "ok", true},
	{"chunked", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", 200, "ok", true},
	{"coding and length", "GET", ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", either, "ok", false},
	{"two lengths", "GET", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, "", false},
	{"two lengths the same", "GET", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", either, "ok", true},
	{"length junk", "GET", ok + "Content-Length: 2x\r\n\r\nok", 502, "", false},
	{"length below zero", "GET", ok + "Content-Length: -2\r\n\r\nok", 502, "", false},
	{"length with plus", "GET", ok + "Content-Length: +2\r\n\r\nok", 502, "", false},
	{"length past 64 bits", "GET", ok + "Content-Length: 18446744073709551618\r\n\r\nok", 502, "", false},
	{"unknown coding", "GET", ok + "Transfer-Encoding: foo\r\n\r\nok", either, "ok", false},
	{"body shorter than announced", "GET", ok + "Content-Length: 10\r\n\r\nok", cutOff, "", false},
	{"no last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", cutOff, "", false},
	{"cut in a chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n8\r\nok", cutOff, "", false},
	{"bad chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n", cutOff, "", false},
	{"bad second chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\nok\r\n0\r\n\r\n", cutOff, "", false},
	{"chunk size past 64 bits", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n", cutOff, "", false},
	{"LF after a chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", cutOff, "", false},
	{"body that ends with the connection", "GET", ok + "\r\nok", 200, "ok", false},
	{"bytes behind a length", "GET", ok + "Content-Length: 2\r\n\r\nok" + poison, 200, "ok", false},
	{"bytes behind the last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + poison, 200, "ok", false},
	{"204 with a body", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello" + poison, 204, "", false},
	{"304 with a body", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello" + poison, 304, "", false},
	{"HEAD with a body", "HEAD", ok + "Content-Length: 5\r\n\r\nhello" + poison, 200, "", false},
	{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
	{"HTTP/1.0 that stays", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
}

// headCases are answers whose head is broken or too large (RFC 9112 sections 4 and 5).
var headCases = []answerCase{
	{"NUL in a value", "GET", ok + "X: a\x00b\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"CR in a value", "GET", ok + "X: a\rb\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"folded field", "GET", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", either, "ok", false},
	{"no colon", "GET", ok + "XA\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"blank before a colon", "GET", ok + "X : a\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"field named by Connection", "GET", ok + "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
	{"status 2000", "GET", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"status 99", "GET", "HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"status 099", "GET", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"status 600", "GET", "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"no status", "GET", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
	{"HTTP/2.0", "GET", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", false},
	{"garbage", "GET", "\x16\x03\x01\x02\x00\r\n\r\n", 502, "", false},
	{"HTTP/0.9", "GET", "<html>hello</html>\r\n", 502, "", false},
	{"nothing", "POST", "", 502, "", false},
	{"101 that nobody asked for", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502, "", false},
	{"103, then 200", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", 200, "ok", true},
	{"103 that is cut", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", cutOff, "", false},
	{"2,000 times 103", "GET", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 2000) + ok + "Content-Length: 2\r\n\r\nok", either, "ok", false},
	{"field of 1 MB", "GET", ok + "X: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", 502, "", false},
	{"20,000 fields", "GET", ok + strings.Repeat("X: a\r\n", 20000) + "\r\n", 502, "", false},
	{"lines that end in LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", either, "ok", false},
}
