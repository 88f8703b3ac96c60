package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// registerTraefiks registers the containers of testdata/traefik in Consul as a registrator does, each with an application of our own in place of its address,
// which answers with the service's name, the path that it was asked for, and what it was told of the client.
func registerTraefiks(t *testing.T, c *lab.Consul) {
	t.Helper()
	files, err := filepath.Glob("testdata/traefik/*.txt")
	if err != nil || len(files) != 4 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
			lines := slices.DeleteFunc(strings.Split(part, "\n"), func(l string) bool { return strings.HasPrefix(l, "#") })
			name, port, _ := strings.Cut(lines[0], " ")
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, name, " ", r.URL, " ", r.Header.Get("X-Forwarded-Proto"), " ", r.Header.Get("Authorization") != "")
			}))
			t.Cleanup(app.Close)
			host, at := split(t, app.Listener.Addr().String())
			body := map[string]any{"ID": fmt.Sprint(name, i), "Name": name, "Address": host, "Port": at, "Tags": lines[1:],
				"Meta": map[string]string{outside.MetaPort: port, outside.MetaService: name, outside.MetaProject: "lab", outside.MetaName: "lab_" + name + "_1"}}
			if err := c.Put("/v1/agent/service/register", body); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What Traefik's users write does here what it does there: on real requests, with a real Consul between.
func TestTraefiksLabelsWorkAsTheyAre(t *testing.T) {
	c := lab.StartConsul(t)
	registerTraefiks(t, c)
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "lantern.example.org")
	p, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key)
	secure := bound(t, p, "HTTPS")
	lab.Eventually(t, 10*time.Second, "the routes are there", func() bool {
		return strings.HasPrefix(asked("http", plain, "plain.example.org/plain"), "200") && strings.HasPrefix(asked("https", secure, "lantern.example.org/"), "200")
	})
	for _, q := range []struct{ scheme, url, want string }{
		{"http", "lantern.example.org/a?q=1", "301 https://lantern.example.org/a?q=1"},
		{"https", "lantern.example.org/a?q=1", "200 lantern /a?q=1 https false"},

		{"http", "cellar.example.org/wine/red", "200 cellar /wine/red http false"},
		{"https", "cellar.example.org/cider", "200 cellar /cider https false"},
		{"http", "attic-lab/x", "200 attic /x http false"},

		{"https", "tower.example.org/", "200 ui / https false"},
		{"http", "tower.example.org/api/x", "200 api /x https false"},
		{"http", "tower.example.org/apix", "200 api /x https false"},
		{"http", "tower.example.org/apiv1/x", "200 api /v1/x https false"},

		{"http", "other.example.org/a?q=1", "302 https://other.example.org/a?q=1"},
		{"http", "plain.example.org/plain", "200 plain /plain http false"},
		{"http", "gallery.example.org/a", "302 https://gallery.example.org/a"},
		{"http", "traefik.example.org/", "302 https://traefik.example.org/"},
	} {
		address := plain
		if q.scheme == "https" {
			address = secure
		}
		if got := asked(q.scheme, address, q.url); got != q.want {
			t.Errorf("%s://%s: %s, want %s", q.scheme, q.url, got, q.want)
		}
	}
	for _, q := range []struct{ url, want string }{{"cellar.example.org/cider/x", "404"}, {"traefik.example.org/", "404"}, {"gallery.example.org/", "401"}} {
		if got := asked("https", secure, q.url); !strings.HasPrefix(got, q.want+" ") {
			t.Errorf("%s: %s, want %s", q.url, got, q.want)
		}
	}
	robots(t, plain)
	told(t, admin)

	// Traefik's container goes: the gallery keeps the last definition of what it uses. A proxy that never saw one lets nobody in.
	if err := c.Put("/v1/agent/service/deregister/traefik0", nil); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, 10*time.Second, "the container has gone", func() bool { return !strings.HasPrefix(asked("http", plain, "other.example.org/"), "302") })
	if got := asked("https", secure, "gallery.example.org/"); !strings.HasPrefix(got, "401 ") {
		t.Errorf("without the container: %s", got)
	}
	late, lateAt, _ := startProxy(t, nil, "-consul", c.HTTP, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key)
	answers(t, lateAt, "attic-lab", 200, "attic")
	if got := asked("https", bound(t, late, "HTTPS"), "gallery.example.org/"); !strings.HasPrefix(got, "503 ") {
		t.Errorf("a proxy that never saw the password: %s", got)
	}
}

// robots asks for the field that labels set, whose value has a comma, and for a page with the right password.
func robots(t *testing.T, plain string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+plain+"/api/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "tower.example.org"
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if got := a.Header.Values("X-Robots-Tag"); len(got) != 1 || got[0] != "noindex, nofollow" {
		t.Errorf("X-Robots-Tag: %q", got)
	}
}

// told sees to it that each label with no effect of its own is told of, and no other.
func told(t *testing.T, admin string) {
	t.Helper()
	_, text := status("http://" + admin + "/api/routes")
	var view struct {
		Rejects []struct{ Tag, Verdict, Reason string }
	}
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range view.Rejects {
		first, _, _ := strings.Cut(r.Tag, "=")
		got[r.Verdict+" "+first] = true
	}
	want := []string{"ignored traefik.http.routers.dash.rule", "partly traefik.http.routers.lantern.tls.certresolver", "ignored traefik.docker.network"}
	for _, w := range want {
		if !got[w] {
			t.Errorf("nothing is told of %s", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("told: %v", got)
	}
}
