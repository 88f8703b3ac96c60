package http1_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// fieldsOf reads "name: value" lines.
func fieldsOf(lines string) (fields []http1.Field) {
	for line := range strings.SplitSeq(lines, "|") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			fields = append(fields, http1.NewField(name, value))
		}
	}
	return fields
}

func TestAssemble(t *testing.T) {
	for _, c := range []struct {
		name, method, path, authority, fields string
		length                                int64
		framing                               http1.Framing
		status                                int // 0 is accepted
	}{
		{"plain", "GET", "/a?b", "h", "", 0, http1.Framing{}, 0},
		{"length", "PUT", "/", "h:80", "content-length: 5", 5, http1.Framing{Kind: http1.Sized, Length: 5}, 0},
		{"length of nothing", "PUT", "/", "h", "content-length: 0", 0, http1.Framing{Kind: http1.Sized}, 0},
		{"unknown length", "PUT", "/", "h", "", -1, http1.Framing{Kind: http1.Chunked}, 0},
		{"length of another body", "PUT", "/", "h", "content-length: 5", 0, http1.Framing{}, 400},
		{"two lengths", "PUT", "/", "h", "content-length: 5|content-length: 5", 5, http1.Framing{}, 400},
		{"Host in other letters", "GET", "/", "h", "host: H", 0, http1.Framing{}, 0},
		{"another Host", "GET", "/", "h", "host: g", 0, http1.Framing{}, 400},
		{"no host", "GET", "/", "", "", 0, http1.Framing{}, 400},
		{"empty method", "", "/", "h", "", 0, http1.Framing{}, 400},
		{"line in the method", "GET /a HTTP/1.1\r\n", "/", "h", "", 0, http1.Framing{}, 400},
		{"absolute path", "GET", "http://g/", "h", "", 0, http1.Framing{}, 400},
		{"line in the path", "GET", "/a HTTP/1.1\r\nX: y", "h", "", 0, http1.Framing{}, 400},
		{"CRLF in a value", "GET", "/", "h", "x: a\r\nb", 0, http1.Framing{}, 400},
		{"blank in a name", "GET", "/", "h", "x y: a", 0, http1.Framing{}, 400},
		{"upgrade", "GET", "/", "h", "upgrade: websocket|connection: upgrade", 0, http1.Framing{}, 400},
		{"expectation", "PUT", "/", "h", "expect: x", -1, http1.Framing{}, 417},
		{"coding", "PUT", "/", "h", "transfer-encoding: chunked", -1, http1.Framing{}, 400},
	} {
		var r http1.Request
		err := r.Assemble(http1.Parts{Method: c.method, Path: c.path, Authority: c.authority, Fields: fieldsOf(c.fields), Length: c.length})
		var refused *http1.Error
		errors.As(err, &refused)
		switch {
		case c.status == 0 && (err != nil || r.Framing != c.framing || r.Host != c.authority || len(r.Fields) == 0 || r.WebSocket || r.Close):
			t.Errorf("%s: %v %+v", c.name, err, r)
		case c.status != 0 && (refused == nil || refused.Status != c.status):
			t.Errorf("%s: %v, want %d", c.name, err, c.status)
		}
	}
}

// FuzzAssemble: what is accepted in parts is, written down, exactly one request of HTTP/1.1 that says the same.
func FuzzAssemble(f *testing.F) {
	f.Add("GET", "/a", "h:80", "x-a", "b", "", int64(0))
	f.Add("GET /x", "/a", "h", "host", "H", "5", int64(5))
	f.Add("CONNECT", "x y", "h", "expect", "100-continue", "", int64(-1))
	f.Add("OPTIONS", "*", "[::1]", "te", "trailers", "05", int64(5))
	f.Add("PUT", "/\r\n", "h\n", "x\r\n", "\r\n", " 5", int64(0))
	f.Fuzz(func(t *testing.T, method, path, authority, name, value, announced string, length int64) {
		fields := []http1.Field{http1.NewField(name, value)}
		if announced != "" {
			fields = append(fields, http1.NewField("Content-Length", announced))
		}
		var r http1.Request
		if r.Assemble(http1.Parts{Method: method, Path: path, Authority: authority, Fields: fields, Length: length}) != nil {
			return
		}
		asked, err := proxy.ParseTarget(r.Method, r.Target, r.Host)
		if err != nil {
			return
		}
		line := r.Target // in origin form, as it goes on
		if !asked.Asterisk {
			line = asked.Path + asked.Query
		}
		var text strings.Builder
		text.WriteString(r.Method + " " + line + " HTTP/1.1\r\n")
		for _, f := range r.Fields {
			text.WriteString(f.Name + ": " + f.Value + "\r\n")
		}
		text.WriteString("\r\n")
		again, refused := parseRequest([]byte(text.String()), http1.Limits{HeadBytes: 1 << 30})
		if refused != nil || again.head != text.Len() {
			t.Fatalf("%q: %v", text.String(), refused)
		}
		second, err := proxy.ParseTarget(again.Method, again.Target, again.Host)
		if err != nil || second != asked || again.Method != method || !slices.Equal(again.Fields, r.Fields) || again.Connection.Len() > 0 || again.WebSocket {
			t.Fatalf("%+v %+v became %+v %+v: %v", r, asked, again, second, err)
		}
		if announced != "" && again.Framing != r.Framing || r.Framing.Kind == http1.Sized && announced == "" && name == "" {
			t.Fatalf("%v became %v by %s", r.Framing, again.Framing, strconv.Quote(announced))
		}
	})
}
