package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// Traefik's file makes routes of its own, and defines what labels use; it is followed, and one that can't be read changes nothing.
func TestTraefiksFile(t *testing.T) {
	c := lab.StartConsul(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "app ", r.URL) }))
	t.Cleanup(app.Close)
	host, port := split(t, app.Listener.Addr().String())
	put(t, c, "gallery", host, port, "traefik.enable=true", "traefik.http.routers.g.rule=Host(`gallery.test`)", "traefik.http.routers.g.middlewares=gate@file")
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "home.test")
	file := filepath.Join(t.TempDir(), "dynamic.yml")
	write := func(gate string) {
		t.Helper()
		text := strings.NewReplacer("APP", app.URL, "CERT", cert, "KEY", key, "GATE", gate).Replace(`
http:
  middlewares:
    gate: GATE
    strip: {stripPrefix: {prefixes: [/a]}}
    to-https: {redirectScheme: {scheme: https}}
  routers:
    home: {rule: "Host(` + "`home.test`" + `)", service: home, middlewares: [strip], entryPoints: [web, websecure]}
    all: {rule: "HostRegexp(` + "`{h:.+}`" + `)", entryPoints: [web], middlewares: [to-https], service: noop@internal}
  services: {home: {loadBalancer: {servers: [{url: "APP"}]}}}
tls: {certificates: [{certFile: CERT, keyFile: KEY}]}
`)
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(`{ipAllowList: {sourceRange: [192.0.2.0/24]}}`)
	p, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-traefik-file", file, "-tls-listen", "127.0.0.1:0")
	secure := bound(t, p, "HTTPS")
	lab.Eventually(t, 10*time.Second, "the routes are there", func() bool { return strings.HasPrefix(asked("http", plain, "gallery.test/"), "403 ") })
	for _, q := range []struct{ scheme, url, want string }{
		{"http", "home.test/a/x", "200 app /x"}, {"https", "home.test/", "200 app /"}, {"http", "other.test/x", "302 https://other.test/x"},
	} {
		address := plain
		if q.scheme == "https" {
			address = secure
		}
		if got := asked(q.scheme, address, q.url); got != q.want {
			t.Errorf("%s://%s: %s, want %s", q.scheme, q.url, got, q.want)
		}
	}
	write(`{ipAllowList: {sourceRange: [127.0.0.0/8]}}`)
	lab.Eventually(t, 20*time.Second, "the middleware has changed", func() bool { return asked("http", plain, "gallery.test/") == "200 app /" })
	write(`{digestAuth: {users: [x]}}`)
	lab.Eventually(t, 20*time.Second, "the middleware can't be honoured", func() bool { return strings.HasPrefix(asked("http", plain, "gallery.test/"), "503 ") })
	write(`{compress: {}`) // no YAML
	lab.Eventually(t, 20*time.Second, "the file can't be read", func() bool {
		_, text := status("http://" + admin + "/api/routes")
		return strings.Contains(text, "what was read before stays in effect")
	})
	if got := asked("http", plain, "home.test/a/x"); got != "200 app /x" {
		t.Errorf("with a file that can't be read: %s", got)
	}
	if got := asked("http", plain, "gallery.test/"); !strings.HasPrefix(got, "503 ") {
		t.Errorf("with a file that can't be read: %s", got)
	}
	if r := execute(t, binary, nil, "proxy", "-consul", c.HTTP, "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-traefik-file", file); r.code == 0 || !strings.Contains(r.stderr, "-traefik-file") {
		t.Errorf("a file that can't be read at the start: %+v", r)
	}
}
