package http1_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// What follows is every difference by which we accept more than net/http does. Anything else that differs fails the fuzz tests.

// An empty line before a request is skipped, as RFC 9112 section 2.2 asks for; net/http refuses it.
func TestExceptionEmptyLine(t *testing.T) {
	src := []byte("\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n")
	if _, err := http.ReadRequest(reader(src)); err == nil {
		t.Error("net/http accepts it now: no exception any more")
	}
	if _, err := http.ReadRequest(reader(src[2:])); err != nil {
		t.Error("it is not the empty line: ", err)
	}
	if r, ok := accept(src, limits); !ok || r.head != len(src) || r.Target != "/" {
		t.Error("not accepted")
	}
}

// Blanks between a chunk's size and its extension are bad, but a recipient must take them (RFC 9112 section 7.1.1); net/http
// refuses them. Nothing of them is sent on.
func TestExceptionBlankBeforeExtension(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
	for blanks, refused := range map[string]bool{"": false, " ": true, "\t ": true} {
		src := []byte(head + "5" + blanks + ";e\r\nhello\r\n0\r\n\r\n")
		req, err := http.ReadRequest(reader(src))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(req.Body); (err != nil) != refused {
			t.Errorf("with %q, net/http says %v", blanks, err)
		}
		r, ok := accept(src, limits)
		if !ok || r.body.fate != whole || string(r.body.content) != "hello" || r.head+r.body.used != len(src) {
			t.Errorf("with %q: %v %+v", blanks, ok, r.body)
		}
		if again := emit(nil, nil, r.Framing, r.body); bytes.ContainsAny(again, ";\t") {
			t.Errorf("%q goes on", again)
		}
	}
}
