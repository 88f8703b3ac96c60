package filter

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func compression(t testing.TB, codings, types string, least int64) *Compression {
	t.Helper()
	asked := dialect.Compress{Codings: strings.Fields(codings), Types: strings.Fields(types), MinSize: least}
	if types == "" {
		asked.Types = nil
	}
	return NewCompression(&asked)
}

func TestAcceptedCodings(t *testing.T) {
	all := compression(t, "zstd br gzip", "", 0)
	for accept, want := range map[string]string{
		"":                                   "",
		"gzip":                               "gzip",
		"GZip":                               "gzip",
		"x-gzip":                             "gzip",
		"gzip, deflate, br, zstd":            "zstd br gzip",
		"gzip;q=1.0, br;q=0.9":               "gzip br",
		"br;q=0.5,gzip;q=0.5":                "br gzip",
		"gzip ; q=0.2 , zstd; Q=0.3":         "zstd gzip",
		"gzip;q=0":                           "",
		"gzip;q=0.000, *;q=0.001":            "zstd br",
		"*":                                  "zstd br gzip",
		"*;q=0, br":                          "br",
		"identity":                           "",
		"identity;q=0, gzip;q=0.1":           "gzip",
		"identity;q=1, gzip;q=0.5":           "",
		"identity;q=0.5, gzip;q=0.5":         "gzip",
		"deflate":                            "",
		"gzip;q=2":                           "",
		"gzip;q=-1, br;q=NaN, zstd;q=1e0":    "",
		"gzip;q=, br;level=3, zstd;q=0.1234": "",
		",,;q=1,=,gzip,":                     "gzip",
	} {
		list, n := all.Accepted(accept)
		var got []string
		for _, k := range list[:n] {
			got = append(got, k.String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: %s, want %s", accept, text, want)
		}
	}
	if list, n := compression(t, "gzip", "", 0).Accepted("br, zstd, gzip;q=0.1"); n != 1 || list[0] != Gzip {
		t.Error("a coding that the route does not ask for")
	}
	if NewCompression(&dialect.Compress{MinSize: 5}) != nil {
		t.Error("compression that nobody asked for")
	}
}

func FuzzAccepted(f *testing.F) {
	f.Add("gzip;q=0.5, *;q=0")
	c := compression(f, "zstd br gzip", "", 0)
	f.Fuzz(func(t *testing.T, accept string) {
		list, n := c.Accepted(accept)
		if n > 3 || n > 0 && !strings.Contains(accept, "*") && !strings.Contains(strings.ToLower(accept), list[0].String()) {
			t.Errorf("%q: %v", accept, list[:n])
		}
	})
}

func TestBodiesWorthCompressing(t *testing.T) {
	usual, own, all := compression(t, "gzip", "", 0), compression(t, "gzip", "application/pdf image/*", 100), compression(t, "gzip", "*", 1)
	for _, c := range []struct {
		of   *Compression
		kind string
		size int64
		want bool
	}{
		{usual, "text/html; charset=utf-8", 1024, true}, {usual, "text/html", 1023, false}, {usual, "Text/HTML", -1, true}, {usual, "application/json;x", -1, true},
		{usual, "image/png", -1, false}, {usual, "", -1, false}, {usual, "text/event-stream", -1, false}, {usual, "text/event-stream;charset=utf-8", 5000, false},
		{own, "application/pdf", 100, true}, {own, "application/pdf", 99, false}, {own, "image/png", -1, true}, {own, "text/html", -1, false},
		{all, "video/mp4", 1, true}, {all, "text/event-stream", -1, false}, {all, "application/grpc+proto", -1, false}, {all, "", 10, false},
	} {
		if got := c.of.Takes(c.kind, c.size); got != c.want {
			t.Errorf("%q of %d bytes: %t", c.kind, c.size, got)
		}
	}
}

func plain(t testing.TB, k Coding, r io.Reader) io.Reader {
	t.Helper()
	switch k {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		return z
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(z.Close)
		return z
	}
	return brotli.NewReader(r)
}

// What was written before a flush can be read after it, an encoder that was given back in the middle is as good as new, and what it makes is
// smaller.
func TestEncodersRoundTrip(t *testing.T) {
	words := strings.Repeat("all work and no play makes a dull proxy. ", 5000)
	for _, k := range []Coding{Gzip, Zstd, Brotli} {
		var p Encoders
		for range 3 {
			var out bytes.Buffer
			e := p.Take(&out, k)
			if e == nil || e.Coding != k {
				t.Fatal(k)
			}
			io.WriteString(e, "first part, ")
			if err := e.Flush(); err != nil {
				t.Fatal(err)
			}
			head := make([]byte, len("first part, "))
			if _, err := io.ReadFull(plain(t, k, bytes.NewReader(out.Bytes())), head); err != nil {
				t.Errorf("%s: %v after a flush", k, err)
			}
			io.WriteString(e, words)
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			p.Give(e)
			text, err := io.ReadAll(plain(t, k, &out))
			if err != nil || string(text) != "first part, "+words || out.Len() > len(words)/10 {
				t.Errorf("%s: %d bytes of %d, %v", k, len(text), len(words), err)
			}
			broken := p.Take(&out, k)
			io.WriteString(broken, "never ended")
			p.Give(broken)
		}
	}
}

// A thousand responses at once hold no more than EncoderBytes says, about: the others get none. Given back, the encoders do not stay.
func TestEncodersAreBounded(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	text := make([]byte, 300<<10)
	for i := range text {
		text[i] = byte('a' + rand.IntN(20))
	}
	for _, k := range []Coding{Gzip, Zstd, Brotli} {
		var p Encoders
		before, taken := heap(), []*Encoder(nil)
		for range 1000 {
			e := p.Take(io.Discard, k)
			if e == nil {
				continue
			}
			taken = append(taken, e)
			e.Write(text)
			e.Flush()
		}
		held := heap() - before
		t.Logf("%s: %d encoders hold %.1f MiB, %.2f MiB each", k, len(taken), float64(held)/(1<<20), float64(held)/float64(len(taken))/(1<<20))
		if len(taken) < 10 || held > EncoderBytes*5/4 {
			t.Errorf("%s: %d encoders hold %d bytes", k, len(taken), held)
		}
		if other := p.Take(io.Discard, Brotli, Zstd, Gzip); other != nil && p.held > EncoderBytes {
			t.Error("more than there is room for")
		} else if other != nil {
			p.Give(other)
		}
		for _, e := range taken {
			p.Give(e)
		}
		if want := keepIdle * costs[k]; p.held < want || p.held > want+costs[Gzip]+costs[Zstd]+costs[Brotli] {
			t.Errorf("%s: %d bytes counted once all were given back", k, p.held)
		}
		p.Drop(p.Take(io.Discard, k))
	}
}
