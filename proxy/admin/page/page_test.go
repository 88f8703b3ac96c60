package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestFilesAreServedUnderThePolicy(t *testing.T) {
	kinds := map[string]string{"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
	eachFile(t, func(name, text string) {
		path := Path + name
		if name == "index.html" {
			path = "/"
		}
		w := get(t, path)
		if w.Code != http.StatusOK || w.Body.String() != text || w.Header().Get("Content-Security-Policy") != Policy {
			t.Errorf("%s: %d, %d bytes, policy %q", path, w.Code, w.Body.Len(), w.Header().Get("Content-Security-Policy"))
		}
		if kind := w.Header().Get("Content-Type"); kind != kinds[name[strings.LastIndexByte(name, '.')+1:]] {
			t.Errorf("%s: %s", path, kind)
		}
		if again := get(t, path, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s is sent to who has it: %d", path, again.Code)
		}
	})
	for _, path := range []string{"/page/", "/page/nothing.js", "/page/x/app.js", "/app.js", "/page/page.go", "/page/index.html", "/page/../page.go"} {
		if w := get(t, "http://localhost"+path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func eachFile(t *testing.T, f func(name, text string)) {
	t.Helper()
	list, err := fs.ReadDir(files, ".")
	if err != nil || len(list) < 4 {
		t.Fatal(err, len(list))
	}
	for _, x := range list {
		text, err := files.ReadFile(x.Name())
		if err != nil {
			t.Fatal(err)
		}
		f(x.Name(), string(text))
	}
}

// What comes from labels gets into the page as text alone, nothing in it runs or looks in ways that the policy forbids, and it names no other
// address.
func TestFilesMakeNoMarkupOfText(t *testing.T) {
	eachFile(t, func(name, text string) {
		for _, complaint := range complaints(name, text) {
			t.Errorf("%s: %s", name, complaint)
		}
	})
}

func TestFilesMakeNoMarkupOfTextCanFail(t *testing.T) {
	for name, text := range map[string]string{
		"a.js": "x.innerHTML = y", "b.js": "x.insertAdjacentHTML('beforeend', y)", "c.js": "eval(x)", "d.js": "document.write(x)",
		"e.html": `<a onclick="x()">`, "f.html": "<script>x</script>", "g.html": `<p style="color: red">`, "h.css": "@import url(https://example.org/x.css)",
		"i.js": "fetch('//example.org/')", "j.js": "setTimeout('x()', 1)", "k.js": strings.Repeat("x\n", 201),
	} {
		if len(complaints(name, text)) == 0 {
			t.Errorf("no complaint about %s", name)
		}
	}
}

var forbidden = map[string]*regexp.Regexp{
	"makes markup of text": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc`),
	"makes code of text":   regexp.MustCompile(`\beval\(|new Function|set(Timeout|Interval)\(['"\x60]`),
	"has an inline script": regexp.MustCompile(`<script>|<script [^>]*></script>.*<script>|\son[a-z]+="|javascript:`),
	"has an inline style":  regexp.MustCompile(`<style|\sstyle="|setAttribute\('style'`),
	"names others":         regexp.MustCompile(`@import|url\([^)]|fetch\(['"\x60](https?:)?//|(src|href)="(https?:)?//`),
}

func complaints(name, text string) (list []string) {
	for what, pattern := range forbidden {
		if found := pattern.FindString(text); found != "" {
			list = append(list, what+": "+found)
		}
	}
	if n := strings.Count(text, "\n"); n > 200 {
		list = append(list, "is too long to be read at once")
	}
	return list
}

// A browser asks for all modules at once, and not for those of one only when it has read another.
func TestModulesAreAskedForAtOnce(t *testing.T) {
	page := get(t, "/").Body.String()
	eachFile(t, func(name, _ string) {
		if strings.HasSuffix(name, ".js") && !strings.Contains(page, `="page/`+name+`"`) {
			t.Errorf("index.html has no modulepreload of %s", name)
		}
	})
}
