package http1_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// request is one that was accepted, with its body.
type request struct {
	http1.Request
	asked proxy.RequestTarget
	head  int
	body  body
}

// accept reads one request from src, as a listener does: its head, the form of its target, its body.
func accept(src []byte, l http1.Limits) (r request, ok bool) {
	r, refused := parseRequest(src, l)
	if refused != nil {
		return r, false
	}
	var err error
	if r.asked, err = proxy.ParseTarget(r.Method, r.Target, r.Host); err != nil {
		return r, false
	}
	r.body = decode(r.Framing, src[r.head:])
	return r, true
}

// parseRequest reads a head; one that is not whole is refused by Parse.
func parseRequest(src []byte, l http1.Limits) (r request, refused *http1.Error) {
	var h http1.Head
	n, err := h.Find(src, l.HeadBytes)
	if err == nil {
		r.head = n
		err = r.Parse(src[:n], l)
	}
	errors.As(err, &refused)
	return r, refused
}

// FuzzRequest: a request that we accept, net/http accepts, with the same method, target, host, fields, framing, body and end; and
// what we make of it again is exactly one message for both.
func FuzzRequest(f *testing.F) {
	for _, seed := range http1.RequestSeeds() {
		f.Add(seed)
	}
	f.Fuzz(checkRequest)
}

func checkRequest(t *testing.T, src []byte) {
	r, ok := accept(src, limits)
	if !ok {
		return
	}
	compareRequest(t, r, src)
	if r.body.fate != whole || r.Host == "" { // HTTP/1.1 can't say the latter
		return
	}
	again := emit([]byte(r.Method+" "+r.Target+" HTTP/1.1\r\n"), r.Fields, r.Framing, r.body)
	second, ok := accept(again, roomy)
	if !ok || second.head+second.body.used != len(again) || second.Method != r.Method || second.asked != r.asked ||
		!slices.Equal(withoutFraming(second.Fields), withoutFraming(r.Fields)) || second.Framing != r.Framing ||
		!bytes.Equal(second.body.content, r.body.content) || !slices.Equal(second.body.trailers, r.body.trailers) {
		t.Fatalf("%q\nwas sent on as\n%q", src, again)
	}
	compareRequest(t, second, again)
}

func compareRequest(t *testing.T, r request, src []byte) {
	t.Helper()
	head := strings.TrimPrefix(string(src[:r.head]), "\r\n") // see TestExceptionEmptyLine
	br := reader(append([]byte(head), src[r.head:]...))
	req, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("net/http refuses what we accept: %v: %q", err, src)
	}
	if req.Method != r.Method || req.RequestURI != r.Target || req.Host != r.asked.Authority || req.ProtoMajor != 1 || req.ProtoMinor != r.Minor {
		t.Fatalf("%s %s at %s, HTTP/1.%d; net/http says %s %s at %s, %s", r.Method, r.Target, r.asked.Authority, r.Minor, req.Method, req.RequestURI, req.Host, req.Proto)
	}
	if req.Close != r.Close {
		t.Fatalf("close is %v, net/http says %v", r.Close, req.Close)
	}
	if chunked := slices.Equal(req.TransferEncoding, []string{"chunked"}); chunked != (r.Framing.Kind == http1.Chunked) ||
		len(req.TransferEncoding) > 0 != chunked || !chunked && req.ContentLength != r.Framing.Length {
		t.Fatalf("framing is %v, net/http says %d %v", r.Framing, req.ContentLength, req.TransferEncoding)
	}
	compareFields(t, r.Fields, req.Header)
	compareBody(t, r.body, src[r.head:], req.Body, br)
	if r.body.fate == whole {
		compareTrailers(t, r.body.trailers, req.Trailer)
	}
}
