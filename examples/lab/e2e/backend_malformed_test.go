package e2e

import "strings"

const (
	smuggled = "GET /smug HTTP/1.1\r\nHost: web.localhost\r\nX-Smuggled: 1\r\n\r\n"
	pause    = "<pause>"
	hostLine = "Host: web.localhost\r\n"
	chunked  = "Transfer-Encoding: chunked\r\n"
)

// malformedCase is a request as bytes, and what may become of it. A stricter answer than the RFCs ask for is right; a clean
// request that was understood in the one safe way is too.
type malformedCase struct {
	name, send string
	codes      []int // any of these as the first answer
	ends       bool  // the connection must end
	whole      int   // at most so many requests go on
	contains   string
}

func rawPost(fields, body string) string {
	return "POST /p HTTP/1.1\r\n" + hostLine + fields + "\r\n" + body
}
func rawGet(target, fields string) string {
	return "GET " + target + " HTTP/1.1\r\n" + hostLine + fields + "\r\n"
}

var (
	refused  = []int{400, 501}
	eitherOr = []int{200, 400, 501}
	tooLarge = []int{431, 400}
	badChunk = []int{400, 413}
)

// malformed requests: length and coding, chunks, targets, hosts, fields, hop-by-hop fields, and what follows a request.
var malformed = slicesOf(framingCases, chunkCases, targetCases, fieldCases, hopCases)

func slicesOf(all ...[]malformedCase) (list []malformedCase) {
	for _, part := range all {
		list = append(list, part...)
	}
	return list
}

var framingCases = []malformedCase{
	{"two lengths", rawPost("Content-Length: 5\r\nContent-Length: 6\r\n", "hello<smug>"), refused, true, 0, ""},
	{"length twice the same", rawPost("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), eitherOr, false, 1, ""},
	{"length as a list", rawPost("Content-Length: 5, 5\r\n", "hello"), eitherOr, false, 1, ""},
	{"length with plus", rawPost("Content-Length: +5\r\n", "hello"), refused, true, 0, ""},
	{"length empty", rawPost("Content-Length: \r\n", "<smug>"), refused, true, 0, ""},
	{"length past 64 bits", rawPost("Content-Length: 18446744073709551621\r\n", "hello"), []int{400, 413}, true, 0, ""},
	{"blank before the colon of the length", rawPost("Content-Length : 5\r\n", "hello"), refused, true, 0, ""},
	{"GET with a body that is a request", rawGet("/g", "Content-Length: <len>\r\n") + "<smug>", eitherOr, false, 1, ""},
	{"coding and length", rawPost("Content-Length: 5\r\n"+chunked, "5\r\nhello\r\n0\r\n\r\n"), eitherOr, true, 1, ""},
	{"coding and a length that reaches further", rawPost("Content-Length: <len+5>\r\n"+chunked, "0\r\n\r\n<smug>"), eitherOr, true, 1, ""},
	{"unknown coding and length", rawPost("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "hello"), refused, true, 0, ""},
	{"coding identity and length", rawPost("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), refused, true, 0, ""},
	{"coding gzip, chunked", rawPost("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), refused, true, 0, ""},
	{"coding chunked, gzip", rawPost("Transfer-Encoding: chunked, gzip\r\n", "5\r\nhello\r\n0\r\n\r\n"), refused, true, 0, ""},
	{"coding on two lines", rawPost(chunked+chunked, "5\r\nhello\r\n0\r\n\r\n"), refused, true, 0, ""},
	{"VT before the coding", rawPost("Transfer-Encoding: \vchunked\r\nContent-Length: 5\r\n", "hello"), refused, true, 0, ""},
	{"comma after the coding", rawPost("Transfer-Encoding: chunked,\r\n", "5\r\nhello\r\n0\r\n\r\n"), refused, true, 0, ""},
	{"blank before the colon of the coding", rawPost("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), refused, true, 0, ""},
	{"folded coding and length", rawPost("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), eitherOr, true, 1, ""},
	{"NUL in the coding", rawPost("Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n", "0\r\n\r\n"), refused, true, 0, ""},
	{"coding with underscore", rawPost("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), eitherOr, false, 1, ""},
	{"coding on HTTP/1.0", "POST /p HTTP/1.0\r\n" + hostLine + "Connection: keep-alive\r\n" + chunked + "\r\n0\r\n\r\n<smug>", eitherOr, true, 1, ""},
	{"coding behind a bare LF", rawPost("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), eitherOr, true, 1, ""},
	{"coding behind a bare CR", rawPost("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), refused, true, 0, ""},
}

var chunkCases = []malformedCase{
	{"chunk size 0x5", rawPost(chunked, "0x5\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"chunk size past 64 bits", rawPost(chunked, "10000000000000005\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"blank after a chunk size", rawPost(chunked, "5 \r\nhello\r\n0\r\n\r\n"), []int{200, 400}, false, 1, ""},
	{"LF in a chunk extension", rawPost(chunked, "5;\nhello\r\n0\r\n\r\n<smug>"), badChunk, true, 0, ""},
	{"chunk extension of 64 kB", rawPost(chunked, "5;"+strings.Repeat("a", 64<<10)+"\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"LF after a chunk size", rawPost(chunked, "5\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"no CRLF after a chunk", rawPost(chunked, "5\r\nhello0\r\n\r\n<smug>"), badChunk, true, 0, ""},
	{"empty chunk size", rawPost(chunked, "\r\n\r\n"), badChunk, true, 0, ""},
	{"length and host in the trailer", rawPost(chunked, "5\r\nhello\r\n0\r\nContent-Length: 99\r\nHost: evil\r\n\r\n"), []int{200, 400}, false, 1, ""},
	{"trailer with bare LF, then a request", rawPost(chunked, "5\r\nhello\r\n0\r\nX-T: 1\n\r\n<smug>"), []int{200, 400}, true, 1, ""},
	{"a request as trailer", rawPost(chunked, "5\r\nhello\r\n0\r\nGET /smug HTTP/1.1\r\nX: y\r\n\r\n"), badChunk, true, 0, ""},
}

var targetCases = []malformedCase{
	{"two blanks", "GET  /g HTTP/1.1\r\n" + hostLine + "\r\n", []int{400, 200}, false, 1, ""},
	{"empty line first", "\r\n" + rawGet("/g", ""), []int{200}, false, 1, "GET /g HTTP/1.1\r\n"},
	{"HTTP/0.9", "GET /a-longer-target\r\n\r\n", refused, true, 0, ""},
	{"HTTP/2.0", "GET /g HTTP/2.0\r\n" + hostLine + "\r\n", []int{505, 400}, true, 0, ""},
	{"HTTP/1.10", "GET /g HTTP/1.10\r\n" + hostLine + "\r\n", []int{400, 505}, true, 0, ""},
	{"separator in the method", "GE(T /g HTTP/1.1\r\n" + hostLine + "\r\n", refused, true, 0, ""},
	{"asterisk with GET", rawGet("*", ""), refused, true, 0, ""},
	{"authority with GET", rawGet("web.localhost:80", ""), refused, true, 0, ""},
	{"CONNECT", "CONNECT web.localhost:443 HTTP/1.1\r\n" + hostLine + "\r\n", []int{405, 501, 400}, true, 0, ""},
	{"absolute target", rawGet("http://web.localhost/g", ""), []int{200}, false, 1, "GET /g HTTP/1.1\r\n"},
	{"absolute target, other host", "GET http://web.localhost/g HTTP/1.1\r\nHost: victim\r\n\r\n", []int{200, 400}, false, 1, ""},
	{"absolute target with user", rawGet("http://t@web.localhost/g", ""), refused, true, 0, ""},
	{"fragment", rawGet("/g#frag", ""), refused, true, 0, ""},
	{"NUL in the target", rawGet("/g\x00", ""), refused, true, 0, ""},
	{"8-bit byte in the target", rawGet("/g\xff", ""), refused, true, 0, ""},
	{"lines that end in LF", "GET /g HTTP/1.1\nHost: web.localhost\n\n", []int{400, 200}, false, 1, ""},
	{"escaped NUL", rawGet("/g%00", ""), []int{200, 400}, false, 1, ""},
	{"bad escape", rawGet("/g%zz", ""), refused, true, 0, ""},
	{"escaped CRLF", rawGet("/g%0d%0aX-Smuggled:%201", ""), []int{200, 400}, false, 1, "/g%0d%0aX-Smuggled:%201 "},
	{"above the root", rawGet("/a/../../b", ""), refused, true, 0, ""},
	{"dot segments", rawGet("/a/x/../b", ""), []int{200}, false, 1, "GET /a/b HTTP/1.1\r\n"},
	{"query as it stands", rawGet("/g?a=1;b=2&c=%zz", ""), []int{200}, false, 1, "GET /g?a=1;b=2&c=%zz HTTP/1.1\r\n"},
	{"no host", "GET /g HTTP/1.1\r\n\r\n", refused, true, 0, ""},
	{"two hosts", rawGet("/g", "Host: evil\r\n"), refused, true, 0, ""},
	{"host twice the same", rawGet("/g", hostLine), refused, true, 0, ""},
	{"host with a path", "GET /g HTTP/1.1\r\nHost: web.localhost/evil\r\n\r\n", refused, true, 0, ""},
	{"host with a user", "GET /g HTTP/1.1\r\nHost: web.localhost@evil\r\n\r\n", refused, true, 0, ""},
	{"host with a broken port", "GET /g HTTP/1.1\r\nHost: web.localhost:8x\r\n\r\n", refused, true, 0, ""},
	{"NUL in the host", "GET /g HTTP/1.1\r\nHost: web.localhost\x00.evil\r\n\r\n", refused, true, 0, ""},
}

var fieldCases = []malformedCase{
	{"folded field", rawGet("/g", "X-A: 1\r\n 2\r\n"), []int{400, 200}, false, 1, ""},
	{"blank in a name", rawGet("/g", "X A: 1\r\n"), refused, true, 0, ""},
	{"empty name", rawGet("/g", ": 1\r\n"), refused, true, 0, ""},
	{"no colon", rawGet("/g", "XA\r\n"), refused, true, 0, ""},
	{"8-bit byte in a name", rawGet("/g", "X\xe9: 1\r\n"), refused, true, 0, ""},
	{"NUL in a value", rawGet("/g", "X-A: 1\x002\r\n"), refused, true, 0, ""},
	{"CR in a value", rawGet("/g", "X-A: 1\r2\r\n"), refused, true, 0, ""},
	{"control in a value", rawGet("/g", "X-A: 1\x012\r\n"), refused, true, 0, ""},
	{"64 kB field", rawGet("/g", "X-A: "+strings.Repeat("a", 64<<10)+"\r\n"), tooLarge, true, 0, ""},
	{"2 MB field", rawGet("/g", "X-A: "+strings.Repeat("a", 2<<20)+"\r\n"), tooLarge, true, 0, ""},
	{"underscore twin", rawGet("/g", "X_Forwarded_For: 1.2.3.4\r\n"), []int{200, 400}, false, 1, "X-Forwarded-For: 127.0.0.1\r\n"},
	{"unknown expectation", rawPost("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), []int{417, 200}, false, 1, ""},
}

var hopCases = []malformedCase{
	{"field named by Connection", rawGet("/g", "X-Hop: 1\r\nConnection: close, X-Hop\r\n"), []int{200}, true, 1, "GET /g"},
	{"X-Forwarded-For named by Connection", rawGet("/g", "X-Forwarded-For: 6.6.6.6\r\nConnection: close, X-Forwarded-For\r\n"), []int{200}, true, 1, "X-Forwarded-For: 127.0.0.1\r\n"},
	{"hop-by-hop fields", rawGet("/g", "Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n"), []int{200}, false, 1, "GET /g"},
	{"Proxy", rawGet("/g", "Proxy: http://evil/\r\n"), []int{200}, false, 1, "GET /g"},
	{"upgrade to h2c", rawGet("/g", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), []int{200}, false, 1, "GET /g"},
	{"close, then more", rawGet("/g", "Connection: close\r\n") + "<smug>", []int{200}, true, 1, "GET /g"},
	{"answered early, then more", "POST /early HTTP/1.1\r\n" + hostLine + "Content-Length: <len>\r\n\r\n" + pause + "<smug>", []int{200}, false, 0, ""},
	{"no route, then more", "POST /none HTTP/1.1\r\nHost: nobody.localhost\r\nContent-Length: <len>\r\n\r\n" + pause + "<smug>", []int{404}, false, 0, ""},
}
