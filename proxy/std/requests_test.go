package std

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// smuggled is a complete request that must never be served where it stands in another one's body or behind its end.
const smuggled = "GET /smug HTTP/1.1\r\nHost: t\r\nX-Smuggled: 1\r\n\r\n"

// silence is how long a connection that stays open is listened to.
const silence = 80 * time.Millisecond

type rawCase struct {
	name  string
	send  string
	want  []int // status codes; one of several orders is not needed
	end   bool  // the connection must end
	reach int   // requests that reach the instance
}

func post(fields, body string) string {
	return "POST /p HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + body
}

func get(target, fields string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"
}

// framing holds requests whose length could be understood in two ways, and broken chunks.
var framing = []rawCase{
	{"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"+smuggled), []int{400}, true, 0},
	{"length twice the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), []int{400}, true, 0},
	{"length as a list", post("Content-Length: 5, 5\r\n", "hello"), []int{400}, true, 0},
	{"length with plus", post("Content-Length: +5\r\n", "hello"), []int{400}, true, 0},
	{"length empty", post("Content-Length: \r\n", smuggled), []int{400}, true, 0},
	{"length too large", post("Content-Length: 18446744073709551621\r\n", "hello"), []int{400}, true, 0},
	{"length space colon", post("Content-Length : 5\r\n", "hello"), []int{400}, true, 0},
	{"length on GET", get("/g", "Content-Length: 46\r\n") + smuggled, []int{200}, false, 1},
	{"coding and length", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), []int{400}, true, 0},
	{"coding and length smuggle", post("Content-Length: 51\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+smuggled), []int{400}, true, 0},
	{"coding unknown", post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "hello"), []int{501}, true, 0},
	{"coding identity", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), []int{501}, true, 0},
	{"coding list", post("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), []int{501}, true, 0},
	{"coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), []int{400}, true, 0},
	{"coding comma", post("Transfer-Encoding: chunked,\r\n", "5\r\nhello\r\n0\r\n\r\n"), []int{400}, true, 0},
	{"coding VT", post("Transfer-Encoding: \vchunked\r\nContent-Length: 5\r\n", "hello"), []int{400}, true, 0},
	{"coding space colon", post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), []int{400}, true, 0},
	{"coding folded", post("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), []int{400}, true, 0},
	{"coding NUL", post("Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n", "0\r\n\r\n"), []int{400}, true, 0},
	{"coding hidden behind LF", post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), []int{400}, true, 0},
	{"coding hidden behind CR", post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), []int{400}, true, 0},
	{"coding underscore", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello"), []int{200}, false, 1},
	{"coding on HTTP/1.0", "POST /p HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}, true, 0},
	{"trailer LF then request", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-T: 1\n\r\n"+smuggled), []int{400}, true, 0},
	{"trailer length", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nContent-Length: 99\r\nHost: evil\r\n\r\n"), []int{200}, false, 1},
}

var targets = []rawCase{
	{"two spaces", "GET  /g HTTP/1.1\r\nHost: t\r\n\r\n", []int{400}, true, 0},
	{"empty line first", "\r\n" + get("/g", ""), []int{200}, false, 1},
	{"no version", "GET /g\r\n\r\n", []int{400}, true, 0},
	{"version 2.0", "GET /g HTTP/2.0\r\nHost: t\r\n\r\n", []int{505}, true, 0},
	{"version 1.10", "GET /g HTTP/1.10\r\nHost: t\r\n\r\n", []int{400}, true, 0},
	{"method separator", "GE(T /g HTTP/1.1\r\nHost: t\r\n\r\n", []int{400}, true, 0},
	{"asterisk for GET", get("*", ""), []int{400}, true, 0},
	{"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", []int{200}, false, 1},
	{"authority for GET", get("t:80", ""), []int{400}, true, 0},
	{"CONNECT", "CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n", []int{405}, true, 0},
	{"absolute", get("http://t/g", ""), []int{200}, false, 1},
	{"absolute with user", get("http://t@victim/g", ""), []int{400}, true, 0},
	{"absolute ftp", get("ftp://t/g", ""), []int{400}, true, 0},
	{"fragment", get("/g#frag", ""), []int{400}, true, 0},
	{"NUL", get("/g\x00", ""), []int{400}, true, 0},
	{"8 bit", get("/g\xff", ""), []int{400}, true, 0},
	{"8 bit in query", get("/g?\xff", ""), []int{400}, true, 0},
	{"bad escape", get("/g%zz", ""), []int{400}, true, 0},
	{"above the root", get("/a/../../b", ""), []int{400}, true, 0},
	{"above the root, encoded", get("/a/%2e%2E/%2e./b", ""), []int{400}, true, 0},
	{"no host", "GET /g HTTP/1.1\r\n\r\n", []int{400}, true, 0},
	{"two hosts", get("/g", "Host: evil\r\n"), []int{400}, true, 0},
	{"two hosts the same", get("/g", "Host: t\r\n"), []int{400}, true, 0},
	{"host with path", "GET /g HTTP/1.1\r\nHost: t/evil\r\n\r\n", []int{400}, true, 0},
	{"host with user", "GET /g HTTP/1.1\r\nHost: t@evil\r\n\r\n", []int{400}, true, 0},
	{"host port junk", "GET /g HTTP/1.1\r\nHost: t:8x\r\n\r\n", []int{400}, true, 0},
	{"host NUL", "GET /g HTTP/1.1\r\nHost: t\x00.evil\r\n\r\n", []int{400}, true, 0},
}

var fieldLines = []rawCase{
	{"name with space", get("/g", "X A: 1\r\n"), []int{400}, true, 0},
	{"name empty", get("/g", ": 1\r\n"), []int{400}, true, 0},
	{"no colon", get("/g", "XA\r\n"), []int{400}, true, 0},
	{"name 8 bit", get("/g", "X\xe9: 1\r\n"), []int{400}, true, 0},
	{"value NUL", get("/g", "X-A: 1\x002\r\n"), []int{400}, true, 0},
	{"value CR", get("/g", "X-A: 1\r2\r\n"), []int{400}, true, 0},
	{"value control", get("/g", "X-A: 1\x012\r\n"), []int{400}, true, 0},
	{"64 kB", get("/g", "X-A: "+strings.Repeat("a", 64<<10)+"\r\n"), []int{431}, true, 0},
	{"129 fields", get("/g", strings.Repeat("X-A: 1\r\n", 128)), []int{431}, true, 0},
	{"128 fields", get("/g", strings.Repeat("X-A: 1\r\n", 127)), []int{200}, false, 1},
	{"expect unknown", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), []int{417}, true, 0},
	{"close then more", get("/g", "Connection: close\r\n") + smuggled, []int{200}, true, 1},
	{"upgrade to foo then more", get("/g", "Upgrade: foo\r\nConnection: Upgrade\r\n") + smuggled, []int{200, 200}, false, 2},
	{"two on one connection", get("/g", "") + get("/h", ""), []int{200, 200}, false, 2},
}

// strict holds what others accept.
var strict = []rawCase{
	{"LF only", "GET /g HTTP/1.1\nHost: t\n\n", []int{400}, true, 0},
	{"folded field", get("/g", "X-A: 1\r\n 2\r\n"), []int{400}, true, 0},
}

func TestRequestsAsBytes(t *testing.T) {
	for group, cases := range map[string][]rawCase{"framing": framing, "targets": targets, "fields": fieldLines, "strict": strict} {
		t.Run(group, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					rec := newRecorder(t)
					r := newRig(t, rigOptions{}, at(rec.addr()))
					got, closed := r.raw(silence, c.send)
					if !slices.Equal(statuses(got), c.want) || closed != c.end {
						t.Errorf("got %v closed=%v, want %v closed=%v", statuses(got), closed, c.want, c.end)
					}
					heads := 0
					for _, s := range rec.all() {
						heads += strings.Count(s, " HTTP/1.1\r\n")
						if i := strings.Index(s, "\r\n\r\n"); strings.ContainsAny(s, "\x00\x01\x0b") || i < 0 || strings.Contains(strings.ReplaceAll(s[:i], "\r\n", ""), "\n") || strings.Contains(s[:i], "_") {
							t.Errorf("dirty bytes went on: %q", s)
						}
						if c.want[0] == 200 && len(c.want) == 1 && c.name != "length on GET" && strings.Contains(s, "X-Smuggled") {
							t.Errorf("smuggled: %q", s)
						}
					}
					if c.name != "length on GET" && heads != c.reach {
						t.Errorf("%d requests reached the instance, want %d: %q", heads, c.reach, rec.all())
					}
				})
			}
		})
	}
}

// Broken chunks end the request: nothing whole reaches the instance, and the connection ends.
func TestBrokenChunksNeverBecomeARequest(t *testing.T) {
	for name, body := range map[string]string{
		"0x":            "0x5\r\nhello\r\n0\r\n\r\n",
		"overflow":      "10000000000000005\r\nhello\r\n0\r\n\r\n",
		"extension LF":  "5;\nhello\r\n0\r\n\r\n" + smuggled,
		"size blank":    "5 \r\nhello\r\n0\r\n\r\n",
		"size LF":       "5\nhello\r\n0\r\n\r\n",
		"no CRLF":       "5\r\nhello0\r\n\r\n" + smuggled,
		"empty size":    "\r\n\r\n",
		"trailer junk":  "5\r\nhello\r\n0\r\nGET /smug HTTP/1.1\r\nX: y\r\n\r\n",
		"extension 64k": "5;" + strings.Repeat("a", 64<<10) + "\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			r := newRig(t, rigOptions{}, at(rec.addr()))
			got, closed := r.raw(time.Second, post("Transfer-Encoding: chunked\r\n", body))
			if codes := statuses(got); !closed || !slices.Equal(codes, []int{400}) {
				t.Errorf("got %v closed=%v", codes, closed)
			}
			for _, s := range rec.all() {
				if strings.Contains(s, "\r\n0\r\n\r\n") || strings.Contains(s, "/smug") {
					t.Errorf("a whole request went on: %q", s)
				}
			}
		})
	}
}

// A small body is read whole before an instance is asked: a client that is slow, or cuts it, costs no instance anything.
func TestSmallBodyIsReadBeforeAnInstanceIsAsked(t *testing.T) {
	var writes atomic.Int64
	s := newScript(t, func(_ int64, c net.Conn, _ *bufio.Reader) {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			writes.Add(1)
			if !strings.HasSuffix(string(buf[:n]), "\r\n\r\nhello") {
				t.Errorf("the instance reads %q", buf[:n])
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	r := newRig(t, rigOptions{}, at(s.addr()))
	head := "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n"
	got, closed := r.raw(300*time.Millisecond, head, "he", "llo", head+"hello")
	if codes := statuses(got); len(codes) != 2 || codes[0] != 200 || codes[1] != 200 || closed || writes.Load() != 2 {
		t.Errorf("got %q closed=%v, the instance read %d times", got, closed, writes.Load())
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, head+"hel")
	time.Sleep(20 * time.Millisecond)
	c.Close()
	time.Sleep(50 * time.Millisecond)
	if writes.Load() != 2 {
		t.Error("a body that was cut reached the instance")
	}
}

// What goes while a small body is still coming is not asked any more, and what has come serves.
func TestSwapDuringASmallBody(t *testing.T) {
	first, second := newRecorder(t), newRecorder(t)
	r := newRig(t, rigOptions{}, at(first.addr()))
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe")
	time.Sleep(50 * time.Millisecond)
	r.apply(at(second.addr()))
	io.WriteString(c, "llo")
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	got, _ := bufio.NewReader(c).ReadString('\n')
	if !strings.Contains(got, " 200 ") || len(first.all()) != 0 || len(second.all()) != 1 {
		t.Errorf("got %q, the one that went got %q, the one that came %q", got, first.all(), second.all())
	}
}
