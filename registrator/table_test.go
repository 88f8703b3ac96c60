package registrator

import (
	"strings"
	"testing"
)

// webContainer is the container that most cases start from: one published port on the default bridge, nothing else.
func webContainer(changes ...func(*Container)) Container {
	c := Container{
		ID:   "01cafecafecafecafecafecafecafecafecafecafecafecafecafecafecafeab",
		Name: "/web1", Image: "acme/web:1.4", Hostname: "ctrhost", Labels: map[string]string{},
		Exposed: []string{"80/tcp"}, Ports: map[string][]Binding{"80/tcp": {{"0.0.0.0", "8080"}}},
		NetworkMode: "default", IPAddress: "172.17.0.5", Networks: map[string]Network{"bridge": {IPAddress: "172.17.0.5"}},
		State: State{Status: "running", Running: true, StartedAt: someStart},
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func env(lines ...string) func(*Container) {
	return func(c *Container) { c.Env = append(c.Env, lines...) }
}

func label(key, value string) func(*Container) {
	return func(c *Container) { c.Labels[key] = value }
}

// published replaces the ports: "80>8000", "53/udp>5300", "443" (exposed only).
func published(ports ...string) func(*Container) {
	return func(c *Container) {
		c.Exposed, c.Ports = nil, map[string][]Binding{}
		for _, p := range ports {
			key, host, bound := strings.Cut(p, ">")
			if !strings.Contains(key, "/") {
				key += "/tcp"
			}
			c.Exposed = append(c.Exposed, key)
			c.Ports[key] = nil
			if bound {
				c.Ports[key] = []Binding{{"0.0.0.0", host}}
			}
		}
	}
}

func twoPorts(c *Container) { published("80>8000", "443>4443")(c) }

// on puts the container on one network of its own, without an address on the default bridge.
func on(mode, ip string) func(*Container) {
	return func(c *Container) {
		c.NetworkMode, c.IPAddress = mode, ""
		c.Networks = map[string]Network{mode: {IPAddress: ip}}
	}
}

func noPorts(c *Container) { c.Ports = map[string][]Binding{} }

func bindings(bs ...Binding) func(*Container) {
	return func(c *Container) { c.Ports = map[string][]Binding{"80/tcp": bs} }
}

func image(s string) func(*Container) { return func(c *Container) { c.Image = s } }

// flags are options beside the host's name and address.
type flags = func(*Options)

func host(o *Options)     { o.Host, o.HostIP = "dockerhost", "192.168.1.102" }
func internal(o *Options) { o.Internal = true }
func explicit(o *Options) { o.Explicit = true }
func ip(s string) flags   { return func(o *Options) { o.IP = s } }
func tagged(s string) flags {
	return func(o *Options) { o.Tags = s }
}

func options(mode Compat, set ...flags) Options {
	o := Options{Compat: mode}
	host(&o)
	for _, f := range set {
		f(&o)
	}
	return o
}

// b is a body: the base case's with pairs of key and value on top; a nil value takes the key away.
func b(pairs ...any) map[string]any {
	m := map[string]any{"ID": "dockerhost:web1:80", "Name": "web", "Port": 8080, "Address": "192.168.1.102", "Check": nil, "Checks": nil}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(m, pairs[i].(string))
			continue
		}
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

type m = map[string]any

func list(bodies ...map[string]any) []map[string]any { return bodies }

type bodyCase struct {
	name  string
	c     Container
	peer  *Container
	flags []flags
	want  []map[string]any
}

func runBodies(t *testing.T, mode Compat, cases []bodyCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := Desired(tc.c, tc.peer, options(mode, tc.flags...))
			wantBodies(t, got, tc.want)
		})
	}
}

// What Registrator's HEAD makes of names, ports, ids and tags.
func TestHeadNamesAndTags(t *testing.T) {
	second := func(pairs ...any) map[string]any {
		return b(append([]any{"ID", "dockerhost:web1:443", "Name", "web-443", "Port", 4443}, pairs...)...)
	}
	runBodies(t, CompatHEAD, []bodyCase{
		{"defaults", webContainer(), nil, nil, list(b())},
		{"two ports get suffixes", webContainer(twoPorts), nil, nil, list(b("Name", "web-80", "Port", 8000), second())},
		{"a port's own name has no suffix", webContainer(twoPorts, env("SERVICE_NAME=app", "SERVICE_443_NAME=secure")), nil, nil,
			list(b("Name", "app-80", "Port", 8000), second("Name", "secure"))},
		{"ports with name, id and meta of their own", webContainer(twoPorts, env("SERVICE_443_NAME=https", "SERVICE_443_ID=https.12345",
			"SERVICE_443_SNI=enabled", "SERVICE_80_NAME=http", "SERVICE_TAGS=www")), nil, nil,
			list(b("Name", "http", "Port", 8000, "Tags", []string{"www"}),
				second("ID", "https.12345", "Name", "https", "Tags", []string{"www"}, "Meta", m{"sni": "enabled"}))},
		{"merely exposed", webContainer(published("80>8080", "443")), nil, nil, list(b())},
		{"an ignored port still makes suffixes", webContainer(twoPorts, env("SERVICE_443_IGNORE=true")), nil, nil, list(b("Name", "web-80", "Port", 8000))},
		{"IGNORE=false ignores", webContainer(env("SERVICE_IGNORE=false")), nil, nil, nil},
		{"an empty value takes a port out of IGNORE", webContainer(twoPorts, env("SERVICE_IGNORE=true", "SERVICE_80_IGNORE=")), nil, nil,
			list(b("Name", "web-80", "Port", 8000, "Meta", m{"ignore": ""}))},
		{"escaped commas and blanks in tags", webContainer(env(`SERVICE_TAGS=a,b\,c,,d , e`)), nil, nil, list(b("Tags", []string{" e", "d ", "b,c", "a"}))},
		{"-tags", webContainer(env("SERVICE_TAGS=a,b")), nil, []flags{tagged("x,y")}, list(b("Tags", []string{"b", "a", "y", "x"}))},
		{"udp alone", webContainer(published("53/udp>5353"), env("SERVICE_TAGS=dns")), nil, []flags{tagged("f")},
			list(b("ID", "dockerhost:web1:53:udp", "Port", 5353, "Tags", []string{"dns", "f", "udp"}))},
		{"one name for tcp and udp", webContainer(published("53>5301", "53/udp>5300"), env("SERVICE_53_NAME=dns")), nil, nil,
			list(b("ID", "dockerhost:web1:53", "Name", "dns", "Port", 5301),
				b("ID", "dockerhost:web1:53:udp", "Name", "dns", "Port", 5300, "Tags", []string{"udp"}))},
		{"label over environment, port over general", webContainer(env("SERVICE_NAME=e", "SERVICE_80_TAGS=pe"), label("SERVICE_NAME", "l"), label("SERVICE_TAGS", "gl")), nil, nil,
			list(b("Name", "l", "Tags", []string{"pe"}))},
		{"a port's environment over a general label", webContainer(env("SERVICE_80_NAME=pe"), label("SERVICE_NAME", "gl")), nil, nil, list(b("Name", "pe"))},
		{"upper-case prefix, any case after it", webContainer(env("SERVICE_Name=mixed", "service_tags=no"), label("service_name", "x")), nil, nil, list(b("Name", "mixed"))},
		{"the last of equal variables counts", webContainer(env("SERVICE_NAME=a", "SERVICE_NAME=b")), nil, nil, list(b("Name", "b"))},
		{"a port with leading zero matches nothing", webContainer(env("SERVICE_080_NAME=a", "SERVICE_80=v", "SERVICE_X")), nil, nil, list(b("Meta", m{"80": "v"}))},
		{"-explicit without a name", webContainer(), nil, []flags{explicit}, nil},
		{"-explicit with a name", webContainer(env("SERVICE_NAME=e")), nil, []flags{explicit}, list(b("Name", "e"))},
		{"-explicit with one port's name", webContainer(twoPorts, env("SERVICE_443_NAME=e")), nil, []flags{explicit}, list(second("Name", "e"))},
		{"image by digest", webContainer(image("registry:5000/a/nginx@sha256:ab")), nil, nil, list(b("Name", "nginx@sha256"))},
		{"image by id", webContainer(image("sha256:4bb46517cac3")), nil, nil, list(b("Name", "sha256"))},
		{"image with registry, path and dots", webContainer(image("reg.io:5000/team/app.svc:v2")), nil, nil, list(b("Name", "app.svc"))},
		{"two ports share SERVICE_ID", webContainer(twoPorts, env("SERVICE_ID=myid")), nil, nil,
			list(b("ID", "myid", "Name", "web-80", "Port", 8000), second("ID", "myid"))},
		{"-tags as a template", webContainer(label("com.docker.compose.service", "shop")), nil,
			[]flags{tagged(`{{ mIndex "com.docker.compose.service" .Config.Labels }},{{ strSlice .ID 0 12 }}`)},
			list(b("Tags", []string{"shop", "01cafecafeca"}))},
		{"no ports", webContainer(published()), nil, nil, nil},
	})
}

// Where Registrator's HEAD looks for an address.
func TestHeadAddresses(t *testing.T) {
	peer := webContainer()
	byLabel := func(o *Options) { o.IPFromLabel = "my.ip" }
	runBodies(t, CompatHEAD, []bodyCase{
		{"-ip beats a binding to loopback", webContainer(bindings(Binding{"127.0.0.1", "8080"})), nil, []flags{ip("10.1.2.3")}, list(b("Address", "10.1.2.3"))},
		{"bound to loopback", webContainer(bindings(Binding{"127.0.0.1", "8080"})), nil, nil, list(b("Address", "127.0.0.1"))},
		{"-internal ignores -ip", webContainer(published("80")), nil, []flags{internal, ip("10.1.2.3")}, list(b("Address", "172.17.0.5", "Port", 80))},
		{"user network: container address with the host's port", webContainer(on("compose_default", "172.20.0.3")), nil, nil, list(b("Address", "172.20.0.3"))},
		{"user network, -ip", webContainer(on("compose_default", "172.20.0.3")), nil, []flags{ip("10.1.2.3")}, list(b("Address", "10.1.2.3"))},
		{"user network, -internal", webContainer(on("compose_default", "172.20.0.3")), nil, []flags{internal}, list(b("Address", "172.20.0.3", "Port", 80))},
		{"host network", webContainer(on("host", ""), noPorts), nil, nil, list(b("Port", 80))},
		{"host network, -internal", webContainer(on("host", ""), noPorts), nil, []flags{internal}, list(b("Address", nil, "Port", 80))},
		{"no network", webContainer(on("none", ""), noPorts), nil, nil, list(b("Address", nil, "Port", 80))},
		{"another container's network beats -ip", webContainer(on("container:"+peer.ID, ""), noPorts), &peer, []flags{ip("10.1.2.3")}, list(b("Address", "172.17.0.5", "Port", 80))},
		{"another container's network by a short id", webContainer(on("container:01", ""), noPorts), &peer, nil, list(b("Address", "172.17.0.5", "Port", 80))},
		{"-useIpFromLabel cuts the prefix length", webContainer(label("my.ip", "10.9.8.7/24")), nil, []flags{byLabel}, list(b("Address", "10.9.8.7"))},
		{"-useIpFromLabel with -internal", webContainer(label("my.ip", "10.9.8.7/24")), nil, []flags{byLabel, internal}, list(b("Address", "10.9.8.7", "Port", 80))},
		{"-useIpFromLabel without the label", webContainer(), nil, []flags{byLabel}, list(b())},
		{"the first binding counts, IPv6 or not", webContainer(bindings(Binding{"::", "8080"}, Binding{"0.0.0.0", "8080"})), nil, nil, list(b("Address", "::"))},
		{"macvlan", webContainer(on("mv", "10.50.0.9"), noPorts), nil, nil, list(b("Address", "10.50.0.9", "Port", 80))},
		{"the host's name does not resolve", webContainer(), nil, []flags{func(o *Options) { o.HostIP = "" }}, list(b("Address", "0.0.0.0"))},
		{"no host name", webContainer(), nil, []flags{func(o *Options) { o.Host = "" }}, list(b("ID", "192.168.1.102:web1:80"))},
		{"IPv6 in -ip, unbracketed", webContainer(env("SERVICE_CHECK_TCP=1")), nil, []flags{ip("2001:db8::1")},
			list(b("Address", "2001:db8::1", "Meta", m{"check_tcp": "1"}, "Check", m{"TCP": "2001:db8::1:8080", "Interval": "10s"}))},
		{"IPv6 host, unbracketed", webContainer(env("SERVICE_CHECK_HTTP=/h")), nil, []flags{func(o *Options) { o.HostIP = "2001:db8::7" }},
			list(b("Address", "2001:db8::7", "Meta", m{"check_http": "/h"}, "Check", m{"HTTP": "http://2001:db8::7:8080/h", "Interval": "10s"}))},
	})
}

// Which check Registrator's HEAD makes.
func TestHeadChecks(t *testing.T) {
	// checked gives the base body with a check; the variables stay in the meta.
	checked := func(lines []string, check m) map[string]any {
		meta := m{}
		for _, line := range lines {
			key, value, _ := strings.Cut(strings.TrimPrefix(line, "SERVICE_"), "=")
			meta[strings.ToLower(key)] = value
		}
		body := b("Meta", meta)
		if check != nil {
			body["Check"] = check
		}
		return body
	}
	for _, tc := range []struct {
		name  string
		env   []string
		check m
	}{
		{"http with everything", []string{"SERVICE_CHECK_HTTP=/health", "SERVICE_CHECK_INTERVAL=15s", "SERVICE_CHECK_TIMEOUT=1s", "SERVICE_CHECK_HTTP_METHOD=HEAD"},
			m{"HTTP": "http://192.168.1.102:8080/health", "Interval": "15s", "Timeout": "1s", "Method": "HEAD"}},
		{"https does not skip verification", []string{"SERVICE_CHECK_HTTPS=/s", "SERVICE_CHECK_HTTPS_METHOD=PUT", "SERVICE_CHECK_TLS_SKIP_VERIFY=true"},
			m{"HTTP": "https://192.168.1.102:8080/s", "Interval": "10s", "Method": "PUT"}},
		{"no slash is put in", []string{"SERVICE_CHECK_HTTP=h"}, m{"HTTP": "http://192.168.1.102:8080h", "Interval": "10s"}},
		{"tcp, whatever the value", []string{"SERVICE_CHECK_TCP=false"}, m{"TCP": "192.168.1.102:8080", "Interval": "10s"}},
		{"script is one word and has no timeout", []string{"SERVICE_CHECK_SCRIPT=nc $SERVICE_IP $SERVICE_PORT | grep OK", "SERVICE_CHECK_TIMEOUT=4s"},
			m{"ScriptArgs": []string{"nc 192.168.1.102 8080 | grep OK"}, "Interval": "10s"}},
		{"cmd", []string{"SERVICE_CHECK_CMD=true x"}, m{"ScriptArgs": []string{"check-cmd", "01cafecafeca", "80", "true x"}, "Interval": "10s"}},
		{"ttl has no interval", []string{"SERVICE_CHECK_TTL=30s", "SERVICE_CHECK_INTERVAL=5s"}, m{"TTL": "30s"}},
		{"grpc", []string{"SERVICE_CHECK_GRPC=true", "SERVICE_CHECK_GRPC_USE_TLS=true", "SERVICE_CHECK_TLS_SKIP_VERIFY=true", "SERVICE_CHECK_INTERVAL=5s"},
			m{"GRPC": "192.168.1.102:8080", "GRPCUseTLS": true, "TLSSkipVerify": true, "Interval": "5s"}},
		{"grpc without TLS has nothing to skip", []string{"SERVICE_CHECK_GRPC=true", "SERVICE_CHECK_TLS_SKIP_VERIFY=true"},
			m{"GRPC": "192.168.1.102:8080", "Interval": "10s"}},
		{"http goes first", []string{"SERVICE_CHECK_HTTP=/h", "SERVICE_CHECK_HTTPS=/s", "SERVICE_CHECK_TCP=true", "SERVICE_CHECK_TTL=5s"},
			m{"HTTP": "http://192.168.1.102:8080/h", "Interval": "10s"}},
		{"initial status and removal", []string{"SERVICE_CHECK_HTTP=/h", "SERVICE_CHECK_INITIAL_STATUS=passing", "SERVICE_CHECK_DEREGISTER_AFTER=10m"},
			m{"HTTP": "http://192.168.1.102:8080/h", "Interval": "10s", "Status": "passing", "DeregisterCriticalServiceAfter": "10m"}},
		{"bad values go out as they are", []string{"SERVICE_CHECK_TCP=1", "SERVICE_CHECK_INTERVAL=15", "SERVICE_CHECK_INITIAL_STATUS=up"},
			m{"TCP": "192.168.1.102:8080", "Interval": "15", "Status": "up"}},
		{"initial status alone is no check", []string{"SERVICE_CHECK_INITIAL_STATUS=passing"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := Desired(webContainer(env(tc.env...)), nil, options(CompatHEAD))
			wantBodies(t, got, list(checked(tc.env, tc.check)))
		})
	}
}

func TestHeadChecksPerPort(t *testing.T) {
	runBodies(t, CompatHEAD, []bodyCase{
		{"https on one port", webContainer(published("443>4443"), env("SERVICE_443_CHECK_HTTPS=/s", "SERVICE_443_CHECK_INTERVAL=5s")), nil, nil,
			list(b("ID", "dockerhost:web1:443", "Port", 4443, "Meta", m{"check_https": "/s", "check_interval": "5s"},
				"Check", m{"HTTP": "https://192.168.1.102:4443/s", "Interval": "5s"}))},
		{"a general check with one port's interval", webContainer(twoPorts, env("SERVICE_CHECK_TCP=true", "SERVICE_443_CHECK_INTERVAL=30s")), nil, nil,
			list(b("Name", "web-80", "Port", 8000, "Meta", m{"check_tcp": "true"}, "Check", m{"TCP": "192.168.1.102:8000", "Interval": "10s"}),
				b("ID", "dockerhost:web1:443", "Name", "web-443", "Port", 4443, "Meta", m{"check_tcp": "true", "check_interval": "30s"},
					"Check", m{"TCP": "192.168.1.102:4443", "Interval": "30s"}))},
		{"general and port's meta", webContainer(env("SERVICE_REGION=us2", "SERVICE_80_REGION=us3", "SERVICE_8081_REGION=zz", "SERVICE_EMPTY=", "SERVICE_CHECK_HTTP=/h")), nil, nil,
			list(b("Meta", m{"check_http": "/h", "empty": "", "region": "us3"}, "Check", m{"HTTP": "http://192.168.1.102:8080/h", "Interval": "10s"}))},
	})
}
