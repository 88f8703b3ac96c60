package http1

import (
	"strings"
	"testing"
)

const ok = "HTTP/1.1 200 OK\r\n"

// How long an answer's body is, and whether its connection can be used again. What follows on the connection belongs to nobody.
func TestAnswerFraming(t *testing.T) { wire{answers: true, method: "GET"}.checkAll(t, answerFraming) }

const okChunks = "2\r\nok\r\n0\r\n\r\n"

var answerFraming = []wireCase{
	{"length", ok + "Content-Length: 2\r\n\r\nok", "200 [ok]"},
	{"length of nothing", ok + "Content-Length: 0\r\n\r\n", "200"},
	{"chunks", ok + codedField + "\r\n" + okChunks, "200 [ok]"},
	{"until the connection ends", ok + "\r\nok and more", "200 [ok and more] close"},
	{"until the connection ends, with a blank line", ok + "\r\n\r\nok", "200 [\r\nok] close"},
	{"two lengths that differ", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", "502"},
	{"two lengths that agree", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "502"},
	{"length as a list", ok + "Content-Length: 2, 2\r\n\r\nok", "502"},
	{"length of junk", ok + "Content-Length: 2x\r\n\r\nok", "502"},
	{"length with a minus", ok + "Content-Length: -2\r\n\r\nok", "502"},
	{"length empty", ok + "Content-Length:\r\n\r\nok", "502"},
	{"coding over length", ok + "Content-Length: 3\r\n" + codedField + "\r\n" + okChunks, "200 [ok] close"},
	{"coding unknown", ok + "Transfer-Encoding: gzip\r\n\r\nok", "502"},
	{"coding listed", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n" + okChunks, "502"},
	{"coding twice", ok + codedField + codedField + "\r\n" + okChunks, "502"},
	{"coding on HTTP/1.0", "HTTP/1.0 200 OK\r\n" + codedField + "\r\n" + okChunks, "502"},
	{"cut in its length", ok + "Content-Length: 3\r\n\r\nok", "200 [ok] cut"},
	{"cut before its last chunk", ok + codedField + "\r\n2\r\nok\r\n", "200 [ok] cut"},
	{"cut in its last chunk", ok + codedField + "\r\n2\r\nok\r\n0\r\n", "200 [ok] cut"},
	{"cut within a chunk", ok + codedField + "\r\n3\r\nok", "200 [ok] cut"},
	{"a bad chunk", ok + codedField + "\r\n2\r\nok\r\nxyz\r\n", "200 [ok] 400"},
	{"a chunk too large", ok + codedField + "\r\n10000000000000002\r\nok\r\n", "200 400"},
	{"extra bytes behind the end", ok + "Content-Length: 2\r\nConnection: close\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", "200 [ok] close"},
	{"204", "HTTP/1.1 204 No Content\r\n\r\n", "204"},
	{"204 with a length of nothing", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204"},
	{"204 with a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "204 close"},
	{"204 with chunks", "HTTP/1.1 204 No Content\r\n" + codedField + "\r\n" + okChunks, "204 close"},
	{"304 with the length of what it stands for", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304"},
	{"an interim answer", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", "103; 200 [ok]"},
	{"an interim answer with a length", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello", "502"},
	{"an interim answer with chunks", "HTTP/1.1 103 Early Hints\r\n" + codedField + "\r\n" + okChunks, "502"},
	{"a length announced as a trailer", ok + codedField + "Trailer: Content-Length\r\n\r\n" + okChunks, "502"},
	{"close", ok + "Content-Length: 2\r\nConnection: close\r\n\r\nok", "200 [ok] close"},
	{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 [ok] close"},
	{"HTTP/1.0 kept", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok", "200 [ok]"},
}

func TestHeadAnswerFraming(t *testing.T) {
	wire{answers: true, method: "HEAD"}.checkAll(t, headAnswerFraming)
}

var headAnswerFraming = []wireCase{
	{"HEAD with a length", ok + "Content-Length: 2\r\n\r\n", "200"},
	{"HEAD with chunks", ok + codedField + "\r\n", "200"},
	{"HEAD with neither", ok + "\r\n", "200"},
	{"HEAD with a bad length", ok + "Content-Length: x\r\n\r\n", "502"},
}

func TestStatusLines(t *testing.T) { wire{answers: true, method: "GET"}.checkAll(t, statusLines) }

func answerTo(line string) string { return line + "\r\nContent-Length: 2\r\n\r\nok" }

var statusLines = []wireCase{
	{"no reason", answerTo("HTTP/1.1 299 "), "299 [ok]"},
	{"no reason and no blank", answerTo("HTTP/1.1 299"), "299 [ok]"},
	{"a reason of 8-bit bytes", answerTo("HTTP/1.1 200 D\xe9j\xe0\tvu"), "200 [ok]"},
	{"a control in the reason", answerTo("HTTP/1.1 200 O\x01K"), "502"},
	{"CR in the reason", answerTo("HTTP/1.1 200 O\rK"), "502"},
	{"status of four digits", answerTo("HTTP/1.1 2000 OK"), "502"},
	{"status of two digits", answerTo("HTTP/1.1 99 OK"), "502"},
	{"status 099", answerTo("HTTP/1.1 099 OK"), "502"},
	{"status 600", answerTo("HTTP/1.1 600 OK"), "502"},
	{"status 999", answerTo("HTTP/1.1 999 OK"), "502"},
	{"status with a sign", answerTo("HTTP/1.1 +20 OK"), "502"},
	{"status of letters", answerTo("HTTP/1.1 OK"), "502"},
	{"no status", answerTo("HTTP/1.1"), "502"},
	{"two blanks", answerTo("HTTP/1.1  200 OK"), "502"},
	{"a tab", answerTo("HTTP/1.1\t200 OK"), "502"},
	{"a tab behind the status", answerTo("HTTP/1.1 200\tOK"), "502"},
	{"version 2.0", answerTo("HTTP/2.0 200 OK"), "502"},
	{"version 1.2", answerTo("HTTP/1.2 200 OK"), "502"},
	{"version 1.10", answerTo("HTTP/1.10 200 OK"), "502"},
	{"a request line", answerTo("GET / HTTP/1.1"), "502"},
	{"an empty line first", "\r\n" + answerTo("HTTP/1.1 200 OK"), "502"},
	// What never becomes an answer is refused by Find, before its head is whole; the status is then that of a request.
	{"no head at all", "<html>ok</html>", "400"},
	{"garbage", "garbage without end\r\n", "400"},
	{"another protocol", "ICY 200 OK\r\n\r\n", "400"},
	{"lines of LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "400"},
}

func TestAnswerFields(t *testing.T) { wire{answers: true, method: "GET"}.checkAll(t, answerFields) }

var answerFields = []wireCase{
	{"NUL", ok + "X-A: 1\x002\r\n\r\n", "502"},
	{"CR", ok + "X-A: 1\r2\r\n\r\n", "502"},
	{"folded", ok + "X-A: 1\r\n 2\r\n\r\n", "502"},
	{"no colon", ok + "XA\r\n\r\n", "502"},
	{"a blank before the colon", ok + "X-A : 1\r\n\r\n", "502"},
	{"too many", ok + strings.Repeat("X-A: 1\r\n", 129) + "\r\n", "502"},
	{"too many connection options", ok + "Connection: " + strings.Repeat("a,", 65) + "\r\n\r\n", "502"},
}

func TestAnswerSaysWhatItAnnounces(t *testing.T) {
	for _, c := range []struct {
		name, method, head string
		want               Response
	}{
		{"plain", "GET", ok + "Content-Length: 2\r\n\r\n",
			Response{Status: 200, Minor: 1, Reason: "OK", Framing: Framing{Sized, 2}, ContentLength: 2}},
		{"HEAD", "HEAD", ok + "Content-Length: 2\r\n\r\n", Response{Status: 200, Minor: 1, Reason: "OK", ContentLength: 2}},
		{"304", "GET", "HTTP/1.1 304 \r\nContent-Length: 2\r\n\r\n", Response{Status: 304, Minor: 1, ContentLength: 2}},
		{"coding over length", "GET", ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
			Response{Status: 200, Minor: 1, Reason: "OK", Framing: Framing{Kind: Chunked}, ContentLength: -1, Close: true}},
		{"until close", "GET", ok + "\r\n", Response{Status: 200, Minor: 1, Reason: "OK", Framing: Framing{Kind: UntilClose}, ContentLength: -1, Close: true}},
		{"farewell", "GET", ok + "Connection: close\r\nContent-Length: 0\r\n\r\n",
			Response{Status: 200, Minor: 1, Reason: "OK", Framing: Framing{Kind: Sized}, Close: true, SaysClose: true}},
		{"HTTP/1.0", "GET", "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n", Response{Status: 404, Reason: "Not Found", Framing: Framing{Kind: Sized}, Close: true}},
		{"switching", "GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
			Response{Status: 101, Minor: 1, Reason: "Switching Protocols", ContentLength: -1}},
	} {
		var r Response
		if err := r.Parse([]byte(c.head), c.method, testLimits); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Status != c.want.Status || r.Minor != c.want.Minor || r.Reason != c.want.Reason || r.Framing != c.want.Framing ||
			r.ContentLength != c.want.ContentLength || r.Close != c.want.Close || r.SaysClose != c.want.SaysClose {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, r, c.want)
		}
	}
}
