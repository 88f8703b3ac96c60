package http1

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestKnownNames(t *testing.T) {
	all := map[string]Known{
		"Host": Host, "Content-Length": ContentLength, "Transfer-Encoding": TransferEncoding, "Connection": Connection,
		"Keep-Alive": KeepAlive, "Proxy-Connection": ProxyConnection, "TE": TE, "Trailer": Trailer, "Upgrade": Upgrade, "Expect": Expect,
		"HTTP2-Settings": HTTP2Settings, "Proxy": Proxy, "X-Forwarded-For": XForwardedFor, "X-Forwarded-Proto": XForwardedProto,
		"X-Forwarded-Host": XForwardedHost, "X-Forwarded-Port": XForwardedPort, "X-Forwarded-": Other, "X-Forwarded-Client-Cert": OtherXForwarded,
		"Forwarded": Forwarded, "X-Real-IP": XRealIP, "X-Request-ID": XRequestID, "Accept": Accept, "Referer": Referer, "User-Agent": UserAgent,
		"Date": Date, "Server": Server, "Content-Type": ContentType, "Cookie": Other, "Accept-Encoding": Other, "X": Other, "": Other,
		"Content_Length": Underscored, "_": Underscored, "X_Forwarded_For": Underscored, "X-Forwarded-A_B": Underscored, "Content-Lengt": Other,
		"Content-Lengti": Other, "Hos\x54": Host, "Content\rLength": Other, "\u212aeep-Alive": Other, "Keep\x0dAlive": Other,
	}
	for name, want := range all {
		for _, n := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if n != name && strings.ContainsAny(name, "\u212a") {
				continue // Go folds the Kelvin sign into a letter
			}
			if got := NewField(n, "").Known(); got != want {
				t.Errorf("%q: %d, want %d", n, got, want)
			}
			if got := (Field{Name: n}).Known(); got != want {
				t.Errorf("%q unmade: %d, want %d", n, got, want)
			}
			if !ValidToken(n) {
				continue
			}
			r := Response{}
			if err := r.Parse([]byte(ok+n+": 1\r\n\r\n"), "HEAD", Limits{}); err == nil && r.Fields[0].Known() != want {
				t.Errorf("%q parsed: %d, want %d", n, r.Fields[0].Known(), want)
			}
		}
	}
}

func TestTokensAndValues(t *testing.T) {
	for c := range 256 {
		b := string([]byte{byte(c)})
		token := strings.Contains("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", b)
		value := c == '\t' || c >= ' ' && c != 0x7f
		for _, around := range [][2]string{{"", ""}, {"x", ""}, {"", "x"}, {"01234567", ""}, {"0123456789", "01234567890"}} {
			if got := targetEnd([]byte(b), 0) == 1; got != (c > ' ' && c < 0x7f) {
				t.Errorf("%q in a target: %v", b, got)
			}
			if s := around[0] + b + around[1]; ValidToken(s) != token || ValidValue(s) != value {
				t.Errorf("%q: token %v, value %v", s, ValidToken(s), ValidValue(s))
			}
		}
	}
	if ValidToken("") || !ValidValue("") {
		t.Error("nothing is a value and no token")
	}
}

// The scans by eight bytes find what scans by one find.
func TestScansByEight(t *testing.T) {
	const special = "\x00\x01\t\r\n\x1f !az~\x7f\x80\x9f\xa0\xff"
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = 'a' + byte(i%26)
			if r.IntN(8) == 0 {
				b[i] = special[r.IntN(len(special))]
			}
		}
		begin := r.IntN(len(b) + 1)
		slow := func(c class) int {
			for i := begin; i < len(b); i++ {
				if classes[b[i]]&c == 0 {
					return i
				}
			}
			return len(b)
		}
		if got, want := valueEnd(b, begin), slow(inValue); got != want {
			t.Fatalf("value in %q from %d: %d, want %d", b, begin, got, want)
		}
		if got, want := targetEnd(b, begin), slow(inTarget); got != want {
			t.Fatalf("target in %q from %d: %d, want %d", b, begin, got, want)
		}
	}
}

func TestHops(t *testing.T) {
	var h ConnectionOptions
	h.Add("close, X-A ,, \tx-b\t,c;q=1")
	h.Add("d")
	h.Add(" e,")
	for name, want := range map[string]bool{"Close": true, "x-a": true, "X-B": true, "c": false, "c;q=1": true, "D": true, "E": true, "": false, "X-": false, "clos\x65": true} {
		if h.Has(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if h.Len() != 6 {
		t.Errorf("%d options", h.Len())
	}
	h.Add(strings.Repeat("x,", maxOptions-6))
	if h.Has("other") {
		t.Error("a full set names everything")
	}
	h.Add(strings.Repeat("y,", 10000) + "other")
	if !h.Has("other") || cap(h.rest) > 2*maxOptions {
		t.Errorf("an overfull set holds %d options, and does not name what it left out", cap(h.rest))
	}
}

func TestHasToken(t *testing.T) {
	for _, c := range []struct {
		list, token string
		want        bool
	}{
		{"a, b", "B", true}, {"a;q=1 , b", "a", true}, {"ab", "a", false}, {"", "a", false}, {",,a", "a", true}, {"a b", "a", false}, {"x;a", "a", false},
	} {
		if HasToken(c.list, c.token) != c.want {
			t.Errorf("%q in %q: %v", c.token, c.list, !c.want)
		}
	}
}

func TestAppendedHeadsParse(t *testing.T) {
	head := []byte("PUT /p?q HTTP/1.1\r\n")
	head = AppendField(head, NewField("Host", "t:80"))
	head = AppendField(head, NewField("X-A", ""))
	head = append(AppendFraming(head, Framing{Sized, 1<<63 - 1}), "\r\n"...)
	r := parse(t, string(head))
	if r.Method != "PUT" || r.Target != "/p?q" || r.Host != "t:80" || r.Framing != (Framing{Sized, 1<<63 - 1}) || len(r.Fields) != 3 {
		t.Errorf("%q became %+v", head, r)
	}
	head = append(AppendFraming(AppendStatusLine(nil, 503, ""), Framing{Kind: Chunked}), "\r\n"...)
	var a Response
	if err := a.Parse(head, "GET", testLimits); err != nil || a.Status != 503 || a.Framing.Kind != Chunked {
		t.Errorf("%q became %+v %v", head, a, err)
	}
	if b := AppendFraming(AppendFraming(nil, Framing{}), Framing{Kind: UntilClose}); len(b) != 0 {
		t.Errorf("no body is announced as %q", b)
	}
}
