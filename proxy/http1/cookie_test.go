package http1

import "testing"

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
