package main

import (
	"testing"

	"github.com/pointsman/pointsman/discovery/outside"
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
