package http1

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// findIn feeds b to a Head in pieces that end at the given places, and then whole. at is how much had come when it decided.
func findIn(b []byte, max int, cuts []int) (n, at int, err error) {
	var h Head
	for _, at = range append(cuts, len(b)) {
		// A buffer of its own: the bytes stay the same, not their place, and none behind them may be looked at.
		if n, err = h.Find(append(make([]byte, 0, at), b[:at]...), max); n > 0 || err != nil {
			return n, at, err
		}
	}
	return 0, at, nil
}

func randomCuts(r *rand.Rand, n int) (cuts []int) {
	for i := range n {
		if r.IntN(4) == 0 {
			cuts = append(cuts, i)
		}
	}
	return cuts
}

func allCuts(n int) (cuts []int) {
	for i := range n {
		cuts = append(cuts, i)
	}
	return cuts
}

// However a head arrives, the same is found.
func TestFindInPieces(t *testing.T) {
	parts := []string{"GET / HTTP/1.1", "HTTP/1.1 200 OK", "Host: t", "\r\n", "\r\n", "\r\n", "\r\n\r\n", "\n", "\r", " ", "X", ": "}
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 2))
		var text string
		if r.IntN(2) == 0 {
			text = parts[r.IntN(2)] + "\r\n"
		}
		for range r.IntN(8) {
			text += parts[r.IntN(len(parts))]
		}
		max := 10 + r.IntN(60)
		want, _, wantErr := findIn([]byte(text), max, nil)
		for _, cuts := range [][]int{allCuts(len(text)), randomCuts(r, len(text)), randomCuts(r, len(text))} {
			got, at, err := findIn([]byte(text), max, cuts)
			if got != want || (err == nil) != (wantErr == nil) {
				t.Fatalf("seed %d: %q (most %d) cut at %v: %d %v, want %d %v", seed, text, max, cuts, got, err, want, wantErr)
			}
			if err == nil && got > 0 && at < got {
				t.Fatalf("%q: an end at %d was found in %d bytes", text, got, at)
			}
		}
	}
}

// What can't become a head is refused by the byte that shows it.
func TestFindRefusesAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, begin string
		last        string // the byte that shows it
		status      int
	}{
		{"NUL", "", "\x00", 400},
		{"a TLS greeting", "", "\x16", 400},
		{"a blank", "", " ", 400},
		{"an 8-bit byte", "", "\xff", 400},
		{"LF", "", "\n", 400},
		{"CR and no LF", "\r", "G", 400},
		{"a second empty line", "\r\n", "\r", 400},
		{"no version", "GET /g\r", "\n", 400},
		{"another version", "GET /g HTTP/2.0\r", "\n", 505},
		{"a first line of LF", "GET /g HTTP/1.1", "\n", 400},
		{"a line of LF", "GET /g HTTP/1.1\r\nHost: t", "\n", 400},
		{"an empty line of LF", "GET /g HTTP/1.1\r\nHost: t\r\n", "\n", 400},
		{"a long request line", "GET /" + strings.Repeat("g", 58), "g", 414},
		{"a long head", "GET / HTTP/1.1\r\nHost: " + strings.Repeat("t", 41), "t", 431},
	} {
		text := c.begin + c.last
		n, at, err := findIn([]byte(text), 64, allCuts(len(text)))
		if e, ok := err.(*Error); !ok || n != 0 || at != len(text) || e.Status != c.status {
			t.Errorf("%s: %d %v after %d of %d bytes, want %d", c.name, n, err, at, len(text), c.status)
		}
	}
}

func TestHeadIsReadyAgain(t *testing.T) {
	var h Head
	text := []byte(get("/g", "X-A: 1\r\n"))
	for range 3 {
		if n, err := h.Find(text[:20], 1000); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := h.Find(append(text[:len(text):len(text)], "POST"...), 1000); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	if n, err := h.Find(text[:20], 1000); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := h.Find([]byte("POST"), 1000); n != 0 || err != nil {
		t.Error("fewer bytes than before:", n, err)
	}
	if n, err := h.Find([]byte("POST\n"), 1000); n != 0 || err == nil {
		t.Error("other bytes than before:", n, err)
	}
	h = Head{}
	if n, err := h.Find(text, len(text)); n != len(text) || err != nil {
		t.Error("a head of just the limit:", n, err)
	}
	if _, err := h.Find(text, len(text)-1); err == nil {
		t.Error("a head above the limit")
	}
	if _, err := h.Find(text, len(text)); err == nil {
		t.Error("a Head that refused found an end")
	}
}

func TestPreface(t *testing.T) {
	for i := range preface {
		if yes, more := IsPreface([]byte(preface[:i])); yes || !more {
			t.Errorf("%q: %v %v", preface[:i], yes, more)
		}
		if yes, more := IsPreface([]byte(preface[:i] + "?" + preface[i+1:])); yes || more {
			t.Errorf("changed at %d: %v %v", i, yes, more)
		}
	}
	if yes, more := IsPreface([]byte(preface + "x")); !yes || more {
		t.Error("the preface and more is none")
	}
	if yes, more := IsPreface([]byte("POST / HTTP/1.1")); yes || more {
		t.Error("POST may be a preface")
	}
}
