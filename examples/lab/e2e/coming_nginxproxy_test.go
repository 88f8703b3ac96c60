package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What ran behind nginx-proxy runs here unchanged, in containers.
func TestComingOverFromNginxProxy(t *testing.T) {
	t.Parallel()
	makes(t, "apps")
	proxy, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	c := composeV2(t).use(copyOf(t, "coming-over/nginx-proxy"), "nginx-proxy", "PROXY_PORT="+proxy, "ADMIN_PORT="+admin)
	c.do("up", "-d")
	routes := []string{"notes.example.org/", "charts.example.org/", "atlas.example.org/", "home.example.org/sorter/", "home.example.org/wiki/", "home.example.org/",
		"front.example.org/", "tools.example.org/tool", "intranet.example.org/"}
	c.awaitRoutes("127.0.0.1:"+admin, routes...)
	client := newCaller(t, "127.0.0.1:"+proxy, 10*time.Second)
	for _, q := range []struct {
		host, path, service, asked string
	}{
		{"notes.example.org", "/a", "notes", "/a"}, {"charts.example.org", "/", "charts", "/"},
		{"atlas.example.org", "/", "atlas", "/"}, {"www.atlas.example.org", "/", "atlas", "/"}, {"old.maps.example.org", "/", "atlas", "/"}, {"tile.7.example.org", "/", "atlas", "/"},
		{"home.example.org", "/sorter/a", "sorter", "/sorter/a"}, {"home.example.org", "/wiki/a", "wiki", "/a"}, {"home.example.org", "/x", "root", "/x"}, {"home.example.org", "/wiki", "root", "/wiki"},
		{"front.example.org", "/a", "front", "/a"}, {"tools.example.org", "/tool/a", "front", "/a"},
		{"intranet.example.org", "/", "intranet", "/"},
	} {
		c.expectAnswer(client, q.host, q.path, q.service, q.asked)
	}
	if r := client.get("php.example.org", "/"); c.isOf(r.body, "php") { // another test's container may have a route for all hosts
		t.Errorf("HTTP is sent to an instance of FastCGI: %q", r.body)
	}
	c.expectTold("127.0.0.1:"+admin, "ignored LETSENCRYPT_EMAIL", "ignored VIRTUAL_HOST_MULTIPORTS", "ignored VIRTUAL_ROOT", "partly LETSENCRYPT_HOST", "refused VIRTUAL_HOST")
}
