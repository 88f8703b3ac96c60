package registrator

import "testing"

// Where Registrator's release v7, the image's "latest" for years, differs from its HEAD.
func TestV7Bodies(t *testing.T) {
	hostMode := func(requested string) Container {
		c := webContainer(on("host", ""), noPorts)
		if requested != "" {
			c.Requested = map[string][]Binding{"80/tcp": {{"", requested}}}
		}
		return c
	}
	// bare is the base body without address: v7 leaves it to the node unless -ip is given.
	bare := func(pairs ...any) map[string]any { return b(append([]any{"Address", nil}, pairs...)...) }
	runBodies(t, CompatV7, []bodyCase{
		{"the address is left out", webContainer(), nil, nil, list(bare())},
		{"also when bound to loopback", webContainer(bindings(Binding{"127.0.0.1", "8080"})), nil, nil, list(bare())},
		{"-ip", webContainer(), nil, []flags{ip("10.1.2.3")}, list(b("Address", "10.1.2.3"))},
		{"-internal", webContainer(), nil, []flags{internal}, list(b("Address", "172.17.0.5", "Port", 80))},
		{"user network", webContainer(on("compose_default", "172.20.0.3")), nil, nil, list(b("Address", "172.20.0.3"))},
		{"checks go to the agent's own host", webContainer(env("SERVICE_CHECK_HTTP=/h")), nil, nil,
			list(bare("Check", m{"HTTP": "http://:8080/h", "Interval": "10s"}))},
		{"tcp check", webContainer(env("SERVICE_CHECK_TCP=1", "SERVICE_CHECK_TIMEOUT=2s")), nil, nil,
			list(bare("Check", m{"TCP": ":8080", "Interval": "10s", "Timeout": "2s"}))},
		{"tags in order, empty ones kept, no escape", webContainer(env(`SERVICE_TAGS=a,b\,c,,d`)), nil, []flags{tagged("x,y")},
			list(bare("Tags", []string{"a", `b\`, "c", "", "d", "x", "y"}))},
		{"-tags is no template", webContainer(), nil, []flags{tagged("{{ .ID")}, list(bare("Tags", []string{"{{ .ID"}))},
		{"no meta", webContainer(env("SERVICE_REGION=us2")), nil, nil, list(bare())},
		{"what is merely exposed makes a suffix", webContainer(published("80>8080", "443")), nil, nil, list(bare("Name", "web-80"))},
		{"host network without -p", hostMode(""), nil, nil, nil},
		{"host network with -p registers the host's port", hostMode("18099"), nil, nil, list(bare("Port", 18099))},
		{"a script goes to the shell, with the host's address and port", webContainer(env("SERVICE_CHECK_SCRIPT=nc $SERVICE_IP $SERVICE_PORT | grep OK")), nil,
			[]flags{ip("10.1.2.3"), internal},
			list(b("Address", "172.17.0.5", "Port", 80, "Check", m{"Script": "nc 10.1.2.3 8080 | grep OK", "Interval": "10s"}))},
		{"cmd", webContainer(env("SERVICE_CHECK_CMD=true x")), nil, nil,
			list(bare("Check", m{"Script": "check-cmd 01cafecafeca 80 true x", "Interval": "10s"}))},
		{"no https, no grpc, no methods", webContainer(env("SERVICE_CHECK_HTTPS=/s", "SERVICE_CHECK_GRPC=1")), nil, nil, list(bare())},
		{"no initial status, no removal", webContainer(env("SERVICE_CHECK_TTL=30s", "SERVICE_CHECK_INITIAL_STATUS=passing", "SERVICE_CHECK_DEREGISTER_AFTER=1m")), nil, nil,
			list(bare("Check", m{"TTL": "30s"}))},
		{"-explicit and -useIpFromLabel are unknown", webContainer(label("my.ip", "10.9.8.7")), nil,
			[]flags{explicit, func(o *Options) { o.IPFromLabel = "my.ip" }}, list(bare())},
		{"another container's network is not looked at", webContainer(on("container:0123456789ab", ""), noPorts), nil, nil, nil},
		{"udp", webContainer(published("53/udp>5353")), nil, nil, list(bare("ID", "dockerhost:web1:53:udp", "Port", 5353, "Tags", []string{"udp"}))},
	})
}

// Tag order counts in v7, and the bodies' comparison does not look at it.
func TestV7KeepsTagOrder(t *testing.T) {
	got, _ := Desired(webContainer(env("SERVICE_TAGS=c,a,b")), nil, options(CompatV7, tagged("z,y")))
	wantTags(t, got, "c", "a", "b", "z", "y")
}
