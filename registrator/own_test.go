package registrator

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func wantTags(t *testing.T, got []Registration, want ...string) {
	t.Helper()
	if len(got) != 1 || !slices.Equal(got[0].Tags, want) {
		t.Errorf("got %+v, want the tags %q", got, want)
	}
}

// own runs Desired in the default mode and gives the registrations with the complaints as text.
func own(c Container, peer *Container, set ...flags) ([]Registration, string) {
	got, complaints := Desired(c, peer, options(CompatNone, set...))
	var lines []string
	for _, p := range complaints {
		lines = append(lines, p.String())
	}
	return got, strings.Join(lines, "\n")
}

// wantAddrPorts compares "address:port" of the registrations, in order.
func wantAddrPorts(t *testing.T, got []Registration, want ...string) {
	t.Helper()
	var addrPorts []string
	for _, r := range got {
		addrPorts = append(addrPorts, checker{at: addrPort{r.Address, r.Port}}.hostPort())
	}
	if !slices.Equal(addrPorts, want) {
		t.Errorf("registered %q, want %q", addrPorts, want)
	}
}

func wantComplaint(t *testing.T, complaints string, words ...string) {
	t.Helper()
	if len(words) == 0 && complaints != "" {
		t.Errorf("complaints: %s", complaints)
	}
	for _, w := range words {
		if !strings.Contains(complaints, w) {
			t.Errorf("no complaint has %q: %s", w, complaints)
		}
	}
}

func networks(mode string, ns map[string]Network) func(*Container) {
	return func(c *Container) { c.NetworkMode, c.IPAddress, c.Networks = mode, "", ns }
}

// Which address and port the default mode registers.
func TestOwnSites(t *testing.T) {
	three := map[string]Network{"b": {IPAddress: "10.0.2.2"}, "a": {IPAddress: "10.0.1.2"}, "c": {IPAddress: "10.0.3.2", NetworkID: "feedfeedfeedfeedfeed"}}
	swarm := map[string]Network{"ingress": {IPAddress: "10.0.0.7"}, "docker_gwbridge": {IPAddress: "172.19.0.3"}, "shop": {IPAddress: "10.0.9.2"}}
	before := func(address string) flags {
		return func(o *Options) { o.Addresses = map[string]string{"dockerhost:web1:80": address} }
	}
	bridged := webContainer()
	hosted := webContainer(on("host", ""), noPorts)
	composed := webContainer(on("shop", "172.20.0.3"), noPorts)
	shares := webContainer(on("container:"+bridged.ID, ""), noPorts)
	nowhere := webContainer(on("none", ""), noPorts)
	for _, tc := range []struct {
		name      string
		c         Container
		peer      *Container
		flags     []flags
		want      []string
		complaint []string
	}{
		{"published on the default bridge", webContainer(), nil, nil, []string{"192.168.1.102:8080"}, nil},
		{"published on a user network: the host's address", webContainer(on("shop", "172.20.0.3")), nil, nil, []string{"192.168.1.102:8080"}, nil},
		{"-internal on a user network", webContainer(on("shop", "172.20.0.3")), nil, []flags{internal}, []string{"172.20.0.3:80"}, nil},
		{"-ip", webContainer(on("shop", "172.20.0.3")), nil, []flags{ip("10.1.2.3")}, []string{"10.1.2.3:8080"}, nil},
		{"-ip that is none", webContainer(), nil, []flags{ip("0.0.0.0")}, []string{"192.168.1.102:8080"}, []string{"-ip", "0.0.0.0"}},
		{"several networks: the one that the mode names", webContainer(networks("b", three)), nil, []flags{internal}, []string{"10.0.2.2:80"}, nil},
		{"several networks: the mode is an id", webContainer(networks("feedfeedfeed", three)), nil, []flags{internal}, []string{"10.0.3.2:80"}, nil},
		{"several networks: the mode's is gone, first by name", webContainer(networks("gone", three)), nil, []flags{internal}, []string{"10.0.1.2:80"}, nil},
		{"several networks: SERVICE_NETWORK", webContainer(networks("b", three), env("SERVICE_NETWORK=c")), nil, []flags{internal}, []string{"10.0.3.2:80"}, nil},
		{"SERVICE_NETWORK that it is not on", webContainer(networks("b", three), env("SERVICE_NETWORK=x")), nil, []flags{internal}, []string{"10.0.2.2:80"}, []string{"SERVICE_NETWORK", "not on network"}},
		{"a swarm task: never ingress", webContainer(networks("default", swarm)), nil, []flags{internal}, []string{"10.0.9.2:80"}, nil},
		{"a swarm task that was registered on ingress", webContainer(networks("default", swarm)), nil, []flags{internal, before("10.0.0.7")}, []string{"10.0.9.2:80"}, nil},
		{"a swarm task on ingress alone", webContainer(networks("default", map[string]Network{"ingress": {IPAddress: "10.0.0.7"}})), nil, []flags{internal}, []string{"10.0.0.7:80"}, nil},
		{"a swarm task that asks for it", webContainer(networks("default", swarm), env("SERVICE_NETWORK=ingress")), nil, []flags{internal}, []string{"10.0.0.7:80"}, nil},
		{"a network joined later", webContainer(networks("bridge", three)), nil, []flags{internal, before("10.0.2.2")}, []string{"10.0.2.2:80"}, nil},
		{"the one from before is left", webContainer(networks("bridge", three)), nil, []flags{internal, before("10.0.4.2")}, []string{"10.0.1.2:80"}, nil},
		{"SERVICE_NETWORK goes before what was", webContainer(networks("bridge", three), env("SERVICE_NETWORK=c")), nil, []flags{internal, before("10.0.2.2")}, []string{"10.0.3.2:80"}, nil},
		{"IPv6 alone", webContainer(networks("six", map[string]Network{"six": {IPv6: "2001:db8::9"}})), nil, []flags{internal}, []string{"[2001:db8::9]:80"}, nil},
		{"host network", hosted, nil, nil, []string{"192.168.1.102:80"}, nil},
		{"host network, -internal: never empty", hosted, nil, []flags{internal}, []string{"192.168.1.102:80"}, nil},
		{"no network", nowhere, nil, nil, nil, nil},
		{"macvlan", webContainer(on("mv", "10.50.0.9"), noPorts), nil, nil, []string{"10.50.0.9:80"}, nil},
		{"EXPOSE alone on a bridge", webContainer(on("shop", "172.20.0.3"), published("80")), nil, nil, nil, nil},
		{"EXPOSE alone while Docker has emptied the ports", webContainer(noPorts), nil, nil, nil, nil},
		{"IPv6 binding first", webContainer(bindings(Binding{"::", "8081"}, Binding{"0.0.0.0", "8080"})), nil, nil, []string{"192.168.1.102:8080"}, nil},
		{"IPv6 binding alone: the host's address", webContainer(bindings(Binding{"::", "8081"})), nil, nil, []string{"192.168.1.102:8081"}, nil},
		{"IPv6 binding on an IPv6 host", webContainer(bindings(Binding{"0.0.0.0", "8080"}, Binding{"::", "8081"})), nil, []flags{ip("2001:db8::1")}, []string{"[2001:db8::1]:8081"}, nil},
		{"bound to one address", webContainer(bindings(Binding{"127.0.0.1", "8080"})), nil, nil, []string{"127.0.0.1:8080"}, nil},
		{"the host's name does not resolve", webContainer(), nil, []flags{func(o *Options) { o.HostIP = "0.0.0.0" }}, []string{":8080"}, []string{"no address of this host"}},
		{"shares a network that publishes the port", shares, &bridged, nil, []string{"192.168.1.102:8080"}, nil},
		{"shares a network, -internal", shares, &bridged, []flags{internal}, []string{"172.17.0.5:80"}, nil},
		{"shares a user network that does not", shares, &composed, nil, []string{"172.20.0.3:80"}, nil},
		{"shares the host's network", shares, &hosted, nil, []string{"192.168.1.102:80"}, nil},
		{"shares no network", shares, &nowhere, nil, nil, nil},
		{"shares by a short id", webContainer(on("container:01", ""), noPorts), &composed, nil, []string{"172.20.0.3:80"}, nil},
		{"shares with one that is not there", shares, nil, nil, nil, []string{"shares the network"}},
		{"a port that is none", webContainer(published("0/tcp>1", "x/tcp>2", "80/icmp>3", "80>8080", "81>99999")), nil, nil, []string{"192.168.1.102:8080"}, []string{`"x/tcp"`, `"80/icmp"`}},
		{"SERVICE_PORT of the container's own address", webContainer(env("SERVICE_PORT=9000")), nil, []flags{internal}, []string{"172.17.0.5:9000"}, nil},
		{"SERVICE_PORT that Docker published", webContainer(published("80>8080", "81>8081"), env("SERVICE_80_PORT=8081", "SERVICE_81_IGNORE=1")), nil, nil, []string{"192.168.1.102:8081"}, nil},
		{"SERVICE_PORT of another protocol", webContainer(published("80>8080", "81/udp>8081"), env("SERVICE_80_PORT=8081", "SERVICE_81_IGNORE=1")), nil, nil, []string{"192.168.1.102:8080"}, []string{"SERVICE_80_PORT"}},
		{"SERVICE_PORT of somebody else on the host", webContainer(env("SERVICE_PORT=8500")), nil, nil, []string{"192.168.1.102:8080"}, []string{"SERVICE_PORT", "no port that Docker published"}},
		{"the same with -ip", webContainer(env("SERVICE_PORT=8500")), nil, []flags{ip("10.1.2.3")}, []string{"10.1.2.3:8080"}, []string{"no port that Docker published"}},
		{"the same with a name as -ip", webContainer(env("SERVICE_PORT=8500")), nil, []flags{ip("edge.example")}, []string{"edge.example:8080"}, []string{"no port that Docker published"}},
		{"the same where it is bound to loopback", webContainer(bindings(Binding{"127.0.0.1", "8080"}), env("SERVICE_PORT=8500")), nil, nil, []string{"127.0.0.1:8080"}, []string{"no port that Docker published"}},
		{"the same where it is bound to another address of the host", webContainer(bindings(Binding{"10.7.7.7", "8080"}), env("SERVICE_PORT=8500")), nil, nil, []string{"10.7.7.7:8080"}, []string{"no port that Docker published"}},
		{"the same without a known address", webContainer(env("SERVICE_PORT=8500")), nil, []flags{func(o *Options) { o.HostIP = "" }}, []string{":8080"}, []string{"no port that Docker published"}},
		{"the same over SERVICE_IP", webContainer(published("8500"), env("SERVICE_IP=192.168.1.102")), nil, []flags{internal}, []string{"172.17.0.5:8500"}, []string{"SERVICE_IP", "not published"}},
		{"the same over both", webContainer(env("SERVICE_IP=192.168.1.102", "SERVICE_PORT=8500")), nil, []flags{internal}, []string{"192.168.1.102:8080"}, []string{"SERVICE_PORT"}},
		{"the same with foreign addresses allowed", webContainer(env("SERVICE_IP=127.0.0.1", "SERVICE_PORT=8500")), nil, []flags{internal, func(o *Options) { o.AllowForeignAddress = true }}, []string{"172.17.0.5:8500"}, []string{"SERVICE_IP"}},
		{"the same over the bridge's gateway", webContainer(published("8500"), func(c *Container) {
			c.Networks["bridge"] = Network{IPAddress: "172.17.0.5", Gateways: []string{"172.17.0.1"}}
		}, label("my.ip", "172.17.0.1")), nil, []flags{internal, func(o *Options) { o.IPFromLabel = "my.ip" }}, []string{"172.17.0.5:8500"}, []string{"my.ip"}},
		{"SERVICE_PORT that is none", webContainer(env("SERVICE_PORT=65536")), nil, nil, []string{"192.168.1.102:8080"}, []string{"SERVICE_PORT", "no port number"}},
		{"SERVICE_PORT where nothing is exposed", webContainer(on("host", ""), published(), env("SERVICE_PORT=9000")), nil, nil, []string{"192.168.1.102:9000"}, nil},
		{"SERVICE_IP of the container's own, with prefix length", webContainer(on("shop", "172.20.0.3"), env("SERVICE_IP=172.20.0.3/16")), nil, nil, []string{"172.20.0.3:80"}, nil},
		{"SERVICE_IP of this host", webContainer(env("SERVICE_IP=10.77.0.1")), nil, []flags{internal, func(o *Options) { o.HostAddresses = []netip.Addr{netip.MustParseAddr("10.77.0.1")} }}, []string{"10.77.0.1:8080"}, nil},
		{"SERVICE_IP of somebody else", webContainer(env("SERVICE_IP=10.66.0.1")), nil, nil, []string{"192.168.1.102:8080"}, []string{"SERVICE_IP", "-allow-foreign-address"}},
		{"SERVICE_IP of somebody else, allowed", webContainer(env("SERVICE_IP=10.66.0.1")), nil, []flags{func(o *Options) { o.AllowForeignAddress = true }}, []string{"10.66.0.1:8080"}, nil},
		{"SERVICE_IP loopback", webContainer(env("SERVICE_IP=127.0.0.1")), nil, nil, []string{"192.168.1.102:8080"}, []string{"loopback"}},
		{"SERVICE_IP that is none", webContainer(env("SERVICE_IP=127.0.0.1; evil")), nil, nil, []string{"192.168.1.102:8080"}, []string{"SERVICE_IP", "no IP address"}},
		{"-useIpFromLabel", webContainer(label("my.ip", "10.9.8.7/24")), nil, []flags{func(o *Options) { o.IPFromLabel = "my.ip" }}, []string{"10.9.8.7:8080"}, nil},
		{"-useIpFromLabel with a metadata address", webContainer(label("my.ip", "169.254.169.254")), nil, []flags{func(o *Options) { o.IPFromLabel = "my.ip" }}, []string{"192.168.1.102:8080"}, []string{"my.ip", "link-local"}},
		{"-useIpFromLabel without the label", webContainer(), nil, []flags{func(o *Options) { o.IPFromLabel = "my.ip" }}, []string{"192.168.1.102:8080"}, []string{"no label"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, complaints := own(tc.c, tc.peer, tc.flags...)
			wantAddrPorts(t, got, tc.want...)
			wantComplaint(t, complaints, tc.complaint...)
		})
	}
}

func TestOnlyWhatRunsIsRegistered(t *testing.T) {
	for _, s := range []State{
		{Status: "created"}, {Status: "exited"}, {Status: "dead"}, {Status: "removing"},
		{Status: "paused", Running: true, Paused: true}, {Status: "restarting", Running: true, Restarting: true}, {},
	} {
		c := webContainer()
		c.State = s
		for _, mode := range []Compat{CompatNone, CompatHEAD, CompatV7} {
			if got, _ := Desired(c, nil, options(mode)); len(got) != 0 {
				t.Errorf("%+v in mode %d: registered %+v", s, mode, got)
			}
		}
	}
}

func TestOwnNamesAndIDs(t *testing.T) {
	for _, tc := range []struct {
		name     string
		c        Container
		flags    []flags
		id, want string
	}{
		{"image by digest", webContainer(image("registry:5000/a/nginx@sha256:ab")), nil, "dockerhost:web1:80", "nginx"},
		{"image by tag and digest", webContainer(image("a/nginx:1.2@sha256:ab")), nil, "dockerhost:web1:80", "nginx"},
		{"image by id", webContainer(image("sha256:4bb46517cac3")), nil, "dockerhost:web1:80", "web1"},
		{"image by id, with Compose", webContainer(image("sha256:4bb46517cac3"), label(composeService, "shop")), nil, "dockerhost:web1:80", "shop"},
		{"a name with a line break", webContainer(env("SERVICE_NAME=a\nb")), nil, "dockerhost:web1:80", "web"},
		{"an id with a line break", webContainer(env("SERVICE_ID=a\r\nb")), nil, "dockerhost:web1:80", "web"},
		{"an id that climbs", webContainer(env("SERVICE_ID=../x")), nil, "dockerhost:web1:80", "web"},
		{"an id of its own", webContainer(env("SERVICE_ID=x/1")), nil, "x/1", "web"},
		{"no host name", webContainer(), []flags{func(o *Options) { o.Host = "" }}, "192.168.1.102:web1:80", "web"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := own(tc.c, nil, tc.flags...)
			if len(got) != 1 || got[0].Name != tc.want || got[0].ID != tc.id {
				t.Errorf("got %+v, want name %q and ID %q", got, tc.want, tc.id)
			}
		})
	}
	got, _ := own(webContainer(twoPorts, env("SERVICE_NAME=app", "SERVICE_80_NAME=")), nil)
	if len(got) != 2 || got[0].Name != "web" || got[1].Name != "app-443" {
		t.Errorf("a port's empty name takes the default name as it is: %+v", got)
	}
	if got, complaints := own(webContainer(env("SERVICE_NAME=a\nb")), nil, explicit); len(got) != 0 || complaints == "" {
		t.Errorf("-explicit took a refused name: %+v, %s", got, complaints)
	}
}

func TestOwnTagsAreInDeclaredOrder(t *testing.T) {
	got, complaints := own(webContainer(env(`SERVICE_TAGS=c,a\,b,,d , e`)), nil, tagged("z,y"))
	wantTags(t, got, "c", "a,b", "d ", " e", "z", "y")
	wantComplaint(t, complaints)
	got, complaints = own(webContainer(published("53/udp>53"), env("SERVICE_TAGS=ok,b\x00d,l\nf,\xff")), nil, tagged("{{ toUpper .Config.Hostname }}"))
	wantTags(t, got, "ok", "CTRHOST", "udp")
	wantComplaint(t, complaints, "control character", "UTF-8")
}

func TestTemplateFailureCostsOnlyItsTags(t *testing.T) {
	for _, text := range []string{"{{ nope }}", "{{ .Nope }}", `{{ sIndex 0 .Config.Env }}`, `{{ matchFirstElement "(" .Config.Env }}`} {
		got, complaints := own(webContainer(env()), nil, tagged(text))
		wantTags(t, got)
		wantComplaint(t, complaints, "-tags", "ignored")
		got, all := Desired(webContainer(), nil, options(CompatHEAD, tagged(text)))
		if len(got) != 0 || len(all) != 1 || !all[0].Fatal {
			t.Errorf("%s: head mode gave %+v, %+v, want one fatal complaint", text, got, all)
		}
	}
	ignored := webContainer(env("SERVICE_IGNORE=1"))
	if _, all := Desired(ignored, nil, options(CompatHEAD, tagged("{{ nope }}"))); len(all) != 0 {
		t.Errorf("an ignored container's template was rendered: %v", all)
	}
}

func TestOwnMarkSaysWhose(t *testing.T) {
	got, _ := own(webContainer(), nil)
	want := Owner{Host: "dockerhost", Container: webContainer().ID, Started: someStart}
	if len(got) != 1 || got[0].Owner != want {
		t.Errorf("owner %+v, want %+v", got, want)
	}
}

func TestPortRangesAndProtocols(t *testing.T) {
	got, complaints := own(webContainer(published("53>5301", "53/udp>5300", "54/udp>5400", "60>6000"),
		env("SERVICE_NAME=general", "SERVICE_50-55_NAME=ranged", "SERVICE_50-55_UDP_TAGS=u", "SERVICE_53_NAME=dns", "SERVICE_53_UDP_NAME=dnsu",
			"SERVICE_60-50_NAME=backwards")), nil)
	wantComplaint(t, complaints)
	var names []string
	for _, r := range got {
		names = append(names, r.ID+"="+r.Name+"/"+strings.Join(r.Tags, ","))
	}
	want := []string{"dockerhost:web1:53=dns/", "dockerhost:web1:53:udp=dnsu/u,udp", "dockerhost:web1:54:udp=ranged/u,udp", "dockerhost:web1:60=general-60/"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestWeightAndTagOverride(t *testing.T) {
	for _, tc := range []struct {
		value    string
		want     int
		complain bool
	}{{"", 0, false}, {"1", 1, false}, {"65535", 65535, false}, {"0", 0, true}, {"65536", 0, true}, {"-1", 0, true}, {"ten", 0, true}} {
		got, complaints := own(webContainer(env("SERVICE_WEIGHT="+tc.value)), nil)
		if len(got) != 1 || got[0].Weight != tc.want || (complaints != "") != tc.complain {
			t.Errorf("SERVICE_WEIGHT=%s: %+v, %s", tc.value, got, complaints)
		}
	}
	got, _ := own(webContainer(env("SERVICE_ENABLE_TAG_OVERRIDE=true")), nil)
	if !got[0].EnableTagOverride || given(got[0]) != nil {
		t.Errorf("got %+v", got)
	}
	if got, complaints := own(webContainer(env("SERVICE_ENABLE_TAG_OVERRIDE=maybe")), nil); got[0].EnableTagOverride || complaints == "" {
		t.Errorf("got %+v, %s", got, complaints)
	}
}
