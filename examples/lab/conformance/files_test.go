package conformance

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// site is a folder with a few files.
func site(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"index.html": page, "digits.txt": "0123456789", "app.js": "plain", "app.js.br": "br", "app.js.gz": "gz",
		"docs/index.html": "docs", ".env": "secret", "large.bin": strings.Repeat("0123456789abcdef", 1<<17)} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestFiles(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		folder := site(t)
		r := start(t, k, setup{lines: "/ files=" + folder + " try=\"$uri $uri/ =404\" cache=1h"}, at(answering(t, "instance").Addr(), "pointsman.route=/other"))
		tr := r.clientOf(t, version)
		ask := func(method, path string, fields ...string) (*http.Response, string) {
			t.Helper()
			a := r.roundTrip(t, tr, method, path, fields...)
			body, err := io.ReadAll(a.Body)
			if err != nil || a.ProtoMajor != version {
				t.Errorf("%s %s %s: %d bytes, %v", a.Proto, method, path, len(body), err)
			}
			return a, string(body)
		}
		tag, modified := "", ""
		for _, c := range []struct {
			method, path string
			fields       []string
			status       int
			body         string
			says         []string // name and value by turns; "" is not there
		}{
			{"GET", "/", nil, 200, page, []string{"Content-Type", "text/html; charset=utf-8", "Content-Length", fmt.Sprint(len(page)), "Cache-Control", "max-age=3600", "Accept-Ranges", "bytes"}},
			{"HEAD", "/", nil, 200, "", []string{"Content-Length", fmt.Sprint(len(page))}},
			{"GET", "/digits.txt", nil, 200, "0123456789", []string{"Content-Length", "10", "Vary", ""}},
			{"GET", "/digits.txt?x=1", []string{"Range", "bytes=2-4"}, 206, "234", []string{"Content-Range", "bytes 2-4/10", "Content-Length", "3"}},
			{"GET", "/digits.txt", []string{"Range", "bytes=-2"}, 206, "89", []string{"Content-Range", "bytes 8-9/10"}},
			{"GET", "/digits.txt", []string{"Range", "bytes=10-"}, 416, "", []string{"Content-Range", "bytes */10"}},
			{"GET", "/digits.txt", []string{"Range", "lines=1-2"}, 416, "", nil},
			{"GET", "/digits.txt", []string{"Range", "bytes=2-4", "If-Range", `"other"`}, 200, "0123456789", nil},
			{"GET", "/digits.txt", []string{"If-None-Match", "TAG"}, 304, "", []string{"Etag", "TAG", "Cache-Control", "max-age=3600", "Content-Type", ""}},
			{"GET", "/digits.txt", []string{"If-None-Match", `"other"`}, 200, "0123456789", nil},
			{"GET", "/digits.txt", []string{"If-Modified-Since", "DATE"}, 304, "", nil},
			{"GET", "/digits.txt", []string{"If-Match", `"other"`}, 412, "", nil},
			{"GET", "/app.js", []string{"Accept-Encoding", "gzip"}, 200, "gz", []string{"Content-Encoding", "gzip", "Vary", "Accept-Encoding", "Content-Length", "2", "Content-Type", "text/javascript; charset=utf-8"}},
			{"GET", "/app.js", []string{"Accept-Encoding", "gzip, br"}, 200, "br", []string{"Content-Encoding", "br"}},
			{"GET", "/app.js", nil, 200, "plain", []string{"Content-Encoding", "", "Vary", "Accept-Encoding"}},
			{"GET", "/docs?a=b", nil, 301, "", []string{"Location", "/docs/?a=b"}},
			{"GET", "/docs/", nil, 200, "docs", nil},
			{"GET", "/.env", nil, 404, "", []string{"Cache-Control", "no-store"}},
			{"GET", "/nope", nil, 404, "", nil},
			{"GET", "/..%2f..%2fetc%2fpasswd", nil, 404, "", nil},
			{"POST", "/digits.txt", nil, 405, "", []string{"Allow", "GET, HEAD"}},
			{"GET", "/large.bin", nil, 200, strings.Repeat("0123456789abcdef", 1<<17), []string{"Content-Type", "application/octet-stream"}},
		} {
			for i := range c.fields {
				c.fields[i] = strings.NewReplacer("TAG", tag, "DATE", modified).Replace(c.fields[i])
			}
			a, body := ask(c.method, c.path, c.fields...)
			if a.StatusCode != c.status || c.body != body && a.StatusCode < 400 {
				t.Errorf("HTTP/%d %s %s %q: %d, %d bytes %.40q", version, c.method, c.path, c.fields, a.StatusCode, len(body), body)
			}
			for i := 0; i+1 < len(c.says); i += 2 {
				if got, want := a.Header.Get(c.says[i]), strings.Replace(c.says[i+1], "TAG", tag, 1); got != want {
					t.Errorf("HTTP/%d %s %s %q: %s is %q, want %q", version, c.method, c.path, c.fields, c.says[i], got, want)
				}
			}
			if c.path == "/digits.txt" && a.StatusCode == 200 {
				tag, modified = a.Header.Get("Etag"), a.Header.Get("Last-Modified")
			}
		}
		a, body := ask("GET", "/digits.txt", "Range", "bytes=0-1,8-9")
		_, parameters, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
		parts := multipart.NewReader(strings.NewReader(body), parameters["boundary"])
		for _, want := range []string{"01", "89"} {
			p, err := parts.NextPart()
			if err != nil {
				t.Fatalf("HTTP/%d: %v in %q", version, err, body)
			}
			if text, _ := io.ReadAll(p); string(text) != want {
				t.Errorf("HTTP/%d: part %q, want %q", version, text, want)
			}
		}
	})
}

// A route may have both: files, and compression of those that were not compressed before. And nobody is let past what it restricts.
func TestFilesAndOtherOptions(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		folder := site(t)
		if err := os.WriteFile(filepath.Join(folder, "docs/page.html"), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		r := start(t, k, setup{lines: fmt.Sprintf("/docs files=%s compress=gzip\n/app.js files=%[1]s deny=ip:127.0.0.1\n/alias files=%[1]s strip=/alias\n/shut files=%[1]s allow=nonsense\n/auth files=%[1]s strip=/auth auth=basic:%[2]s response-header=set:X-Own:yes", folder, users)},
			at(answering(t, "instance").Addr(), "pointsman.route=/tag files="+folder, "pointsman.route=/instance"))
		tr := r.clientOf(t, version)
		a := r.roundTrip(t, tr, "GET", "/docs/page.html", "Accept-Encoding", "gzip")
		body, err := io.ReadAll(decoded(t, a))
		if err != nil || string(body) != page || a.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(a.Header.Get("Etag"), "W/") {
			t.Errorf("HTTP/%d: %d bytes, %v, %v", version, len(body), err, a.Header)
		}
		again := r.roundTrip(t, tr, "GET", "/docs/page.html", "Accept-Encoding", "gzip", "If-None-Match", a.Header.Get("Etag"))
		if again.StatusCode != 304 || again.Header.Get("Etag") != a.Header.Get("Etag") {
			t.Errorf("HTTP/%d: %d %v", version, again.StatusCode, again.Header)
		}
		if a := r.roundTrip(t, tr, "GET", "/docs/page.html", "Accept-Encoding", "gzip", "Range", "bytes=0-2"); a.StatusCode != 206 || a.Header.Get("Content-Encoding") != "" {
			t.Errorf("HTTP/%d: a part is %d %v", version, a.StatusCode, a.Header)
		}
		for path, want := range map[string]int{"/app.js": 403, "/alias/app.js": 200, "/alias": 301, "/alias/": 200, "/alias/../digits.txt": 404, "/shut/app.js": 503, "/auth/app.js": 401, "/tag/app.js": 404, "/instance": 200} {
			if a := r.roundTrip(t, tr, "GET", path); a.StatusCode != want {
				t.Errorf("HTTP/%d %s: %d, want %d", version, path, a.StatusCode, want)
			}
		}
		a = r.roundTrip(t, tr, "GET", "/auth/app.js", "Authorization", strings.TrimPrefix(basic("anna:secret"), "Authorization: "))
		if a.StatusCode != 200 || len(a.Header.Values("X-Own")) != 1 {
			t.Errorf("HTTP/%d with a password: %d %v", version, a.StatusCode, a.Header)
		}
	})
}

// A file that is cut while it is sent is a response that is cut.
func TestAFileThatIsCut(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		folder := t.TempDir()
		path := filepath.Join(folder, "big")
		const size = 64 << 20 // more than sockets hold
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		r := start(t, k, setup{lines: "/ files=" + folder}, at(answering(t, "instance").Addr(), "pointsman.route=/other"))
		a := r.roundTrip(t, r.clientOf(t, version), "GET", "/big")
		if err := os.Truncate(path, 1000); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, a.Body); a.ContentLength != size || err == nil || n == size {
			t.Errorf("HTTP/%d: %d bytes of %d and %v", version, n, a.ContentLength, err)
		}
	})
}

// A page of the operator's takes the place of an error, with its status; where it can't be read, the proxy's own reply stays.
func TestPagesInAnErrorsPlace(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		folder := site(t)
		sorry := filepath.Join(folder, "sorry.html")
		if err := os.WriteFile(sorry, []byte("<h1>Sorry</h1>"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(folder, "errors"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "errors", "502.html"), []byte("<h1>Sorry</h1>"), 0o644); err != nil {
			t.Fatal(err)
		}
		broken := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			_, _ = readMessage(in)
		})
		missing := fixture.Serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
		r := start(t, k, setup{lines: fmt.Sprintf("/gone to=%[4]s on=410:page:%[2]s intercept=on\n/gone/nopage to=%[4]s on=410:page:/nonexistent intercept=on\n/files files=%[1]s strip=/files on=404:page:%[2]s\n/down service=gone on=503:page:%[2]s response-header=set:X-Own:yes\n/broken to=%[3]s on=502,504:page:%[1]s/errors/\n/nopage service=gone on=503:page:/nonexistent", folder, sorry, broken.Addr(), missing)},
			at(answering(t, "instance").Addr(), "pointsman.route=/tag on=503:page:"+sorry, "pointsman.route=/"))
		tr := r.clientOf(t, version)
		for path, want := range map[string]string{"/files/nope": "404 <h1>Sorry</h1>", "/files/digits.txt": "200 0123456789", "/down": "503 <h1>Sorry</h1>",
			"/broken": "502 <h1>Sorry</h1>", "/nopage": "503 {\"type\"", "/tag": "200 instance", "/gone": "410 <h1>Sorry</h1>", "/gone/nopage": "410 {\"type\""} {
			a := r.roundTrip(t, tr, "GET", path)
			body, err := io.ReadAll(a.Body)
			if got := fmt.Sprint(a.StatusCode, " ", string(body)); err != nil || !strings.HasPrefix(got, want) {
				t.Errorf("HTTP/%d %s: %s %v, want %s", version, path, got, err, want)
			}
			if strings.Contains(want, "Sorry") && (a.Header.Get("Content-Type") != "text/html; charset=utf-8" || a.Header.Get("Cache-Control") != "no-store" || a.ContentLength != int64(len(body))) {
				t.Errorf("HTTP/%d %s: %v", version, path, a.Header)
			}
			if n := len(a.Header.Values("X-Own")); n != map[bool]int{true: 1}[path == "/down"] {
				t.Errorf("HTTP/%d %s: the field of a filter comes %d times", version, path, n)
			}
			if a.StatusCode == 503 && a.Header.Get("Retry-After") == "" {
				t.Errorf("HTTP/%d %s: no Retry-After", version, path)
			}
		}
		if a := r.roundTrip(t, tr, "HEAD", "/down"); a.StatusCode != 503 || a.ContentLength != int64(len("<h1>Sorry</h1>")) {
			t.Errorf("HTTP/%d HEAD: %d, %d bytes", version, a.StatusCode, a.ContentLength)
		}
	})
}

// A status and a text of the operator's take the place of an error: the proxy's own, and where it is said an instance's.
func TestAnswersInAnErrorsPlace(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		broken := play(t, func(_ int64, _ *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in) })
		missing := fixture.Serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
		r := start(t, k, setup{lines: fmt.Sprintf("/gone to=%[2]s on=\"410:respond:200,soon, or later\" intercept=on\n/kept to=%[2]s on=410:respond:200,soon\n"+
			"/broken to=%[1]s on=502,none:respond:200,soon\n/down service=gone on=none:respond:503,down", broken.Addr(), missing)})
		tr := r.clientOf(t, version)
		for path, want := range map[string]string{"/gone": "200 soon, or later", "/kept": "410 ", "/broken": "200 soon", "/down": "503 down"} {
			for _, method := range []string{"GET", "POST"} {
				a := r.roundTrip(t, tr, method, path)
				body, err := io.ReadAll(a.Body)
				if got := fmt.Sprint(a.StatusCode, " ", string(body)); err != nil || got != want {
					t.Errorf("HTTP/%d %s %s: %s %v, want %s", version, method, path, got, err, want)
				}
			}
		}
	})
}

// A range that can't be had is told to HEAD without a body: it would be taken for the next answer.
func TestFilesSendNoBodyForHEAD(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		if version != 1 {
			return
		}
		r := start(t, k, setup{lines: "/ files=" + site(t)}, at(answering(t, "instance").Addr(), "pointsman.route=/other"))
		c := r.dial(t)
		for _, fields := range []string{"Range: bytes=99-\r\n", "Range: lines=1\r\n"} {
			c.send("HEAD /digits.txt HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n")
			if a := c.answer("HEAD"); a.status != 416 {
				t.Errorf("HEAD with %q: %+v", fields, a)
			}
			c.send(get("/digits.txt", ""))
			c.want(200, "0123456789")
		}
	})
}
