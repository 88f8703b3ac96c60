package http1

import (
	"net/http"
	"strings"
	"testing"
)

func TestCookie(t *testing.T) {
	fields := []Field{NewField("Accept", "a=1"), NewField("cookie", "a=1; b = 2 ;c;=x; d=\"q\""), NewField("Cookie", "e=5; a=6")}
	for name, want := range map[string]string{"a": "1", "b": "2", "c": "", "d": `"q"`, "e": "5", "A": "", "f": ""} {
		if got := Cookie(fields, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestParameter(t *testing.T) {
	for name, want := range map[string]string{"a": "1", "b": "", "c": "%20x", "d": "", "e": "f=g"} {
		if got := Parameter("?a=1&b&c=%20x&a=2&e=f=g", name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What net/http finds first is found, too, where it takes the value as it stands.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"a=1; sid=2", "sid=", "sid", "; sid=3;sid=4", "SID=1; sid=x y", "a=b=c; sid=\"q\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !ValidValue(text) {
			return
		}
		got := Cookie([]Field{NewField("Cookie", text)}, "sid")
		r := http.Request{Header: http.Header{"Cookie": {text}}}
		if c, err := r.Cookie("sid"); err == nil && !c.Quoted && c.Value != "" && got == "" {
			t.Fatalf("%q: nothing, want %q", text, c.Value)
		}
		if got != "" && !strings.Contains(text, "sid") || strings.ContainsAny(got, ";") {
			t.Fatalf("%q: %q", text, got)
		}
	})
}
