package proxy

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestNormalizePath(t *testing.T) {
	for raw, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "//": "//", "/a//b": "/a//b", "/.": "/", "/./": "/", "/a/.": "/a/", "/a/..": "/", "/a/../": "/", "/a/../b": "/b",
		"/a/b/../c": "/a/c", "/a/b/..": "/a/", "/a/%2e%2E/b": "/b", "/a/.%2e/b": "/b", "/a/%2e/b": "/a/b", "/...": "/...", "/.a/..b/c.": "/.a/..b/c.",
		"/a/%2e%2e%2e": "/a/%2e%2e%2e", "/a%2f..%2fb": "/a%2f..%2fb", "/a%00": "/a%00", "/%zz?": "", "/a//../b": "/a/b", "/a;x=1/b": "/a;x=1/b", "/a\\b": "/a\\b",
	} {
		if strings.HasSuffix(raw, "?") {
			continue
		}
		if got, err := NormalizePath(raw); err != nil || got != want {
			t.Errorf("%q: %q %v, want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]error{
		"": ErrPathForm, "a": ErrPathForm, "*": ErrPathForm, "/..": ErrPathAbove, "/a/../../b": ErrPathAbove, "/%2e%2e/": ErrPathAbove, "/./..": ErrPathAbove,
		"/%": ErrPathEscape, "/%2": ErrPathEscape, "/%zz": ErrPathEscape, "/a b": ErrPathByte, "/a\x00": ErrPathByte, "/a\x7f": ErrPathByte,
		"/a\xff": ErrPathByte, "/a#b": ErrPathByte, "/a?b": ErrPathByte, "/a\r\nX: y": ErrPathByte,
	} {
		if got, err := NormalizePath(raw); !errors.Is(err, want) {
			t.Errorf("%q: %q %v, want %v", raw, got, err, want)
		}
	}
	if a := testing.AllocsPerRun(100, func() { NormalizePath("/a/b.c/..d/%2Fe") }); a != 0 {
		t.Errorf("%v allocations for a path that stays as it is", a)
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, s := range []string{"/a/../b", "/%2e%2E/x", "/a/./b/..", "//..//", "/.%2e", "/a%2f.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := NormalizePath(raw)
		if err != nil {
			return
		}
		if again, err := NormalizePath(got); err != nil || again != got {
			t.Fatalf("%q: %q becomes %q %v", raw, got, again, err)
		}
		for segment := range strings.SplitSeq(got, "/") {
			if s, err := url.PathUnescape(segment); err != nil || s == "." || s == ".." {
				t.Fatalf("%q: %q keeps %q %v", raw, got, segment, err)
			}
		}
		// Without empty segments and escapes the standard library says the same.
		if !strings.Contains(raw, "//") && !strings.Contains(raw, "%") && path.Clean(raw) != path.Clean(got) {
			t.Fatalf("%q: %q, path.Clean says %q", raw, got, path.Clean(raw))
		}
	})
}

// What is matched is what is forwarded: a prefix that goes leaves no segment that leads elsewhere.
func TestStrippingLeadsNowhereElse(t *testing.T) {
	for path, want := range map[string]string{
		"/a":            "send 10.0.0.1:80",
		"/a/b":          "send 10.0.0.1:80",
		"/ab/.../c":     "send 10.0.0.1:80",
		"/a../b":        "reply bad-request",
		"/a..":          "reply bad-request",
		"/a.":           "reply bad-request",
		"/a%2e%2E/b":    "reply bad-request",
		"/a.%2e/secret": "reply bad-request",
		"/a...":         "send 10.0.0.1:80",
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-web.io/a strip=/a")
		var x Exchange
		d.asked(t, &x, "GET "+path+" HTTP/1.1|Host: web.io")
		if got := told(&x, x.Match(d.table)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		x.Finish(d.now)
	}
}
