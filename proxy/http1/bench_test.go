package http1

import (
	"strings"
	"testing"
)

const (
	smallHead = "GET /index.html HTTP/1.1\r\nHost: shop.example\r\n\r\n"
	// browserHead is what a browser sends: some 640 bytes.
	browserHead = "GET /catalogue/items?category=lamps&page=2&sort=price HTTP/1.1\r\n" +
		"Host: shop.example\r\n" +
		"Connection: keep-alive\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n" +
		"sec-ch-ua-mobile: ?0\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Referer: https://shop.example/catalogue\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\n" +
		"Accept-Language: en-GB,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; basket=17\r\n\r\n"
	answerHead = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 04:52:11 GMT\r\nContent-Type: text/plain\r\n" +
		"Content-Length: 28\r\nLast-Modified: Sat, 21 Nov 2026 04:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"656a1c40-1c\"\r\nAccept-Ranges: bytes\r\n\r\n"
)

var benchHeads = []struct{ name, head string }{
	{"small", smallHead}, {"browser", browserHead}, {"upload", post("Transfer-Encoding: chunked\r\nConnection: a, b, c, d, e, close\r\nExpect: 100-continue\r\n", "")},
}

func findAndParse(t testing.TB, h *Head, r *Request, text []byte) {
	n, err := h.Find(text, testLimits.HeadBytes)
	if n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	if err := r.Parse(text, testLimits); err != nil {
		t.Fatal(err)
	}
}

func readChunks(t testing.TB, b *Body, src []byte) {
	b.Start(Framing{Kind: Chunked})
	for !b.Done() {
		_, n, err := b.Next(src)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		src = src[n:]
	}
}

// benchChunks are four of 1 KiB, with a trailer.
func benchChunks() (b []byte) {
	for range 4 {
		b = AppendChunk(b, make([]byte, 1<<10))
	}
	return AppendLastChunk(b, []Field{NewField("X-T", "1")})
}

func TestNothingIsAllocated(t *testing.T) {
	for _, c := range benchHeads {
		var h Head
		var r Request
		text := []byte(c.head)
		if n := testing.AllocsPerRun(100, func() { findAndParse(t, &h, &r, text) }); n != 0 {
			t.Errorf("%s head: %v allocations", c.name, n)
		}
		bad := []byte(strings.Replace(c.head, "Host:", "Host :", 1))
		if n := testing.AllocsPerRun(100, func() { _ = r.Parse(bad, testLimits) }); n != 0 {
			t.Errorf("%s head, malformed: %v allocations", c.name, n)
		}
	}
	var a Response
	text := []byte(answerHead)
	if n := testing.AllocsPerRun(100, func() { _ = a.Parse(text, "GET", testLimits) }); n != 0 || a.Status != 200 {
		t.Errorf("answer: %v allocations", n)
	}
	var b Body
	chunks := benchChunks()
	if n := testing.AllocsPerRun(100, func() { readChunks(t, &b, chunks) }); n != 0 {
		t.Errorf("chunks: %v allocations", n)
	}
	dst := make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() {
		dst = AppendField(AppendFraming(AppendStatusLine(dst[:0], 200, "OK"), Framing{Sized, 28}), a.Fields[0])
		dst = AppendLastChunk(AppendChunk(dst, text[:10]), a.Fields)
	}); n != 0 {
		t.Errorf("appending: %v allocations", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, c := range benchHeads {
		b.Run(c.name, func(b *testing.B) {
			var h Head
			var r Request
			text := []byte(c.head)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				findAndParse(b, &h, &r, text)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	for _, c := range benchHeads {
		b.Run(c.name, func(b *testing.B) {
			var h Head
			text := []byte(c.head)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if n, err := h.Find(text, testLimits.HeadBytes); n == 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	var h Head
	var r Response
	text := []byte(answerHead)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := h.Find(text, 64<<10); n == 0 || err != nil {
			b.Fatal(n, err)
		}
		if err := r.Parse(text, "GET", testLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChunks(b *testing.B) {
	var body Body
	src := benchChunks()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		readChunks(b, &body, src)
	}
}
