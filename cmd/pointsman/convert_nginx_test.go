package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// askedProxy is a proxy that is asked: nginx with a configuration, or Pointsman with what it was converted to.
type askedProxy struct {
	address string
	client  *http.Client
}

// nginxAnswer is what an instance saw of a request, and what the client got.
type nginxAnswer struct {
	Status   int
	Body     string
	Location string
	Fields   string // of the response that were asked for
	// Instance is which one, "" for none; Path, Host and Seen are what it saw.
	Instance, Path, Host, Seen string

	page string
}

// startSeen starts an instance that answers with what it saw.
func startSeen(t *testing.T, name string, seen ...string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fields := ""
		for _, f := range seen {
			fields += f + "=" + r.Header.Get(f) + " "
		}
		if status := r.URL.Query().Get("status"); status != "" {
			var n int
			_, _ = fmt.Sscan(status, &n)
			w.WriteHeader(n)
		}
		_ = json.NewEncoder(w).Encode(nginxAnswer{Instance: name, Path: r.RequestURI, Host: r.Host, Seen: fields})
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// ask sends a request for a host.
func (s *askedProxy) ask(method, host, target string, header http.Header, fields ...string) (out nginxAnswer, err error) {
	r, err := http.NewRequest(method, "http://"+s.address+"/", nil)
	if err != nil {
		return out, err
	}
	r.URL.Opaque, r.Host = target, host
	for k, v := range header {
		r.Header[k] = v
	}
	a, err := s.client.Do(r)
	if err != nil {
		return out, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, 64<<10))
	if err != nil {
		return out, err
	}
	if json.Unmarshal(text, &out) != nil {
		out.Body = strings.TrimRight(string(text), "\r\n")
	}
	out.Status, out.Location = a.StatusCode, a.Header.Get("Location")
	for _, f := range fields {
		out.Fields += f + "=" + strings.Join(a.Header[http.CanonicalHeaderKey(f)], "|") + " "
	}
	if out.Status >= 300 && out.Instance == "" { // the proxy's own page
		out.Body, out.page = "", out.Body
	}
	if path, ok := strings.CutPrefix(out.Location, "http://"+host); ok { // nginx names host and port
		path = strings.TrimPrefix(path, s.address[strings.LastIndexByte(s.address, ':'):])
		out.Location = path
	}
	return out, nil
}

func newSide(address string) *askedProxy {
	return &askedProxy{address, &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const nginxHead = `daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr crit;
events { worker_connections 512; }
http { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
include %[1]s/site.conf;
}`

// nginxAndOwn starts nginx with a site, in which LISTEN is its address, and Pointsman with what pointsman convert makes of that.
func nginxAndOwn(t *testing.T, site string) (nginx, pointsman *askedProxy, report string) {
	t.Helper()
	bin, err := exec.LookPath("nginx")
	if err != nil {
		if bin = "/usr/sbin/nginx"; !isThere(bin) {
			lab.Missing(t, "nginx: %v", err)
		}
	}
	dir, err := os.MkdirTemp("/tmp", "nginx") // the worker is another user, who must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", lab.FreePort(t))
	site = strings.ReplaceAll(site, "LISTEN", address)
	for name, text := range map[string]string{"site.conf": site, "nginx.conf": fmt.Sprintf(nginxHead, dir)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := lab.StartProcess(t, "nginx", nil, bin, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	lab.Eventually(t, 20*time.Second, "nginx listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil || !p.Running()
	})
	if !p.Running() {
		t.Fatalf("nginx refuses the configuration: %s\n%s", p.Output(), site)
	}
	var lines, errs bytes.Buffer
	runConvert(context.Background(), program{args: []string{"-o", "routes", filepath.Join(dir, "nginx.conf")}, lookup: func(string) (string, bool) { return "", false }, stdout: &lines, stderr: &errs})
	routes := filepath.Join(dir, "routes")
	if err := os.WriteFile(routes, lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	_, own, _ := startDemo(t, "-routes", "tagged", "-routes-file", routes)
	return newSide(address), newSide(own), lines.String() + errs.String()
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// askBoth asks both the same, and tells where they differ.
func askBoth(t *testing.T, nginx, pointsman *askedProxy, method, host, target string, header http.Header, fields ...string) bool {
	t.Helper()
	want, err := nginx.ask(method, host, target, header, fields...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pointsman.ask(method, host, target, header, fields...)
	if err != nil {
		t.Fatal(err)
	}
	got.page, want.page = "", ""
	for f := range strings.FieldsSeq(want.Seen) {
		if strings.HasSuffix(f, "=") { // fields that the proxy adds, which is said
			got.Seen = regexp.MustCompile(regexp.QuoteMeta(f)+`\S* `).ReplaceAllString(got.Seen, f+" ")
		}
	}
	if want.Status >= 400 { // its own pages are not to be kept
		got.Fields, want.Fields = "", ""
	}
	if got.Instance != "" && want.Instance != "" { // who has a turn is compared by shares
		got.Instance = want.Instance
	}
	if got != want {
		t.Errorf("%s %s%s\n     got %+v\n  nginx's %+v", method, host, target, got, want)
		return false
	}
	return true
}

// Locations of all kinds, generated: the same location takes a request as in nginx, and the instance sees the same path.
func TestConvertedLocationsAreTakenAsInNginx(t *testing.T) {
	up := startSeen(t, "one", "X-Location")
	seed := uint64(20261129)
	if s := os.Getenv("SEED"); s != "" {
		_, _ = fmt.Sscan(s, &seed)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	const servers = 40
	var site strings.Builder
	var texts []string
	fmt.Fprintf(&site, "server { listen LISTEN default_server; return 404; }\n")
	for i := range servers {
		text := generatedServer(random, up, fmt.Sprintf("s%d.test", i))
		texts = append(texts, text)
		site.WriteString(text)
	}
	nginx, pointsman, report := nginxAndOwn(t, site.String())
	for i := range servers {
		ok := true
		for _, path := range askedPaths {
			ok = askBoth(t, nginx, pointsman, "GET", fmt.Sprintf("s%d.test", i), path, nil) && ok
		}
		if !ok {
			t.Logf("%s", texts[i])
			for line := range strings.SplitSeq(report, "\n") {
				if strings.HasPrefix(line, fmt.Sprintf("s%d.test/", i)) {
					t.Log(line)
				}
			}
		}
		if t.Failed() && i > 5 {
			return
		}
	}
}

var askedPaths = []string{"/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ab", "/abc", "/ab/c", "/b", "/b/a", "/b/a/x.js", "/a/x.js", "/a/b/x.js?q=1", "/x.js", "/A/b", "/a/b/?x=1", "/c/d", "/aa/b"}

// generatedServer is a server with some locations, each of which says by a field which one it is.
func generatedServer(random *rand.Rand, up, host string) string {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	var b strings.Builder
	fmt.Fprintf(&b, "server {\n  listen LISTEN; server_name %s;\n", host)
	used := map[string]bool{}
	n := 0
	var level func(depth int, under string)
	denied := false // a location inside of such a one may answer before it asks who the client is, which is reported
	handler := func(prefix bool) string {
		n++
		set := fmt.Sprintf("proxy_set_header Host $http_host; proxy_set_header X-Location %s-%d;", host, n)
		switch random.IntN(10) {
		case 0:
			return fmt.Sprintf("return 200 %s-%d;", host, n)
		case 1:
			denied = true
			return "deny all; " + set + " proxy_pass http://" + up + ";"
		case 2, 3, 4:
			if prefix {
				return set + " proxy_pass http://" + up + pick("/", "/z", "/z/", "/a/", "/a") + ";"
			}
		case 5:
			return set + " rewrite " + pick("^/a/(.*) /$1", "/b /r", "^/a/(.*)$ /y/$1", "^(.*)$ /p$1") + " break; proxy_pass http://" + up + ";"
		}
		return set + " proxy_pass http://" + up + ";"
	}
	level = func(depth int, under string) {
		for range 1 + random.IntN(5-depth*2) {
			sign := pick("", "", "", "= ", "^~ ", "~ ", "~* ")
			regexp := strings.HasPrefix(sign, "~")
			text := pick("/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b", "/b/")
			if under != "" {
				if text = under + pick("b", "/b", "b/", "/b/"); strings.Contains(text, "//") {
					continue
				}
			}
			if regexp {
				text = pick(`\.js$`, "^/a", "b", "^/a/(.*)$", "^/A", "/$", "x|c")
			}
			key := fmt.Sprint(depth, under, regexp, sign == "= ", text)
			if used[key] {
				continue
			}
			used[key], denied = true, false
			fmt.Fprintf(&b, "  location %s%s { %s\n", sign, text, handler(!regexp))
			if !regexp && sign != "= " && depth == 0 && !denied && random.IntN(4) == 0 {
				level(1, text)
			}
			b.WriteString("  }\n")
		}
	}
	level(0, "")
	b.WriteString("}\n")
	return b.String()
}
