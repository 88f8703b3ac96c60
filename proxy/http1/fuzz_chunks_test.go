package http1_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http/httputil"
	"net/textproto"
	"slices"
	"testing"

	"github.com/pointsman/pointsman/proxy/http1"
)

// FuzzChunks: chunks that we accept, the standard reader accepts, with the same content and end; and neither pieces nor moving
// content past the decoder change what comes out.
func FuzzChunks(f *testing.F) {
	for i, seed := range http1.RequestSeeds() {
		if _, chunks, ok := bytes.Cut(seed, []byte("chunked\r\n\r\n")); ok {
			f.Add(chunks, uint64(i))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, split uint64) {
		ours := decode(http1.Framing{Kind: http1.Chunked}, src)
		compareChunks(t, ours, src)
		r := rand.New(rand.NewPCG(split, 0))
		pieces := decodeInPieces(src, r)
		// How far a decoder goes into what it refuses is of no interest.
		if pieces.fate != ours.fate || pieces.fate != broken && pieces.used != ours.used || !bytes.Equal(pieces.content, ours.content) ||
			!slices.Equal(pieces.trailers, ours.trailers) {
			t.Fatalf("%q\nin pieces  %+v\nat once %+v", src, pieces, ours)
		}
	})
}

func compareChunks(t *testing.T, ours body, src []byte) {
	t.Helper()
	br := reader(src)
	content, err := io.ReadAll(httputil.NewChunkedReader(br))
	if ours.fate == broken || blankBeforeExtension(err, src) {
		return
	}
	if ours.fate == cut {
		// The standard reader leaves the trailers alone: it may have been content before the end.
		if _, trailErr := textproto.NewReader(br).ReadMIMEHeader(); err == nil && trailErr == nil {
			t.Fatalf("the standard reader finds whole what we find cut: %q", content)
		}
		return
	}
	if err != nil || !bytes.Equal(content, ours.content) {
		t.Fatalf("content %q, the standard reader says %q %v", ours.content, content, err)
	}
	trailers, err := textproto.NewReader(br).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("trailers %v, the standard reader says %v", ours.trailers, err)
	}
	compareTrailers(t, ours.trailers, map[string][]string(trailers))
	if behind, _ := io.ReadAll(br); !bytes.Equal(behind, src[ours.used:]) {
		t.Fatalf("%q stands behind, the standard reader says %q", src[ours.used:], behind)
	}
}

// decodeInPieces gives a decoder pieces of any size, each at another place in memory, and now and then moves content past it.
func decodeInPieces(src []byte, r *rand.Rand) (b body) {
	var d http1.Body
	d.Start(http1.Framing{Kind: http1.Chunked})
	for !d.Done() && b.used < len(src) {
		piece := bytes.Clone(src[b.used : b.used+1+r.IntN(len(src)-b.used)])
		if left := d.Left(); left > 0 && r.IntN(2) == 0 {
			n := min(left, int64(len(piece)))
			d.Skip(n)
			b.content = append(b.content, piece[:n]...)
			b.used += int(n)
			continue
		}
		data, n, err := d.Next(piece)
		b.content = append(b.content, data...)
		b.used += n
		if err != nil {
			b.fate = broken
			return b
		}
	}
	var known *http1.Error
	if err := d.End(); err != nil {
		b.fate = cut
		if !errors.As(err, &known) || known != http1.ErrCut {
			b.fate = broken
		}
	}
	b.trailers = slices.Clone(d.Trailers())
	return b
}
