package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// site is a folder with files and what must not be served, in a folder with more of that.
func site(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	folder := filepath.Join(top, "site")
	for name, text := range map[string]string{
		"site/index.html": "front", "site/a.txt": "a", "site/with space.txt": "space", "site/percent%.txt": "percent", "site/app.js": "plain",
		"site/app.js.gz": "gz", "site/app.js.br": "br", "site/docs/index.html": "docs",
		"site/docs/page.html": "page", "site/empty/x.txt": "x", "site/.git/config": "secret", "site/.env": "secret", "site/docs/.htpasswd": "secret",
		"site/.well-known/security.txt": "contact", "site/.well-known/.secret": "secret", "secret.txt": "secret", "site/none.xyz": "bytes",
		"site-secret/x.txt": "secret",
	} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out.txt": "../secret.txt", "abs.txt": filepath.Join(top, "secret.txt"), "up": "..", "in.txt": "a.txt", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// found is what stands in what was found: its text, "-> path" for a redirect, "none", or an error's text.
func found(t testing.TB, f *Folder, path, accept string) string {
	t.Helper()
	file, err := f.Open(path, accept)
	switch {
	case errors.Is(err, ErrNone):
		return "none"
	case err != nil:
		return err.Error()
	case file.Slash:
		return "-> " + path + "/"
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || int64(len(text)) != file.Size {
		t.Errorf("%s: %d bytes of %d, %v", path, len(text), file.Size, err)
	}
	return string(text)
}

func TestFilesThatAreServed(t *testing.T) {
	f := New(&dialect.Files{Folder: site(t)})
	for path, want := range map[string]string{
		"/": "front", "/index.html": "front", "/a.txt": "a", "/%61.txt": "a", "/with%20space.txt": "space", "/percent%25.txt": "percent",
		"/docs/": "docs", "/docs": "-> /docs/", "/docs/page.html": "page", "/in.txt": "a", "/.well-known/security.txt": "contact", "/none.xyz": "bytes",
	} {
		if got := found(t, f, path, ""); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if New(&dialect.Files{}) != nil {
		t.Error("files that nobody asked for")
	}
}

// Nothing outside of the folder is served, nothing hidden, and no list of a folder.
func TestFilesThatAreNot(t *testing.T) {
	f := New(&dialect.Files{Folder: site(t)})
	for _, path := range []string{
		"/nope", "/empty", "/empty/", "/a.txt/", "/a.txt/b", "/../secret.txt", "/docs/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..%5csecret.txt",
		"/..\\secret.txt", "/docs/..%2f..%2fsecret.txt", "/docs%2fpage.html", "/%2fetc/passwd", "//etc/passwd", "//a.txt", "/docs//page.html", "/./a.txt", "/docs/.", "/docs/..",
		"/out.txt", "/abs.txt", "/up/secret.txt", "/up/site/a.txt", "/loop", "/pipe.txt", "/../site-secret/x.txt",
		"/.git/config", "/.env", "/%2eenv", "/docs/.htpasswd", "/.well-known/.secret", "/.well-known", "/.well-known/", "/x/.well-known/security.txt",
		"/a.txt%00", "/a.txt%00.html", "/%zz", "", "a.txt", "/" + strings.Repeat("x", 300), "/" + strings.Repeat("x/", 3000),
	} {
		if got := found(t, f, path, "gzip, br"); got != "none" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestCompressedBefore(t *testing.T) {
	f := New(&dialect.Files{Folder: site(t)})
	for accept, want := range map[string]string{"": "plain", "gzip": "gz", "gzip, br": "br", "br;q=0.1, gzip": "gz", "zstd": "plain", "*": "br", "identity, gzip;q=0.5": "plain"} {
		file, err := f.Open("/app.js", accept)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(file)
		file.Close()
		if string(text) != want || !file.Varies || (file.Coding == "") != (want == "plain") || !strings.HasPrefix(file.Type, "text/javascript") {
			t.Errorf("%s: %s %q %s", accept, text, file.Coding, file.Type)
		}
	}
}

func TestTry(t *testing.T) {
	folder := site(t)
	for try, paths := range map[string]map[string]string{
		"$uri $uri/ /index.html":  {"/a.txt": "a", "/docs/": "docs", "/docs": "-> /docs/", "/any/where": "front", "/.env": "none", "/empty/": "front"},
		"$uri $uri.html =404":     {"/docs/page": "page", "/docs/page.html": "page", "/nope": "none", "/docs/": "docs"},
		"/docs$uri":               {"/page.html": "page", "/a.txt": "none", "/": "docs"},
		"/docs/index.html":        {"/": "docs", "/x": "docs"},
		"$uri/index.html /in.txt": {"/docs": "docs", "/": "front", "/x": "a"},
	} {
		f := New(&dialect.Files{Folder: folder, Try: strings.Fields(try)})
		for path, want := range paths {
			if got := found(t, f, path, ""); got != want {
				t.Errorf("try %q, %s: %s, want %s", try, path, got, want)
			}
		}
	}
}

// A folder that is not there, or may not be read, is the operator's business.
func TestFoldersThatCannotBeRead(t *testing.T) {
	top := t.TempDir()
	f := New(&dialect.Files{Folder: filepath.Join(top, "www"), Cache: 90 * time.Minute})
	if got := found(t, f, "/", ""); !strings.Contains(got, "open folder") {
		t.Error(got)
	}
	for _, version := range []string{"1", "2"} { // another version takes its place
		if err := os.MkdirAll(filepath.Join(top, version), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, version, index), []byte(version), 0o644); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(filepath.Join(top, "www"))
		if err := os.Symlink(version, filepath.Join(top, "www")); err != nil {
			t.Fatal(err)
		}
		if got := found(t, f, "/", ""); got != version {
			t.Errorf("%s, want %s", got, version)
		}
	}
	if f.cacheControl != "max-age=5400" || New(&dialect.Files{Folder: "/x", Cache: dialect.NoCache}).cacheControl != "no-cache" {
		t.Error(f.cacheControl)
	}
}

// Whatever the path, what is found lies in the folder and is not hidden.
func FuzzOpen(f *testing.F) {
	folder := New(&dialect.Files{Folder: site(f)})
	for _, seed := range []string{"/", "/a.txt", "/%2e%2e/secret.txt", "/.env", "/docs/../.env", "/up/secret.txt"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if got := found(t, folder, path, "gzip"); strings.Contains(got, "secret") && !strings.HasPrefix(got, "-> ") {
			t.Errorf("%q: %s", path, got)
		}
	})
}

func TestPages(t *testing.T) {
	folder := site(t)
	if p, err := ReadPage(filepath.Join(folder, "docs/page.html")); err != nil || string(p.Body) != "page" || p.Type != "text/html; charset=utf-8" {
		t.Errorf("%+v %v", p, err)
	}
	large := filepath.Join(folder, "large")
	if err := os.WriteFile(large, make([]byte, MaxPage+1), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, folder, filepath.Join(folder, "pipe.txt"), filepath.Join(folder, "nope")} {
		if p, err := ReadPage(path); err == nil || p != nil {
			t.Errorf("%s is a page", path)
		}
	}
}

// What HAProxy's errorfile names is a whole response: its body is the page.
func TestPageOfAWholeResponse(t *testing.T) {
	for content, want := range map[string]string{
		"HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nContent-Type: text/plain\r\n\r\nsoon\n": "text/plain soon\n",
		"HTTP/1.0 503 Service Unavailable\nConnection: close\n\n<html>\n\nsoon":                                 "text/html <html>\n\nsoon",
		"HTTP/1.1 503 x\r\nA: b\r\n\r\n":         "text/html ",
		"<html>soon":                             "",
		"HTTP/1.1 503 x\r\nA: b":                 "",
		"HTTP/1.1 503 x\r\nno field\r\n\r\nsoon": "",
		"":                                       "",
	} {
		name := filepath.Join(t.TempDir(), "503.http")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := ReadPage(name)
		if got := ""; err == nil {
			if got = p.Type + " " + string(p.Body); got != want {
				t.Errorf("%q: %q, want %q", content, got, want)
			}
		} else if want != "" {
			t.Errorf("%q: %v", content, err)
		}
	}
}
