package conformance

import "strings"

// smuggled is a complete request that must never be served where it stands in another one's body or behind its end.
const smuggled = "GET /smug HTTP/1.1\r\nHost: t\r\nX-Smuggled: 1\r\n\r\n"

// pause stands where a client waits a little before it sends the rest.
const pause = "<pause>"

const chunkedField = "Transfer-Encoding: chunked\r\n"

func post(fields, body string) string {
	return "POST /p HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + body
}

func get(target, fields string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"
}

// bare is a GET whose fields are all given.
func bare(fields string) string { return "GET /g HTTP/1.1\r\n" + fields + "\r\n" }

// requestCase is a request as bytes, and what may become of it. Where the RFCs allow to mend it, refusing is right too: codes
// holds what is right or stricter.
type requestCase struct {
	name, send string
	codes      []int  // any of these as the first answer
	ends       bool   // the connection must end; where 400 is among codes, a 400 ends it in any case
	whole      int    // so many requests go on when it is accepted, none when it is refused
	contains   string // in what went on, when it was accepted
}

var (
	bad      = []int{400}
	noCoding = []int{400, 501}
	mended   = []int{400, 200}
	fine     = []int{200}
	tooLarge = []int{431, 400}
	badChunk = []int{400, 413}
)

// bodyCases are requests whose length could be understood in two ways (RFC 9112 section 6).
var bodyCases = []requestCase{
	{"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"+smuggled), bad, true, 0, ""},
	{"length twice the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), mended, false, 1, ""},
	{"length as a list", post("Content-Length: 5, 5\r\n", "hello"), mended, false, 1, ""},
	{"length with plus", post("Content-Length: +5\r\n", "hello"), bad, true, 0, ""},
	{"length empty", post("Content-Length: \r\n", smuggled), bad, true, 0, ""},
	{"length past 64 bits", post("Content-Length: 18446744073709551621\r\n", "hello"), badChunk, true, 0, ""},
	{"length, blank, colon", post("Content-Length : 5\r\n", "hello"), bad, true, 0, ""},
	{"GET with a body that is a request", get("/g", "Content-Length: <len>\r\n") + smuggled, mended, false, 1, ""},
	{"coding and length", post("Content-Length: 5\r\n"+chunkedField, "5\r\nhello\r\n0\r\n\r\n"), mended, true, 1, ""},
	{"coding and a length that reaches further", post("Content-Length: <len+5>\r\n"+chunkedField, "0\r\n\r\n"+smuggled), mended, true, 1, ""},
	{"unknown coding and length", post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "hello"), noCoding, true, 0, ""},
	{"coding identity and length", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), noCoding, true, 0, ""},
	{"coding gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), noCoding, true, 0, ""},
	{"coding chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n", "5\r\nhello\r\n0\r\n\r\n"), noCoding, true, 0, ""},
	{"coding on two lines", post(chunkedField+chunkedField, "5\r\nhello\r\n0\r\n\r\n"), noCoding, true, 0, ""},
	{"VT before the coding", post("Transfer-Encoding: \vchunked\r\nContent-Length: 5\r\n", "hello"), noCoding, true, 0, ""},
	{"comma after the coding", post("Transfer-Encoding: chunked,\r\n", "5\r\nhello\r\n0\r\n\r\n"), noCoding, true, 0, ""},
	{"coding, blank, colon", post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), noCoding, true, 0, ""},
	{"folded coding and length", post("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), mended, true, 1, ""},
	{"NUL in the coding", post("Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n", "0\r\n\r\n"), noCoding, true, 0, ""},
	{"coding with underscore", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), mended, false, 1, ""},
	{"coding on HTTP/1.0", "POST /p HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n" + chunkedField + "\r\n0\r\n\r\n" + smuggled, []int{400, 501, 200}, true, 1, ""},
	{"coding behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), mended, true, 1, ""},
	{"coding behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), bad, true, 0, ""},
	{"coding in capitals", post("Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), fine, false, 1, "hello"},
	{"length with zeros in front", post("Content-Length: 0000000005\r\n", "hello"), mended, false, 1, "hello"},
}

// chunkCases are broken chunks (RFC 9112 section 7.1).
var chunkCases = []requestCase{
	{"chunk size 0x5", post(chunkedField, "0x5\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"chunk size past 64 bits", post(chunkedField, "10000000000000005\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"chunk size below zero", post(chunkedField, "-5\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"blank after a chunk size", post(chunkedField, "5 \r\nhello\r\n0\r\n\r\n"), mended, false, 1, ""},
	{"LF in a chunk extension", post(chunkedField, "5;\nhello\r\n0\r\n\r\n"+smuggled), badChunk, true, 0, ""},
	{"chunk extension of 64 kB", post(chunkedField, "5;"+strings.Repeat("a", 64<<10)+"\r\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"64 chunk extensions of 1 kB", post(chunkedField, strings.Repeat("1;"+strings.Repeat("a", 1<<10)+"\r\nx\r\n", 64)+"0\r\n\r\n"), badChunk, true, 0, ""},
	{"chunk extension", post(chunkedField, "5;a=b\r\nhello\r\n0;c\r\n\r\n"), fine, false, 1, "hello"},
	{"empty chunks", post(chunkedField, "0\r\n\r\n"), fine, false, 1, "POST /p"},
	{"empty chunks and a trailer", post(chunkedField, "0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n"), fine, false, 1, "POST /p"},
	{"LF after a chunk size", post(chunkedField, "5\nhello\r\n0\r\n\r\n"), badChunk, true, 0, ""},
	{"no CRLF after a chunk", post(chunkedField, "5\r\nhello0\r\n\r\n"+smuggled), badChunk, true, 0, ""},
	{"LF after a chunk", post(chunkedField, "5\r\nhello\n0\r\n\r\n"+smuggled), badChunk, true, 0, ""},
	{"empty chunk size", post(chunkedField, "\r\n\r\n"), badChunk, true, 0, ""},
	{"length and host in the trailer", post(chunkedField, "5\r\nhello\r\n0\r\nContent-Length: 99\r\nHost: evil\r\n\r\n"), mended, false, 1, ""},
	{"trailer with bare LF, then a request", post(chunkedField, "5\r\nhello\r\n0\r\nX-T: 1\n\r\n"+smuggled), mended, true, 1, ""},
	{"a request as trailer", post(chunkedField, "5\r\nhello\r\n0\r\nGET /smug HTTP/1.1\r\nX: y\r\n\r\n"), badChunk, true, 0, ""},
	{"trailer of 64 kB", post(chunkedField, "5\r\nhello\r\n0\r\nX-T: "+strings.Repeat("a", 64<<10)+"\r\n\r\n"), []int{400, 413, 431}, true, 0, ""},
}

// lineCases are request lines (RFC 9112 section 3).
var lineCases = []requestCase{
	{"two blanks", "GET  /g HTTP/1.1\r\nHost: t\r\n\r\n", mended, false, 1, ""},
	{"tab for a blank", "GET\t/g HTTP/1.1\r\nHost: t\r\n\r\n", bad, true, 0, ""},
	{"empty line first", "\r\n" + get("/g", ""), fine, false, 1, "GET /g HTTP/1.1\r\n"},
	{"HTTP/0.9", "GET /g\r\n\r\n", noCoding, true, 0, ""},
	{"HTTP/2.0", "GET /g HTTP/2.0\r\nHost: t\r\n\r\n", []int{505, 400}, true, 0, ""},
	{"HTTP/1.10", "GET /g HTTP/1.10\r\nHost: t\r\n\r\n", []int{400, 505}, true, 0, ""},
	{"HTTP/1.2", "GET /g HTTP/1.2\r\nHost: t\r\n\r\n", []int{505, 400}, true, 0, ""},
	{"http/1.1", "GET /g http/1.1\r\nHost: t\r\n\r\n", []int{400, 505}, true, 0, ""},
	{"separator in the method", "GE(T /g HTTP/1.1\r\nHost: t\r\n\r\n", noCoding, true, 0, ""},
	{"no method", " /g HTTP/1.1\r\nHost: t\r\n\r\n", noCoding, true, 0, ""},
	{"asterisk with GET", get("*", ""), bad, true, 0, ""},
	{"asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", fine, false, 1, "OPTIONS * HTTP/1.1\r\n"},
	{"authority with GET", get("t:80", ""), bad, true, 0, ""},
	{"CONNECT", "CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n", []int{405, 501, 400}, true, 0, ""},
	{"absolute target", get("http://t/g", ""), fine, false, 1, "GET /g HTTP/1.1\r\nHost: t\r\n"},
	{"absolute target, other host", get("http://victim/g", ""), mended, false, 1, "Host: victim\r\n"},
	{"absolute target without path", get("http://t", ""), fine, false, 1, "GET / HTTP/1.1\r\n"},
	{"absolute target with user", get("http://t@victim/g", ""), bad, true, 0, ""},
	{"absolute target, ftp", get("ftp://t/g", ""), bad, true, 0, ""},
	{"fragment", get("/g#frag", ""), bad, true, 0, ""},
	{"NUL in the target", get("/g\x00", ""), bad, true, 0, ""},
	{"8-bit byte in the target", get("/g\xff", ""), bad, true, 0, ""},
	{"8-bit byte in the query", get("/g?\xff", ""), bad, true, 0, ""},
	{"lines that end in LF", "GET /g HTTP/1.1\nHost: t\n\n", mended, false, 1, "GET /g HTTP/1.1\r\n"},
	{"escaped NUL", get("/g%00", ""), mended, false, 1, "GET /g%00 "},
	{"bad escape", get("/g%zz", ""), bad, true, 0, ""},
	{"escaped CRLF", get("/g%0d%0aX-Smuggled:%201", ""), mended, false, 1, "GET /g%0d%0aX-Smuggled:%201 "},
	{"above the root", get("/a/../../b", ""), bad, true, 0, ""},
	{"above the root, escaped", get("/a/%2e%2E/%2e./b", ""), bad, true, 0, ""},
	{"dot segments", get("/a/x/../%2e/b", ""), fine, false, 1, "GET /a/b HTTP/1.1\r\n"},
	{"query as it stands", get("/g?a=1;b=2&c=%zz", ""), fine, false, 1, "GET /g?a=1;b=2&c=%zz HTTP/1.1\r\n"},
	{"target of 64 kB", get("/"+strings.Repeat("a", 64<<10), ""), []int{414, 431, 400}, true, 0, ""},
}

// hostCases are Host fields (RFC 9112 section 3.2).
var hostCases = []requestCase{
	{"no host", bare(""), bad, true, 0, ""},
	{"two hosts", bare("Host: t\r\nHost: evil\r\n"), bad, true, 0, ""},
	{"host twice the same", bare("Host: t\r\nHost: t\r\n"), bad, true, 0, ""},
	{"host with a path", bare("Host: t/evil\r\n"), bad, true, 0, ""},
	{"host with a user", bare("Host: t@evil\r\n"), bad, true, 0, ""},
	{"host with a broken port", bare("Host: t:8x\r\n"), bad, true, 0, ""},
	{"NUL in the host", bare("Host: t\x00.evil\r\n"), bad, true, 0, ""},
	{"host of 253 bytes", bare("Host: " + strings.Repeat("a.", 126) + "a:65535\r\n"), []int{404}, false, 0, ""},
	{"host of 254 bytes", bare("Host: " + strings.Repeat("a", 254) + "\r\n"), bad, true, 0, ""},
	{"host of 254 bytes with a port", bare("Host: " + strings.Repeat("a", 254) + ":80\r\n"), bad, true, 0, ""},
	{"host of dots", bare("Host: " + strings.Repeat(".", 30000) + "\r\n"), bad, true, 0, ""},
	{"target with a long host", get("http://"+strings.Repeat("a.", 127)+"/g", ""), bad, true, 0, ""},
	{"blank in the host", bare("Host: t evil\r\n"), bad, true, 0, ""},
}

// fieldCases are field lines (RFC 9112 section 5).
var fieldCases = []requestCase{
	{"folded field", get("/g", "X-A: 1\r\n 2\r\n"), mended, false, 1, ""},
	{"blank in a name", get("/g", "X A: 1\r\n"), bad, true, 0, ""},
	{"empty name", get("/g", ": 1\r\n"), bad, true, 0, ""},
	{"no colon", get("/g", "XA\r\n"), bad, true, 0, ""},
	{"8-bit byte in a name", get("/g", "X\xe9: 1\r\n"), bad, true, 0, ""},
	{"NUL in a value", get("/g", "X-A: 1\x002\r\n"), bad, true, 0, ""},
	{"CR in a value", get("/g", "X-A: 1\r2\r\n"), bad, true, 0, ""},
	{"control in a value", get("/g", "X-A: 1\x012\r\n"), bad, true, 0, ""},
	{"DEL in a value", get("/g", "X-A: 1\x7f2\r\n"), bad, true, 0, ""},
	{"first line folded", "GET /g HTTP/1.1\r\n X: 1\r\nHost: t\r\n\r\n", bad, true, 0, ""},
	{"64 kB field", get("/g", "X-A: "+strings.Repeat("a", 64<<10)+"\r\n"), tooLarge, true, 0, ""},
	{"2 MB field", get("/g", "X-A: "+strings.Repeat("a", 2<<20)+"\r\n"), tooLarge, true, 0, ""},
	{"129 fields", get("/g", strings.Repeat("X-A: 1\r\n", 128)), tooLarge, true, 0, ""},
	{"128 fields", get("/g", strings.Repeat("X-A: 1\r\n", 127)), fine, false, 1, ""},
	{"underscore twin", get("/g", "X_Forwarded_For: 1.2.3.4\r\n"), mended, false, 1, "X-Forwarded-For: 127.0.0.1\r\n"},
	{"unknown expectation", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), []int{417, 200}, false, 1, ""},
}

// hopCases are fields for one hop, upgrades, and what follows a request (RFC 9110 sections 7.6.1 and 7.8).
var hopCases = []requestCase{
	{"field named by Connection", get("/g", "X-Hop: 1\r\nConnection: close, X-Hop\r\n"), fine, true, 1, "GET /g"},
	{"X-Forwarded-For named by Connection", get("/g", "X-Forwarded-For: 6.6.6.6\r\nConnection: close, X-Forwarded-For\r\n"), fine, true, 1, "X-Forwarded-For: 127.0.0.1\r\n"},
	{"Host named by Connection", get("/g", "Connection: Host\r\n"), mended, false, 1, "Host: t\r\n"},
	{"hop-by-hop fields", get("/g", "Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n"), fine, false, 1, "GET /g"},
	{"Proxy", get("/g", "Proxy: http://evil/\r\n"), fine, false, 1, "GET /g"},
	{"upgrade to h2c", get("/g", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), fine, false, 1, "GET /g"},
	{"upgrade to foo, then more", get("/g", "Upgrade: foo\r\nConnection: Upgrade\r\n") + get("/second", ""), fine, false, 2, "GET /second"},
	{"close, then more", get("/g", "Connection: close\r\n") + smuggled, fine, true, 1, "GET /g"},
	{"HTTP/1.0, then more", "GET /g HTTP/1.0\r\nHost: t\r\n\r\n" + smuggled, fine, true, 1, "GET /g"},
	{"answered early, then more", "POST /early HTTP/1.1\r\nHost: t\r\nContent-Length: 8192\r\n\r\n" + pause + smuggled, fine, true, 0, ""},
	{"no route, then more", "POST /none HTTP/1.1\r\nHost: nobody\r\nContent-Length: 8192\r\n\r\n" + pause + smuggled, []int{404}, true, 0, ""},
	{"no route, small body, then more", "POST /none HTTP/1.1\r\nHost: nobody\r\nContent-Length: <len>\r\n\r\n" + pause + smuggled, []int{404}, false, 0, ""},
	{"two on one connection", get("/g", "") + get("/h", ""), fine, false, 2, "GET /h"},
}
