package http1

import (
	"math/rand/v2"
	"testing"
)

// FuzzPieces: whatever comes, however it is cut, there is one decision; nothing panics, and what is held stays small.
func FuzzPieces(f *testing.F) {
	for i, seed := range RequestSeeds() {
		f.Add(seed, uint64(i), false)
	}
	for i, seed := range AnswerSeeds() {
		f.Add(seed, uint64(i), true)
	}
	f.Fuzz(func(t *testing.T, src []byte, split uint64, answers bool) {
		r := rand.New(rand.NewPCG(split, 0))
		w := wire{answers: answers, method: []string{"GET", "HEAD"}[split%2]}
		atOnce := w
		want := atOnce.came(string(src))
		atOnce.small(t)
		var pieces []string
		for rest := string(src); rest != ""; {
			n := 1 + r.IntN(min(len(rest), 1+r.IntN(len(rest))))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := w.came(pieces...); got != want {
			t.Fatalf("%q\nin pieces %q\nat once   %q", pieces, got, want)
		}
		w.small(t)
	})
}

// small fails when more is held than the limits allow for; append may take twice what it needs.
func (w *wire) small(t *testing.T) {
	t.Helper()
	if n := max(cap(w.req.Fields), cap(w.ans.Fields)); n > 2*testLimits.Fields {
		t.Fatalf("%d fields are held", n)
	}
	if tr := w.body.trailers; tr != nil && (cap(tr.text) > 2*maxTrailers || cap(tr.fields) > 2*maxTrailer) {
		t.Fatalf("%d bytes of trailers and %d fields are held", cap(tr.text), cap(tr.fields))
	}
	if n := max(cap(w.req.Connection.rest), cap(w.ans.Connection.rest)); n > 2*maxOptions {
		t.Fatalf("%d options are held", n)
	}
}
