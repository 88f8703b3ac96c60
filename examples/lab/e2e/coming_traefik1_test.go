package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What ran behind Traefik 1 runs here unchanged, in containers.
func TestComingOverFromTraefik1(t *testing.T) {
	makes(t, "apps")
	proxy, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	c := composeV2(t).use(copyOf(t, "coming-over/traefik1"), "traefik1", "PROXY_PORT="+proxy, "ADMIN_PORT="+admin)
	c.do("up", "-d")
	client := newCaller(t, "127.0.0.1:"+proxy, time.Minute)
	client.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	const open = "choir.example.org/ www.choir.example.org/ choir.example.org/organ vestry.example.org/ tower.example.org/ tower.example.org/admin school.example.org/ new.school.example.org/"
	lab.Eventually(t, time.Minute, "all routes are there", func() bool {
		for _, r := range strings.Fields(open) {
			if host, path, _ := strings.Cut(r, "/"); usable("127.0.0.1:"+admin, host, "/"+path) < 1 {
				return false
			}
		}
		return usable("127.0.0.1:"+admin, "crypt.example.org", "/") == 0 && usable("127.0.0.1:"+admin, "bells.example.org", "/") >= 0
	})
	password := []string{"Authorization", "Basic Y29uZHVjdG9yOmJhdG9u"} // conductor:baton
	for _, q := range []struct {
		host, path, service string
		status              int
		fields              []string
	}{
		{"choir.example.org", "/", "choir", 200, nil}, {"www.choir.example.org", "/", "choir", 200, nil},
		{"choir.example.org", "/organ/", "", 401, nil}, {"choir.example.org", "/organ/", "organ", 200, password}, {"choir.example.org", "/organ/health", "", 200, password},
		{"bells.example.org", "/a?b=c", "", 302, nil}, {"vestry.example.org", "/", "", 403, nil}, {"crypt.example.org", "/", "", 503, nil},
		{"tower.example.org", "/", "tower", 200, nil}, {"tower.example.org", "/admin", "", 403, nil},
		{"school.example.org", "/", "school", 200, nil}, {"new.school.example.org", "/", "school", 200, nil}, {"cellar.example.org", "/", "", 404, nil},
	} {
		r := client.listens(q.status, q.host, q.path, q.fields...)
		if r.status != q.status || q.service != "" && !strings.Contains(r.body, "host="+c.hostName(q.service)+" ") {
			t.Errorf("%s%s: %d %q, want %d by %s", q.host, q.path, r.status, r.body, q.status, q.service)
		}
		if to := r.header.Get("Location"); q.status == 302 && to != "https://bells.example.org/a?b=c" {
			t.Errorf("%s%s leads to %q", q.host, q.path, to)
		}
	}
	var told []string
	for r := range rejects(t, admin) {
		if strings.HasPrefix(r, "refused ") {
			told = append(told, r)
		}
	}
	if want := []string{"refused traefik.frontend.rule=Host:crypt.example.org, traefik.frontend.entryPoints=internal"}; !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
}
