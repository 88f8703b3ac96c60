package trace

import (
	"strings"
	"testing"
	"time"
)

const (
	traceHex = "0af7651916cd43dd8448eb211c80319c"
	spanHex  = "b7ad6b7169203331"
)

func TestParseTraceparent(t *testing.T) {
	good := map[string]string{
		"00-" + traceHex + "-" + spanHex + "-01":        "01",
		"00-" + traceHex + "-" + spanHex + "-00":        "00",
		"00-" + traceHex + "-" + spanHex + "-ff":        "03", // flags that nobody has defined yet are not ours to pass on
		"cc-" + traceHex + "-" + spanHex + "-01":        "01", // a later version
		"cc-" + traceHex + "-" + spanHex + "-01-what":   "01",
		"01-" + traceHex + "-" + spanHex + "-09-x-y-z-": "01",
	}
	for text, flags := range good {
		c, ok := ParseTraceparent(text)
		if got := string(c.AppendTraceparent(nil, c.Parent)); !ok || got != "00-"+traceHex+"-"+spanHex+"-"+flags {
			t.Errorf("%q: %v %q", text, ok, got)
		}
	}
	for _, text := range []string{"", "00", "00-" + traceHex + "-" + spanHex, "00-" + traceHex + "-" + spanHex + "-1", "00-" + traceHex + "-" + spanHex + "-01-x", "ff-" + traceHex + "-" + spanHex + "-01",
		"00-" + strings.ToUpper(traceHex) + "-" + spanHex + "-01", "00-" + strings.Repeat("0", 32) + "-" + spanHex + "-01", "00-" + traceHex + "-" + strings.Repeat("0", 16) + "-01",
		"0g-" + traceHex + "-" + spanHex + "-01", "00-" + traceHex + "-" + spanHex + "-0x", "cc-" + traceHex + "-" + spanHex + "-01.what", "00_" + traceHex + "-" + spanHex + "-01"} {
		if c, ok := ParseTraceparent(text); ok {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
}

func FuzzParseTraceparent(f *testing.F) {
	f.Add("00-" + traceHex + "-" + spanHex + "-01")
	f.Add("cc-" + traceHex + "-" + spanHex + "-01-what")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := ParseTraceparent(s)
		if !ok {
			return
		}
		again, ok := ParseTraceparent(string(c.AppendTraceparent(nil, c.Parent)))
		if !ok || again != c {
			t.Errorf("%q: %+v, %+v", s, c, again)
		}
	})
}

func TestSampleIsTheShare(t *testing.T) {
	const n = 100000
	for _, share := range []float64{0, 0.01, 0.5, 1} {
		tracer, got := New(Options{Spans: true, Sample: share}), 0
		for range n {
			if _, sampled := tracer.Begin(Context{}, false, false); sampled {
				got++
			}
		}
		if want := share * n; float64(got) < want*0.8 || float64(got) > want*1.2 {
			t.Errorf("%g: %d of %d", share, got, n)
		}
	}
}

// Who is not trusted can't choose what tracing costs.
func TestAskedSamplingIsBounded(t *testing.T) {
	parent, _ := ParseTraceparent("00-" + traceHex + "-" + spanHex + "-01")
	for _, trusted := range []bool{false, true} {
		tracer, got := New(Options{Spans: true}), 0
		begun := time.Now()
		for range 5000 {
			if _, sampled := tracer.Begin(parent, true, trusted); sampled {
				got++
			}
		}
		most := int(askedRate * (1 + time.Since(begun).Seconds()) * 1.1)
		if trusted && got != 5000 || !trusted && (got < askedRate || got > most) {
			t.Errorf("trusted %v: %d sampled, at most %d", trusted, got, most)
		}
	}
}

func TestNothingToTellIsNoTracer(t *testing.T) {
	if New(Options{Sample: 1}) != nil {
		t.Error("a Tracer for nothing")
	}
}

// Past the first ones, slow requests are counted, and not logged.
func TestSlowLinesAreBounded(t *testing.T) {
	tracer, lines := New(Options{Slow: time.Second}), 0
	if tracer.Slow(time.Second - 1) {
		t.Error("a request that is not slow")
	}
	begun := time.Now()
	for range 1000 {
		if tracer.Slow(time.Second) {
			lines++
		}
	}
	if most := slowBurst + int(slowRate*time.Since(begun).Seconds()) + 1; lines < slowBurst || lines > most {
		t.Errorf("%d lines, want at most %d", lines, most)
	}
	if tracer.counts.slow.Load() != 1000 || tracer.counts.omitted.Load() != uint64(1000-lines) {
		t.Errorf("%d slow, %d without a line", tracer.counts.slow.Load(), tracer.counts.omitted.Load())
	}
	for range mostSlow + 10 { // nobody reads
		tracer.Finish(&Request{}, true)
	}
}

func TestClip(t *testing.T) {
	if got := Clip("a\xffb"); got != "a\uFFFDb" {
		t.Errorf("%q", got)
	}
	if got := Clip(strings.Repeat("é", 1000)); len(got) > maxText+3 || !strings.HasPrefix(got, "éé") {
		t.Errorf("%d bytes", len(got))
	}
}
