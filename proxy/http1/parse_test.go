package http1

import "testing"

func parse(t *testing.T, head string) (r Request) {
	t.Helper()
	if err := r.Parse([]byte(head), testLimits); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return r
}

func TestWebSocketIsAskedForInOneWay(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       bool
	}{
		{"asked", get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\n"), true},
		{"in other cases, among others", get("/", "UPGRADE: WebSocket\r\nConnection: keep-alive, upgrade\r\n"), true},
		{"with a body of nothing", get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n"), true},
		{"with a body", get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 1\r\n"), false},
		{"with chunks", get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n"), false},
		{"not named by Connection", get("/", "Upgrade: websocket\r\n"), false},
		{"beside another", get("/", "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"), false},
		{"beside another in its own field", get("/", "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), false},
		{"twice", get("/", "Upgrade: websocket\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), false},
		{"h2c", get("/", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n"), false},
		{"by POST", post("Upgrade: websocket\r\nConnection: Upgrade\r\n", ""), false},
		{"on HTTP/1.0", "GET / HTTP/1.0\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", false},
	} {
		if r := parse(t, c.head); r.WebSocket != c.want {
			t.Errorf("%s: %v", c.name, r.WebSocket)
		}
	}
}

func TestContinueIsWaitedForWhereABodyComes(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       bool
	}{
		{"with a length", post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""), true},
		{"with chunks", post("expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", ""), true},
		{"without a body", post("Expect: 100-continue\r\n", ""), false},
		{"with a body of nothing", post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""), false},
		{"on HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false},
		{"empty", post("Expect:\r\nContent-Length: 5\r\n", ""), false},
	} {
		if r := parse(t, c.head); r.Continue != c.want {
			t.Errorf("%s: %v", c.name, r.Continue)
		}
	}
}

func TestTrailersAreTakenByThoseWhoSaySo(t *testing.T) {
	for fields, want := range map[string]bool{
		"TE: trailers\r\n": true, "TE: gzip;q=0.5, Trailers\r\n": true, "TE: gzip\r\nTE: trailers\r\n": true,
		"TE: gzip\r\n": false, "TE: trailersx\r\n": false, "": false,
	} {
		if r := parse(t, get("/", fields)); r.Trailers != want {
			t.Errorf("%q: %v", fields, r.Trailers)
		}
	}
}

// Find has refused lines of LF before Parse sees them; Parse doesn't rely on it.
func TestParseNeedsNoFind(t *testing.T) {
	for _, head := range []string{"", "\r\n", "GET / HTTP/1.1\nHost: t\r\n\r\n", "GET / HTTP/1.1\r\nHost: t\n\r\n", "GET / HTTP/1.1\r\nHost: t\x01\n\r\n",
		"GET / HTTP/1.1\r\nHost: t\r\n\n", "GET / HTTP/1.1\r\nHost: t\r\n\r", "GET / HTTP/1.1\r\n\nHost: t\r\n\r\n", "GET / HTTP/1.1\rXHost: t\r\n\r\n",
		"GET / HTTP/1.1XXHost: t\r\n\r\n", "GET / HTTP/1.1X\nHost: t\r\n\r\n"} {
		var r Request
		if err := r.Parse([]byte(head), testLimits); err == nil {
			t.Errorf("accepted %q", head)
		}
	}
}

// A head that Parse gets whole is judged like one that was found: nothing may stand behind its end, and the end must be there.
func TestParseTakesExactlyOneHead(t *testing.T) {
	whole := get("/g", "X-A: 1\r\n")
	for i := range whole {
		var r Request
		if err := r.Parse([]byte(whole[:i]), testLimits); err == nil {
			t.Errorf("accepted %q", whole[:i])
		}
	}
	var r Request
	if err := r.Parse([]byte(whole+"x"), testLimits); err == nil {
		t.Error("accepted bytes behind the end")
	}
	if err := r.Parse([]byte(whole), Limits{HeadBytes: len(whole) - 1}); err == nil || err.(*Error).Status != 431 {
		t.Errorf("a head above the limit: %v", err)
	}
	if err := r.Parse([]byte(whole), Limits{}); err != nil {
		t.Errorf("without limits: %v", err)
	}
}

// Nothing of a message shows in the next one that is parsed into the same place.
func TestParseForgets(t *testing.T) {
	full := get("/x", "Connection: a, b, c, d, e, close, upgrade\r\nUpgrade: websocket\r\nTE: trailers\r\nContent-Length: 0\r\n")
	upload := post("Expect: 100-continue\r\nContent-Length: 5\r\n", "")
	plain := "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	fresh := parse(t, plain)
	for _, before := range []string{full, upload, "GET / HTTP/1.1\r\nHost:", full + "x"} {
		r := parse(t, full)
		_ = r.Parse([]byte(before), testLimits)
		if err := r.Parse([]byte(plain), testLimits); err != nil {
			t.Fatal(err)
		}
		if r.Method != fresh.Method || r.Framing != fresh.Framing || r.Close || r.Continue || r.WebSocket || r.Trailers || r.Connection.Len() != 0 || r.Connection.Has("a") ||
			len(r.Fields) != 1 || r.Host != "h" || r.Minor != 1 || r.Target != "/" {
			t.Errorf("behind %q: %+v", before, r)
		}
	}
	var a Response
	for _, head := range []string{ok + "Connection: close, a\r\nContent-Length: 5\r\n\r\n", ok + "Content-Length: x\r\n\r\n", "HTTP/1.1 204\r\n\r\n"} {
		_ = a.Parse([]byte(head), "GET", testLimits)
	}
	if a.Status != 204 || a.Reason != "" || a.Close || a.SaysClose || a.Connection.Len() != 0 || a.ContentLength != -1 || a.Framing != (Framing{}) || len(a.Fields) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestFieldsAreViews(t *testing.T) {
	r := parse(t, get("/g?x", "X-A:\t 1 2 \t\r\nCookie:a=b\r\nX-E:\r\n"))
	want := []Field{NewField("Host", "t"), NewField("X-A", "1 2"), NewField("Cookie", "a=b"), NewField("X-E", "")}
	if len(r.Fields) != len(want) {
		t.Fatalf("%+v", r.Fields)
	}
	for i, f := range r.Fields {
		if f != want[i] {
			t.Errorf("got %+v, want %+v", f, want[i])
		}
	}
}
