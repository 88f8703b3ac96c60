package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Labels that name other addresses, the proxy's own, Consul's or a file lead to the instance that has them, or to nothing.
func TestHostileLabelsLeadToTheirInstanceOnly(t *testing.T) {
	const own = "10.0.0.5:80"
	in := fixture.Instance("shop", "10.0.0.5", 80, "aliyun.routing.port_80=good.test")
	in.Meta = map[string]string{outside.MetaPort: "80"}
	for _, value := range []string{
		"http://127.0.0.1:8090", "169.254.169.254/latest/meta-data", "http://10.0.0.6:80/", "consul:8500", "localhost", "x.test/ to=127.0.0.1:8500", "x.test/ service=consul",
		"x.test/\tto=10.0.0.6:80", "x.test/;pointsman.route=x.test/ to=10.0.0.6:80", "unix:/var/run/docker.sock", "x.test/ files=/etc", "x.test/ redirect=302,http://10.0.0.6/",
	} {
		in.Tags = append(in.Tags, "aliyun.routing.port_80="+value, "aliyun.lb.port_80=tcp://"+value, "aliyun.proxy.VIRTUAL_HOST="+value, "aliyun.probe.url=http://"+value,
			"aliyun.routing.port_8500="+value)
	}
	other := fixture.Instance("consul-ui", "10.0.0.6", 80)
	table := routing.NewTable(routing.Options{Languages: languages()}).Next(fixture.Snapshot(in, other))
	routes := table.Routes()
	if len(routes) < 2 {
		t.Fatalf("%d routes", len(routes))
	}
	for _, r := range routes {
		if len(r.Members) != 1 || r.Members[0].Upstream.Address() != own || len(r.Sets) > 0 {
			t.Errorf("%s%s leads to %+v, %+v", r.Host, r.Path, r.Members, r.Sets)
		}
	}
}

// What users of Alibaba Cloud's Container Service write does here what it did there, over a real Consul and with real requests.
func TestAliyunsLabelsWorkAsTheyAre(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	for _, file := range []string{"usual", "hosts", "ports"} {
		s := composition{file: "aliyun/" + file + ".yml", scale: map[string]int{"orchid": 3, "prices": 2}}
		if complaints := s.register(t, c); len(complaints) > 0 {
			t.Errorf("%s: %q", file, complaints)
		}
	}
	_, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-domain", "lab.test")
	lab.Eventually(t, 20*time.Second, "the routes are there", func() bool {
		return asked("http", plain, "orchid/") == "200 orchid:80 /" && asked("http", plain, "www.press.example.org/") == "200 press:80 /" && asked("http", plain, "prices.local/") == "200 prices:8080 /" &&
			asked("http", plain, "portal-admin.example.org/") == "200 portal:9090 /"
	})
	for _, q := range []request{
		{"http", "orchid.lab.test/a", "200 orchid:80 /a"},

		{"http", "press/", "200 press:80 /"}, {"http", "press.lab.test/a", "200 press:80 /a"}, {"http", "www.press.example.org/blog", "200 press:80 /blog"},
		{"http", "press.example.org/blog", "200 press:80 /blog"}, {"http", "press.example.org/blog/a", "200 press:80 /blog/a"},
		{"http", "press.example.org/", "404"}, {"http", "press.example.org/blogs", "404"},
		{"http", "prices.local/a", "200 prices:8080 /a"}, {"http", "prices.local.lab.test/", "404"}, {"http", "prices/", "404"},

		{"http", "portal/", "200 portal:8080 /"}, {"http", "portal.lab.test/", "200 portal:8080 /"}, {"http", "portal.example.org/", "200 portal:8080 /"},
		{"http", "portal-admin.example.org/", "200 portal:9090 /"}, {"http", "slb-portal/", "404"}, {"http", "slb-portal:5044/", "404"},
	} {
		if got := q.ask(plain, ""); !strings.HasPrefix(got, q.want) {
			t.Errorf("%s: %s, want %s", q.url, got, q.want)
		}
	}
	for host, n := range map[string]int{"orchid": 3, "orchid.lab.test": 3, "prices.local": 2} {
		if all := addressesOf(t, admin, host); len(all) != n {
			t.Errorf("%s leads to %v", host, all)
		}
	}
	for host, want := range map[string]bool{"press": true, "www.press.example.org": true, "prices.local": false, "orchid": false, "portal": false} {
		if got := setsCookie(t, plain, host); got != want {
			t.Errorf("clients of %s stay: %v", host, got)
		}
	}
	told := verdictsAt(t, admin)
	for _, want := range [][]string{
		{"ignored aliyun.scale", "docker-compose scale"}, {"ignored aliyun.logs", "not about routing"}, {"ignored aliyun.rolling_updates", "not about routing"},
		{"partly aliyun.routing.port_8080", "prices.local was for other containers only"}, {"ignored aliyun.lb.port_5044", "load balancer", "publish the port"},
		{"ignored aliyun.latest_image", "not about routing"}, {"ignored aliyun.depends", "not about routing"},
	} {
		if !tells(told, want[0], want[1:]...) {
			t.Errorf("%s is not told: %q", want[0], told)
		}
	}
}

// A probe asks the instance itself, whatever host its URL names.
func TestAliyunsProbeIsAskedOfTheInstance(t *testing.T) {
	list, complaints := registrationsOf(t, containersIn(t, composition{file: "aliyun/usual.yml", scale: map[string]int{"orchid": 3}})["orchid"])
	if len(list) != 3 || len(complaints) > 0 {
		t.Fatalf("%+v %q", list, complaints)
	}
	for _, r := range list {
		if len(r.Checks) != 1 || r.Checks[0].HTTP != fmt.Sprintf("http://%s:80/health.txt", r.Address) {
			t.Errorf("%+v", r.Checks)
		}
	}
}

// setsCookie says whether an answer for a host sets one.
func setsCookie(t *testing.T, address, host string) bool {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	return a.Header.Get("Set-Cookie") != ""
}
