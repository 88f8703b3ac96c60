package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What ran behind Traefik 2 or 3 runs here unchanged, in containers.
func TestComingOverFromTraefik3(t *testing.T) {
	makes(t, "apps")
	proxy, secure, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	c := composeV2(t).use(copyOf(t, "coming-over/traefik3"), "traefik3", "PROXY_PORT="+proxy, "TLS_PORT="+secure, "ADMIN_PORT="+admin)
	c.do("up", "-d")
	gallery := func(user string) string { return overTLS(t, "127.0.0.1:"+secure, "gallery.example.org", user) }
	lab.Eventually(t, time.Minute, "all routes are there", func() bool {
		for _, r := range []string{"lantern.example.org/", "cellar.example.org/wine", "attic-" + c.project + "/", "tower.example.org/", "tower.example.org/api", "gallery.example.org/", "?*/"} {
			host, path, _ := strings.Cut(r, "/")
			if usable("127.0.0.1:"+admin, host, "/"+path) < 1 {
				return false
			}
		}
		return strings.HasPrefix(gallery(""), "401 ")
	})
	client := newCaller(t, "127.0.0.1:"+proxy, time.Minute)
	client.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, q := range []struct {
		host, path, service, location string
		status                        int
	}{
		{"lantern.example.org", "/a?b=c", "", "https://lantern.example.org/a?b=c", 301},
		{"other.example.org", "/a?b=c", "", "https://other.example.org/a?b=c", 302},
		{"gallery.example.org", "/", "", "https://gallery.example.org/", 302},
		{"cellar.example.org", "/wine/red", "cellar", "", 200}, {"cellar.example.org", "/cider", "cellar", "", 200}, {"cellar.example.org", "/cider/x", "", "", 302},
		{"attic-" + c.project, "/", "attic", "", 200}, {"tower.example.org", "/", "ui", "", 200}, {"tower.example.org", "/api/", "api", "", 200},
	} {
		r := client.listens(q.status, q.host, q.path)
		if r.status != q.status || q.service != "" && !strings.Contains(r.body, "host="+c.hostName(q.service)+" ") {
			t.Errorf("%s%s: %d %q, want %d by %s", q.host, q.path, r.status, r.body, q.status, q.service)
		}
		if to := r.header.Get("Location"); q.location != "" && to != q.location {
			t.Errorf("%s%s leads to %q", q.host, q.path, to)
		}
	}
	if r := client.listens(200, "tower.example.org", "/api/health"); r.status != 200 || !strings.HasPrefix(r.body, "ok") || r.header.Get("X-Robots-Tag") != "noindex, nofollow" {
		t.Errorf("/api/health: %d %q, X-Robots-Tag: %q", r.status, r.body, r.header.Get("X-Robots-Tag"))
	}
	lab.Eventually(t, time.Minute, "lantern answers over TLS", func() bool {
		return strings.Contains(overTLS(t, "127.0.0.1:"+secure, "lantern.example.org", ""), "host="+c.hostName("lantern")+" ")
	})
	lab.Eventually(t, time.Minute, "gallery answers who has its password", func() bool {
		return strings.Contains(gallery("keeper:secret"), "host="+c.hostName("gallery")+" ")
	})
	c.tells(admin, "ignored traefik.http.routers.dash.rule", "partly traefik.http.routers.lantern.tls.certresolver")

	// Traefik's container goes, and with it what it asks for; what it defines for others stays.
	c.do("stop", "traefik")
	lab.Eventually(t, time.Minute, "the container has gone", func() bool { return usable("127.0.0.1:"+admin, "?*", "/") < 1 })
	if got := gallery(""); !strings.HasPrefix(got, "401 ") {
		t.Errorf("gallery without the container that defines its password: %s", got)
	}
}

// overTLS asks for / of a host, and returns the status with the answer's text. The user has a password behind a colon.
func overTLS(t *testing.T, address, host, user string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	if name, password, ok := strings.Cut(user, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	a, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer a.Body.Close()
	text := make([]byte, 1000)
	n, _ := a.Body.Read(text)
	return fmt.Sprint(a.StatusCode, " ", string(text[:n]))
}

// tells sees to it that the proxy tells of labels of the project that are not used as they are written, and that none is refused. Each is a verdict, a blank, and the
// label's key.
func (c *compose) tells(admin string, want ...string) {
	c.t.Helper()
	var told map[string]bool
	lab.Within(lab.Patient(0), func() bool { // the last container's labels may come later than its route
		told = c.told(admin)
		return !slices.ContainsFunc(want, func(w string) bool { return !told[w] })
	})
	for _, w := range want {
		if !told[w] {
			c.t.Errorf("nothing is told of %s: %v", w, told)
		}
	}
	for what := range told {
		if strings.HasPrefix(what, "refused ") {
			c.t.Errorf("told: %s", what)
		}
	}
}

// told is what the proxy tells of labels of the project.
func (c *compose) told(admin string) map[string]bool {
	c.t.Helper()
	a, err := http.Get("http://127.0.0.1:" + admin + "/api/routes")
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Body.Close()
	var view struct {
		Rejects []struct{ Tag, Verdict, Instance string }
	}
	if err := json.NewDecoder(a.Body).Decode(&view); err != nil {
		c.t.Fatal(err)
	}
	told := map[string]bool{}
	for _, r := range view.Rejects {
		if !strings.Contains(r.Instance, c.project) { // of others on this Docker
			continue
		}
		key, _, _ := strings.Cut(r.Tag, "=")
		told[r.Verdict+" "+key] = true
	}
	return told
}
