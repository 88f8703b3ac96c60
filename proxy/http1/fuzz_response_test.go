package http1_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"github.com/pointsman/pointsman/proxy/http1"
)

// answer is one that was accepted, with its body.
type answer struct {
	http1.Response
	head int
	body body
}

func acceptAnswer(src []byte, method string, l http1.Limits) (a answer, ok bool) {
	var h http1.Head
	var err error
	if a.head, err = h.Find(src, l.HeadBytes); err != nil || a.head == 0 {
		return a, false
	}
	if err = a.Parse(src[:a.head], method, l); err != nil {
		return a, false
	}
	a.body = decode(a.Framing, src[a.head:])
	return a, true
}

// FuzzResponse: an answer that we accept, net/http accepts, with the same status, fields, framing, body and end; and what we make
// of it again is exactly one message for both.
func FuzzResponse(f *testing.F) {
	for _, seed := range http1.AnswerSeeds() {
		for method := range uint8(3) {
			f.Add(seed, method)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, choice uint8) { checkAnswer(t, src, methods[choice%3]) })
}

// methods are those that make a difference for an answer, and one that makes none.
var methods = [3]string{"GET", "HEAD", "POST"}

func checkAnswer(t *testing.T, src []byte, method string) {
	a, ok := acceptAnswer(src, method, limits)
	if !ok {
		return
	}
	compareAnswer(t, a, src, method)
	if a.body.fate != whole || a.Framing.Kind == http1.None {
		return
	}
	again := emit(http1.AppendStatusLine(nil, a.Status, a.Reason), a.Fields, a.Framing, a.body)
	second, ok := acceptAnswer(again, method, roomy)
	if !ok || second.head+second.body.used != len(again) || second.Status != a.Status || second.Reason != a.Reason ||
		!slices.Equal(withoutFraming(second.Fields), withoutFraming(a.Fields)) ||
		!bytes.Equal(second.body.content, a.body.content) || !slices.Equal(second.body.trailers, a.body.trailers) {
		t.Fatalf("%q\nwas sent on as\n%q", src, again)
	}
	compareAnswer(t, second, again, method)
}

func compareAnswer(t *testing.T, a answer, src []byte, method string) {
	t.Helper()
	br := reader(src)
	resp, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("net/http refuses what we accept: %v: %q", err, src)
	}
	if resp.StatusCode != a.Status || resp.ProtoMajor != 1 || resp.ProtoMinor != a.Minor {
		t.Fatalf("HTTP/1.%d %d, net/http says %s %d", a.Minor, a.Status, resp.Proto, resp.StatusCode)
	}
	if resp.Close && !a.Close && a.Framing.Kind != http1.None {
		t.Fatal("net/http closes what we keep")
	}
	chunked := slices.Equal(resp.TransferEncoding, []string{"chunked"})
	switch a.Framing.Kind {
	case http1.Sized:
		if chunked || resp.ContentLength != a.Framing.Length || a.ContentLength != a.Framing.Length {
			t.Fatalf("framing is %v, net/http says %d %v", a.Framing, resp.ContentLength, resp.TransferEncoding)
		}
	case http1.Chunked:
		if !chunked {
			t.Fatalf("framing is chunked, net/http says %d %v", resp.ContentLength, resp.TransferEncoding)
		}
	case http1.UntilClose:
		if chunked || resp.ContentLength != -1 || !a.Close {
			t.Fatalf("framing is until close, net/http says %d %v", resp.ContentLength, resp.TransferEncoding)
		}
	}
	compareFields(t, a.Fields, resp.Header)
	compareBody(t, a.body, src[a.head:], resp.Body, br)
	if a.body.fate == whole {
		compareTrailers(t, a.body.trailers, resp.Trailer)
	}
}
