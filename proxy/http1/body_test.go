package http1

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) { wire{}.checkAll(t, chunkCases) }

func inChunks(body string) string { return post(codedField, body) }

func extension(n int) string { return "1;" + strings.Repeat("a", n-1) + "\r\nx\r\n" }

var chunkCases = []wireCase{
	{"one", inChunks("5\r\nhello\r\n" + lastChunk + second), "POST /p at t [hello]; GET /smug at t"},
	{"many", inChunks("5\r\nhello\r\n" + "1\r\n \r\n" + "0005\r\nworld\r\n" + "A\r\n0123456789\r\na\r\n0123456789\r\n" + lastChunk),
		"POST /p at t [hello world01234567890123456789]"},
	{"none", inChunks(lastChunk + second), "POST /p at t; GET /smug at t"},
	{"zeros", inChunks("0000000000000000\r\n\r\n" + second), "POST /p at t; GET /smug at t"},
	{"a size with 0x", inChunks("0x5\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size with a sign", inChunks("+5\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size with a minus", inChunks("-5\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size of 65 bits", inChunks("10000000000000005\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size of 64 bits", inChunks("8000000000000000\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size of 63 bits", inChunks("7fffffffffffffff\r\nhello"), "POST /p at t [hello] cut"},
	{"a size of seventeen digits", inChunks("00000000000000005\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size and a blank", inChunks("5 \r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a blank and a size", inChunks(" 5\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size and a tab", inChunks("5\t\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size and junk", inChunks("5x\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size and NUL", inChunks("5\x00\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"no size", inChunks("\r\n\r\n"), "POST /p at t 400"},
	{"an extension and no size", inChunks(";a\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size that ends in LF", inChunks("5\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size that ends in CR", inChunks("5\rhello\r\n" + lastChunk), "POST /p at t 400"},
	{"a size that ends in CR CR LF", inChunks("5\r\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"data longer than its size", inChunks("5\r\nhellox\r\n" + lastChunk), "POST /p at t [hello] 400"},
	{"data shorter than its size", inChunks("6\r\nhello\r\n" + lastChunk + second), "POST /p at t [hello\r] 400"},
	{"data without CRLF", inChunks("5\r\nhello" + lastChunk + second), "POST /p at t [hello] 400"},
	{"data that ends in LF", inChunks("5\r\nhello\n" + lastChunk + second), "POST /p at t [hello] 400"},
	{"data that ends in CR", inChunks("5\r\nhello\r" + lastChunk + second), "POST /p at t [hello] 400"},
	{"an extension", inChunks("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n"), "POST /p at t [hello]"},
	{"an extension behind blanks", inChunks("5 \t ; a = b\r\nhello\r\n" + lastChunk), "POST /p at t [hello]"},
	{"an extension that ends in LF", inChunks("5;\nhello\r\n" + lastChunk + second), "POST /p at t 400"},
	{"an extension with LF within", inChunks("5;a\nb\r\nhello\r\n" + lastChunk + second), "POST /p at t 400"},
	{"an extension with CR within", inChunks("5;a\rb\r\nhello\r\n" + lastChunk + second), "POST /p at t 400"},
	{"an extension with a quoted CRLF", inChunks("5;a=\"\r\n\"\r\nhello\r\n" + lastChunk), "POST /p at t [\"\r\nhe] 400"},
	{"an extension with NUL", inChunks("5;a\x00\r\nhello\r\n" + lastChunk), "POST /p at t 400"},
	{"an extension of the last chunk that ends in LF", inChunks("0;a\n\r\n" + second), "POST /p at t 400"},
	{"an extension as long as may be", inChunks(extension(maxExtension) + lastChunk), "POST /p at t [x]"},
	{"an extension longer than that", inChunks(extension(maxExtension+1) + lastChunk), "POST /p at t 400"},
	{"an endless extension", inChunks("1;" + strings.Repeat("a", 64<<10)), "POST /p at t 400"},
	{"endless blanks", inChunks("1" + strings.Repeat(" ", 64<<10)), "POST /p at t 400"},
	{"extensions of 16 kB", inChunks(strings.Repeat(extension(maxExtensions/8), 8) + lastChunk), "POST /p at t [xxxxxxxx]"},
	{"extensions above 16 kB", inChunks(strings.Repeat(extension(maxExtensions/8), 8) + extension(1) + lastChunk), "POST /p at t [xxxxxxxx] 400"},
}

func TestTrailerLines(t *testing.T) { wire{}.checkAll(t, trailerCases) }

func withTrailers(lines string) string { return inChunks("5\r\nhello\r\n0\r\n" + lines) }

var trailerCases = []wireCase{
	{"one", withTrailers("X-T: 1\r\n\r\n" + second), "POST /p at t [hello] +X-T:1; GET /smug at t"},
	{"two", withTrailers("X-T: 1\r\nx-u:2\r\n\r\n"), "POST /p at t [hello] +X-T:1 +x-u:2"},
	{"what frames changes nothing", withTrailers("Content-Length: 99\r\nTransfer-Encoding: x\r\nHost: evil\r\nConnection: close\r\n\r\n" + second),
		"POST /p at t [hello] +Content-Length:99 +Transfer-Encoding:x +Host:evil +Connection:close; GET /smug at t"},
	{"a line that ends in LF", withTrailers("X-T: 1\n\r\n" + second), "POST /p at t [hello] 400"},
	{"an end of LF", withTrailers("X-T: 1\r\n\n" + second), "POST /p at t [hello] 400"},
	{"an end of LF at once", withTrailers("\n" + second), "POST /p at t [hello] 400"},
	{"an end of CR alone", withTrailers("\r" + second), "POST /p at t [hello] 400"},
	{"a request in their place", withTrailers(second), "POST /p at t [hello] 400"},
	{"no colon", withTrailers("XT\r\n\r\n"), "POST /p at t [hello] 400"},
	{"folded", withTrailers("X-T: 1\r\n 2\r\n\r\n"), "POST /p at t [hello] 400"},
	{"a blank first", withTrailers(" X-T: 1\r\n\r\n"), "POST /p at t [hello] 400"},
	{"NUL", withTrailers("X-T: \x00\r\n\r\n"), "POST /p at t [hello] 400"},
	{"cut", withTrailers("X-T: 1\r\n"), "POST /p at t [hello] cut"},
	{"128", withTrailers(strings.Repeat("A:\r\n", 128) + "\r\n"), "POST /p at t [hello]" + strings.Repeat(" +A:", 128)},
	{"129", withTrailers(strings.Repeat("A:\r\n", 129) + "\r\n"), "POST /p at t [hello] 431"},
	{"16 kB", withTrailers("A: " + strings.Repeat("a", maxTrailers-7) + "\r\n\r\n"), "POST /p at t [hello] +A:" + strings.Repeat("a", maxTrailers-7)},
	{"above 16 kB", withTrailers("A: " + strings.Repeat("a", maxTrailers-6) + "\r\n\r\n"), "POST /p at t [hello] 431"},
	{"endless", withTrailers("A: " + strings.Repeat("a", 64<<10)), "POST /p at t [hello] 431"},
}

// randomBody makes a body, sometimes broken, and its framing.
func randomBody(r *rand.Rand) (Framing, []byte) {
	var b []byte
	switch r.IntN(4) {
	case 0:
		return Framing{Kind: Sized, Length: int64(r.IntN(60))}, make([]byte, r.IntN(80))
	case 1:
		return Framing{Kind: UntilClose}, make([]byte, r.IntN(80))
	case 2:
		return Framing{}, make([]byte, r.IntN(5))
	}
	for range r.IntN(5) {
		b = AppendChunk(b, make([]byte, r.IntN(20)))
	}
	var trailers []Field
	if r.IntN(3) == 0 {
		trailers = []Field{NewField("X-T", "1")}
	}
	b = append(AppendLastChunk(b, trailers), "rest"...)
	if r.IntN(3) == 0 {
		b[r.IntN(len(b))] ^= byte(1 << r.IntN(8))
	}
	return Framing{Kind: Chunked}, b
}

// decoded is what can be seen of a body that was moved through a decoder.
type decoded struct {
	content   int
	used      int
	failed    bool
	end       bool
	left      int64
	trailers  int
	completed bool
}

// moveAll takes src through a body, and moves past it by Skip what move says of Left.
func moveAll(t *testing.T, f Framing, src []byte, move func(left int64) int64) (d decoded) {
	var b Body
	b.Start(f)
	for !b.Done() {
		if left := b.Left(); left != 0 && d.used < len(src) {
			if left < 0 || left > int64(len(src)-d.used) {
				left = int64(len(src) - d.used)
			}
			n := move(left)
			b.Skip(n)
			d.content += int(n)
			d.used += int(n)
			if n > 0 {
				continue
			}
		}
		before := b.Left()
		data, n, err := b.Next(src[d.used:])
		if len(data) > n || err == nil && n > 0 && before != 0 && len(data) == 0 {
			t.Fatalf("%v %q: %d bytes of content in %d used, with %d left", f, src[d.used:], len(data), n, before)
		}
		d.content += len(data)
		d.used += n
		if d.failed = err != nil; d.failed || n == 0 {
			break
		}
	}
	d.left, d.trailers, d.completed = b.Left(), len(b.Trailers()), b.Done()
	d.end = b.End() == nil
	return d
}

// What is moved past the decoder counts like what goes through it.
func TestSkipIsNext(t *testing.T) {
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 1))
		f, src := randomBody(r)
		want := moveAll(t, f, src, func(int64) int64 { return 0 })
		for name, move := range map[string]func(int64) int64{
			"all":  func(left int64) int64 { return left },
			"some": func(left int64) int64 { return r.Int64N(left + 1) },
			"one":  func(int64) int64 { return 1 },
		} {
			if got := moveAll(t, f, src, move); got != want {
				t.Fatalf("seed %d: %v %q: moving %s:\ngot  %+v\nwant %+v", seed, f, src, name, got, want)
			}
		}
	}
}

// A decoder that was told nonsense refuses; it neither panics nor goes on as if nothing were wrong.
func TestBodyRefusesNonsense(t *testing.T) {
	for name, tell := range map[string]func(*Body){
		"more than there is":  func(b *Body) { b.Start(Framing{Sized, 5}); b.Skip(6) },
		"less than nothing":   func(b *Body) { b.Start(Framing{Sized, 5}); b.Skip(-1) },
		"where no content is": func(b *Body) { b.Start(Framing{Kind: Chunked}); b.Skip(1) },
		"behind the end":      func(b *Body) { b.Start(Framing{}); b.Skip(1) },
		"a negative length":   func(b *Body) { b.Start(Framing{Sized, -1}) },
		"less, until close":   func(b *Body) { b.Start(Framing{Kind: UntilClose}); b.Skip(-1) },
	} {
		var b Body
		tell(&b)
		if _, n, err := b.Next([]byte("hello")); err == nil || n != 0 || b.Done() || b.End() == nil || b.Left() != 0 {
			t.Errorf("%s: %d %v done=%v end=%v left=%d", name, n, err, b.Done(), b.End(), b.Left())
		}
	}
}

func TestBodyEnds(t *testing.T) {
	var b Body
	if !b.Done() || b.End() != nil {
		t.Error("the zero value is not the end")
	}
	b.Start(Framing{Kind: UntilClose})
	if b.Left() != -1 || b.Done() || b.End() != nil || !b.Done() {
		t.Error("a body until close does not end with the connection")
	}
	b.Start(Framing{Sized, 5})
	if b.Left() != 5 || b.Done() || b.End() != error(ErrCut) {
		t.Error("a body of five bytes is complete without any")
	}
	b.Start(Framing{Kind: Chunked})
	if b.Left() != 0 || b.Done() || b.End() != error(ErrCut) {
		t.Error("a chunked body is complete without its end")
	}
	if data, n, err := b.Next([]byte("5\r\nhel")); string(data) != "hel" || n != 6 || err != nil || b.Left() != 2 {
		t.Error(data, n, err, b.Left())
	}
	b.Skip(2)
	if _, n, err := b.Next([]byte("\r\n0\r\nX-T: 1\r\n\r\nGET")); n != 15 || err != nil || !b.Done() || len(b.Trailers()) != 1 {
		t.Error(n, err, b.Trailers())
	}
	if _, n, err := b.Next([]byte("GET")); n != 0 || err != nil {
		t.Error("bytes behind the end were used")
	}
	b.Start(Framing{Kind: Chunked})
	if len(b.Trailers()) != 0 {
		t.Error("the trailers of another body")
	}
}

// Whatever a body announces, what is held of it is bounded.
func TestBodyHoldsLittle(t *testing.T) {
	var b Body
	for _, s := range []string{"7fffffffffffffff\r\n", "0\r\nA: " + strings.Repeat("a", 1<<20), "1;" + strings.Repeat("a", 1<<20),
		"0\r\n" + strings.Repeat("A:\r\n", 100000)} {
		b.Start(Framing{Kind: Chunked})
		for src := []byte(s); ; {
			_, n, err := b.Next(src)
			if src = src[n:]; err != nil || n == 0 {
				break
			}
		}
		if b.trailers != nil && (cap(b.trailers.text) > 2*maxTrailers || cap(b.trailers.fields) > 2*maxTrailer) {
			t.Errorf("%d bytes of trailers and %d fields are held", cap(b.trailers.text), cap(b.trailers.fields))
		}
	}
	if b.trailers == nil || cap(b.trailers.text) < maxTrailers/2 {
		t.Error("the last body left no room to give back")
	}
	b.Start(Framing{Kind: Chunked})
	if b.trailers != nil {
		t.Errorf("%d bytes are held of a body that is gone", cap(b.trailers.text))
	}
}

func TestAppendedChunksDecode(t *testing.T) {
	var wireBytes []byte
	want := ""
	for n := range 300 {
		data := strings.Repeat("x", n)
		wireBytes = AppendChunk(wireBytes, []byte(data))
		want += data
	}
	wireBytes = append(append(AppendChunkHead(wireBytes, 5), "hello"...), "\r\n"...)
	trailers := []Field{NewField("X-T", "1"), NewField("X-U", "")}
	wireBytes = AppendLastChunk(wireBytes, trailers)
	var b Body
	b.Start(Framing{Kind: Chunked})
	got := ""
	for !b.Done() {
		data, n, err := b.Next(wireBytes)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		got += string(data)
		wireBytes = wireBytes[n:]
	}
	if got != want+"hello" || len(wireBytes) != 0 || !slices.Equal(b.Trailers(), trailers) {
		t.Errorf("%d bytes, %d behind the end, trailers %v", len(got), len(wireBytes), b.Trailers())
	}
}
