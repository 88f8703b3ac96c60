package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What ran behind Fabio runs here unchanged, in containers.
func TestComingOverFromFabio(t *testing.T) {
	makes(t, "apps")
	proxy, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	c := composeV2(t).use(copyOf(t, "coming-over/fabio"), "fabio", "PROXY_PORT="+proxy, "ADMIN_PORT="+admin)
	c.do("up", "-d")
	client := newCaller(t, "127.0.0.1:"+proxy, time.Minute)
	client.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	lab.Eventually(t, time.Minute, "all routes are there", func() bool {
		for _, r := range []string{"/barn", "silo.example.org/", "/silo", "shop.example.org/", "ledger.example.org/", "vault.example.org/", "mqtt.example.org/status", "/"} {
			host, path, _ := strings.Cut(r, "/")
			if n := usable("127.0.0.1:"+admin, host, "/"+path); n < 0 || n == 0 && host != "vault.example.org" { // a closed route has nobody
				return false
			}
		}
		return true
	})
	for _, q := range []struct {
		host, path, service string
		status              int
	}{
		{"any", "/barn/", "barn", 200}, {"silo.example.org", "/", "silo", 200}, {"any", "/silo/", "silo", 200}, {"mqtt.example.org", "/status", "mqtt", 200},
		{"other.example.org", "/", "front", 200}, {"any:1883", "/", "front", 200},
		{"ledger.example.org", "/", "", 403}, {"vault.example.org", "/", "", 503}, {"shop.example.org", "/a?b=c", "", 301}, {"shop.example.org:80", "/a?b=c", "", 301},
	} {
		r := client.listens(q.status, q.host, q.path)
		if r.status != q.status || q.service != "" && !strings.Contains(r.body, "host="+c.hostName(q.service)+" ") {
			t.Errorf("%s%s: %d %q, want %d by %s", q.host, q.path, r.status, r.body, q.status, q.service)
		}
		if to := r.header.Get("Location"); q.status == 301 && to != "https://shop.example.org/a?b=c" {
			t.Errorf("%s%s leads to %q", q.host, q.path, to)
		}
	}
	told := rejects(t, admin)
	if len(told) != 2 || !told["refused urlprefix-:1883 proto=tcp"] || !told["refused urlprefix-vault.example.org/ auth=staff"] {
		t.Errorf("%v", told)
	}
}

// rejects are the sources that are not in effect, with what became of them in front.
func rejects(t *testing.T, admin string) map[string]bool {
	t.Helper()
	a, err := http.Get("http://127.0.0.1:" + admin + "/api/routes")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var view struct {
		Rejects []struct{ Tag, Verdict string }
	}
	if err := json.NewDecoder(a.Body).Decode(&view); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, r := range view.Rejects {
		told[r.Verdict+" "+r.Tag] = true
	}
	return told
}

// hostName is the host name in the one container of a service.
func (c *compose) hostName(service string) string {
	c.t.Helper()
	id, err := c.try("ps", "-q", service)
	if err != nil {
		c.t.Fatalf("%s: %v: %s", service, err, id)
	}
	name, err := exec.Command("docker", "inspect", "-f", "{{.Config.Hostname}}", strings.TrimSpace(id)).Output()
	if err != nil {
		c.t.Fatalf("%s: %v", service, err)
	}
	return strings.TrimSpace(string(name))
}
