package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// What ran in Alibaba Cloud's Container Service runs here unchanged, in containers.
func TestComingOverFromAlibaba(t *testing.T) {
	t.Parallel()
	makes(t, "apps")
	proxy, admin := fmt.Sprint(lab.FreePort(t)), fmt.Sprint(lab.FreePort(t))
	c := composeV2(t).use(copyOf(t, "coming-over/alibaba"), "alibaba", "PROXY_PORT="+proxy, "ADMIN_PORT="+admin)
	c.do("up", "-d", "--scale", "orchid=2")
	at := "127.0.0.1:" + proxy
	c.awaitRoutes("127.0.0.1:"+admin, "orchid/", "orchid.apps.example.org/", "press/", "press.apps.example.org/", "www.press.example.org/", "press.example.org/blog", "prices.local/", "portal-admin.example.org/")
	expectHosts(t, at, 2, "orchid/", "orchid.apps.example.org/")
	client := newCaller(t, at, 10*time.Second)
	for _, q := range []struct{ host, path, service string }{
		{"press", "/", "press"}, {"press.apps.example.org", "/", "press"}, {"www.press.example.org", "/a", "press"}, {"press.example.org", "/blog/a", "press"},
		{"prices.local", "/", "prices"}, {"portal-admin.example.org", "/", "portal"},
	} {
		c.expectAnswer(client, q.host, q.path, q.service, q.path)
	}
	for _, host := range []string{"press.example.org", "slb-portal", "slb-portal.apps.example.org", "portal", "prices"} {
		if r := client.get(host, "/"); r.status == http.StatusOK && c.isOf(r.body, "press", "portal", "prices") { // another test's container may have a route for all hosts
			t.Errorf("%s/: %q", host, r.body)
		}
	}
	if got := askRoute(t, at, "press", "/", ""); got.cookie == "" {
		t.Errorf("clients of press do not stay: %+v", got)
	}
	for _, host := range []string{"orchid", "prices.local"} {
		if got := askRoute(t, at, host, "/", ""); got.cookie != "" {
			t.Errorf("clients of %s stay, without being asked: %+v", host, got)
		}
	}
	c.expectTold("127.0.0.1:"+admin, "ignored aliyun.scale", "ignored aliyun.probe.initial_delay_seconds", "ignored aliyun.logs", "ignored aliyun.rolling_updates",
		"partly aliyun.routing.port_8080", "ignored aliyun.routing.port_8080", "ignored aliyun.lb.port_5044", "ignored aliyun.latest_image", "ignored aliyun.depends", "ignored aliyun.routing.port_9090")
}
