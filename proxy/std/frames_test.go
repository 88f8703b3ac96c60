package std

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// FuzzFrames: however bytes come in pieces, the frames in them are those that a framer reads.
func FuzzFrames(f *testing.F) {
	var wire bytes.Buffer
	w := http2.NewFramer(&wire, nil)
	w.WriteSettings(http2.Setting{ID: 1, Val: 2})
	w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("abc"), PadLength: 7})
	w.WriteContinuation(1, true, []byte("d"))
	w.WriteDataPadded(1, false, []byte("hello"), make([]byte, 3))
	w.WriteData(1, true, nil)
	w.WriteWindowUpdate(0, 77)
	w.WriteRSTStream(1, http2.ErrCodeCancel)
	f.Add(wire.Bytes(), 3)
	f.Add([]byte("\x00\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x01\x08\x00"), 1)
	f.Fuzz(func(t *testing.T, wire []byte, piece int) {
		var whole, pieces []frame
		var w walk
		w.pass(wire, func(f frame) bool { whole = append(whole, f); return true })
		if w.have < 0 || w.skip < 0 {
			t.Fatalf("%+v", w)
		}
		w = walk{}
		for p := range slices.Chunk(wire, max(1, piece&0xff)) {
			w.pass(p, func(f frame) bool { pieces = append(pieces, f); return true })
		}
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%+v in pieces of %d: %+v", whole, piece, pieces)
		}
		at := 0
		for _, f := range whole {
			h, err := http2.ReadFrameHeader(bytes.NewReader(wire[at:]))
			if err != nil || byte(h.Type) != f.kind || byte(h.Flags) != f.flags || int(h.Length) != f.length || h.StreamID != f.stream {
				t.Fatalf("%+v, want %+v %v", f, h, err)
			}
			at += frameHeaderBytes + f.length
		}
		b := newFrameBounds()
		b.read([]byte(http2Preface))
		b.read(wire)
		b.wrote(wire)
		b.state()
	})
}

// What was spent comes back with time, up to the burst.
func TestAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAllowance(10, 20)
		spent := func() (n int) {
			for a.spend(1) {
				n++
			}
			return n
		}
		if !a.spend(15) {
			t.Error("nothing at first")
		}
		time.Sleep(time.Second) // as long as it is not asked for more than there is, it does not look at the time
		if n := spent(); n != 5+10 {
			t.Errorf("%d after a second", n)
		}
		time.Sleep(500 * time.Millisecond)
		if n := spent(); n != 5 {
			t.Errorf("%d after half a second", n)
		}
		time.Sleep(time.Hour)
		if n := spent(); n != 20 {
			t.Errorf("%d after an hour", n)
		}
		a.earn(3)
		if n := spent(); n != 3 {
			t.Errorf("%d earned", n)
		}
	})
}

// Answers may be acknowledged in one go by a client that stood still, twice for each frame and no more often.
func TestAcknowledgementsMayComeTogether(t *testing.T) {
	b := newFrameBounds()
	const frames = 5 * controlBurst
	for range frames {
		b.went(frame{kind: frameData, length: smallWindow, content: smallWindow})
	}
	for range 2 * frames {
		if !b.came(frame{kind: frameWindowUpdate, length: 4, value: smallWindow}) {
			t.Fatal("a client that acknowledges what it got is told to be calm")
		}
	}
	for range 2 * controlBurst {
		if !b.came(frame{kind: frameWindowUpdate, length: 4, value: smallWindow}) {
			return
		}
	}
	t.Error("more acknowledgements than frames are no flood")
}
