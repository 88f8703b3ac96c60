package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/http1"
)

// The oracle is net/http: it is laxer than we are nearly everywhere, but what we accept it must accept too, and understand alike.

var (
	limits = http1.Limits{HeadBytes: 16 << 10, Fields: 128}
	// roomy is for what we send: it may have some fields and blanks more than what came.
	roomy = http1.Limits{HeadBytes: 64 << 10, Fields: 256}
)

// readBuffer is the oracle's; net/http takes trailers of no more than that.
const readBuffer = 64 << 10

func reader(b []byte) *bufio.Reader { return bufio.NewReaderSize(bytes.NewReader(b), readBuffer) }

// fate is what became of a body.
type fate uint8

const (
	whole fate = iota
	cut
	broken
)

// body is one that was decoded.
type body struct {
	content  []byte
	trailers []http1.Field
	used     int // bytes of the source
	fate     fate
}

func decode(f http1.Framing, src []byte) (b body) {
	var d http1.Body
	d.Start(f)
	for !d.Done() {
		data, n, err := d.Next(src[b.used:])
		b.content = append(b.content, data...)
		b.used += n
		if err != nil {
			b.fate = broken
			return b
		}
		if n == 0 {
			break
		}
	}
	if d.End() != nil {
		b.fate = cut
	}
	b.trailers = slices.Clone(d.Trailers())
	return b
}

// compareBody holds a body that was read to its end, or refused, by net/http against ours; rest is what it left.
func compareBody(t *testing.T, ours body, src []byte, theirs io.Reader, rest *bufio.Reader) {
	t.Helper()
	content, err := io.ReadAll(theirs)
	switch {
	case ours.fate == broken:
		return
	case ours.fate == cut:
		if err == nil {
			t.Fatalf("net/http finds whole what we find cut: %q", content)
		}
		return
	case blankBeforeExtension(err, src):
		return
	case err != nil:
		t.Fatalf("net/http refuses a body that we accept: %v", err)
	}
	if !bytes.Equal(content, ours.content) {
		t.Fatalf("content %q, net/http says %q", ours.content, content)
	}
	behind, _ := io.ReadAll(rest)
	if !bytes.Equal(behind, src[ours.used:]) {
		t.Fatalf("%q stands behind the body, net/http says %q", src[ours.used:], behind)
	}
}

// compareFields holds what net/http keeps of a head's fields against ours.
func compareFields(t *testing.T, ours []http1.Field, theirs http.Header) {
	t.Helper()
	want := http.Header{}
	for _, f := range ours {
		want.Add(f.Name, f.Value)
	}
	// Those that net/http takes out, or adds by itself.
	pragma := len(want["Cache-Control"]) == 0 && slices.Contains(want["Pragma"], "no-cache")
	for _, name := range []string{"Host", "Trailer", "Transfer-Encoding", "Content-Length"} {
		delete(want, name)
		delete(theirs, name)
	}
	if len(theirs["Connection"]) == 0 { // taken out of answers that close
		delete(want, "Connection")
	}
	if pragma {
		delete(theirs, "Cache-Control")
	}
	if len(want) != len(theirs) {
		t.Fatalf("fields %q, net/http says %q", want, theirs)
	}
	for name, values := range want {
		if !slices.Equal(theirs[name], values) {
			t.Fatalf("%s is %q, net/http says %q", name, values, theirs[name])
		}
	}
}

func compareTrailers(t *testing.T, ours []http1.Field, theirs http.Header) {
	t.Helper()
	want := http.Header{}
	for _, f := range ours {
		want.Add(f.Name, f.Value)
	}
	for name, values := range theirs {
		if values != nil && !slices.Equal(want[name], values) { // nil: announced only
			t.Fatalf("trailer %s is %q, net/http says %q", name, want[name], values)
		}
	}
	for name, values := range want {
		if !slices.Equal(theirs[name], values) {
			t.Fatalf("trailer %s is %q, net/http says %q", name, values, theirs[name])
		}
	}
}

// blankBeforeExtension looks for the one thing in a body for which net/http refuses what we accept: see
// TestExceptionBlankBeforeExtension.
func blankBeforeExtension(err error, src []byte) bool {
	return err != nil && strings.Contains(err.Error(), "invalid byte in chunk length") && (bytes.Contains(src, []byte(" ;")) || bytes.Contains(src, []byte("\t;")))
}

// framing says whether a field is one that the writer of a message makes by itself.
func framing(f http1.Field) bool {
	k := f.Known()
	return k == http1.ContentLength || k == http1.TransferEncoding
}

// emit appends what follows a start line: the fields but for the framing, ours in its place, and the body, framed anew.
func emit(dst []byte, fields []http1.Field, f http1.Framing, b body) []byte {
	for _, field := range fields {
		if !framing(field) {
			dst = http1.AppendField(dst, field)
		}
	}
	if f.Kind == http1.UntilClose {
		f.Kind = http1.Chunked
	}
	return emitBody(append(http1.AppendFraming(dst, f), "\r\n"...), f, b)
}

func emitBody(dst []byte, f http1.Framing, b body) []byte {
	if f.Kind != http1.Chunked {
		return append(dst, b.content...)
	}
	half := len(b.content) / 2
	dst = http1.AppendChunk(dst, b.content[:half])
	dst = http1.AppendChunk(dst, b.content[half:])
	return http1.AppendLastChunk(dst, b.trailers)
}

// withoutFraming is what emit copies.
func withoutFraming(fields []http1.Field) []http1.Field {
	return slices.DeleteFunc(slices.Clone(fields), framing)
}

// describe is a body's framing and fate in words.
func describe(f http1.Framing, b body) string {
	return [...]string{"none", "sized", "chunked", "until close"}[f.Kind] + [...]string{" whole", " cut", " broken"}[b.fate]
}
