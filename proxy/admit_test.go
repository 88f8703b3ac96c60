package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// allow and deny judge the client that forwarding names: the peer, or whom a trusted proxy speaks for, whichever field says so.
func TestAllowAndDenyFollowTheClient(t *testing.T) {
	const trusted, proxyA = "10.0.0.0/8", "10.0.0.9"
	for _, c := range []struct {
		name, trusted, peer, rule, fields string
		want                              bool
	}{
		{"the peer", "", "1.1.1.1", "deny=ip:1.1.1.1", "", false},
		{"an untrusted peer, whatever it claims", "", "1.1.1.1", "deny=ip:1.1.1.1", "X-Real-IP: 2.2.2.2|Forwarded: for=2.2.2.2|X-Forwarded-For: 2.2.2.2", false},
		{"an untrusted peer's claim can shut out", "", "1.1.1.1", "allow=ip:1.1.1.1", "X-Forwarded-For: 2.2.2.2", false},
		{"an untrusted peer's claim lets nobody in", "", "1.1.1.1", "allow=ip:2.2.2.2", "X-Forwarded-For: 2.2.2.2|Forwarded: for=2.2.2.2|X-Real-IP: 2.2.2.2", false},
		{"denied by X-Forwarded-For", trusted, proxyA, "deny=ip:1.1.1.1", "X-Forwarded-For: 1.1.1.1", false},
		{"denied by X-Real-IP", trusted, proxyA, "deny=ip:1.1.1.1", "X-Real-IP: 1.1.1.1", false},
		{"denied by Forwarded", trusted, proxyA, "deny=ip:1.1.1.1", "Forwarded: for=1.1.1.1", false},
		{"denied by Forwarded, in quotes with a port", trusted, proxyA, "deny=ip:1.1.1.1", `Forwarded: proto=https;FOR="1.1.1.1:4711";host=x`, false},
		{"denied by Forwarded, IPv6", trusted, proxyA, "deny=ip:2001:db8::/32", `Forwarded: for="[2001:db8::7]:4711"`, false},
		{"denied by one of two that differ", trusted, proxyA, "deny=ip:1.1.1.1", "X-Forwarded-For: 2.2.2.2|Forwarded: for=1.1.1.1", false},
		{"allowed by X-Forwarded-For", trusted, proxyA, "allow=ip:1.1.1.1", "X-Forwarded-For: 1.1.1.1", true},
		{"allowed by X-Real-IP", trusted, proxyA, "allow=ip:1.1.1.1", "X-Real-IP: 1.1.1.1", true},
		{"allowed by Forwarded", trusted, proxyA, "allow=ip:1.1.1.1", "Forwarded: for=1.1.1.1", true},
		{"allowed over two proxies", trusted, proxyA, "allow=ip:1.1.1.1", "X-Forwarded-For: 1.1.1.1, 10.0.0.8|Forwarded: for=1.1.1.1, for=10.0.0.8|X-Real-IP: 10.0.0.8", true},
		{"the proxies' own network is not the client's", trusted, proxyA, "allow=ip:10.0.0.0/8", "X-Real-IP: 1.1.1.1", false},
		{"nor is it by Forwarded", trusted, proxyA, "allow=ip:10.0.0.0/8", "Forwarded: for=1.1.1.1, for=10.0.0.8", false},
		{"a proxy denied, the client not", trusted, proxyA, "deny=ip:10.0.0.0/8", "X-Forwarded-For: 1.1.1.1", true},
		{"a client within the trusted network", trusted, proxyA, "deny=ip:10.0.0.7", "X-Forwarded-For: 10.0.0.7, 10.0.0.8", false},
		{"a proxy that asks for itself", trusted, proxyA, "allow=ip:10.0.0.9", "", true},
		{"a proxy that asks for itself, denied", trusted, proxyA, "deny=ip:10.0.0.9", "", false},
		{"one that can't be read is not allowed", trusted, proxyA, "allow=ip:10.0.0.0/8", "X-Forwarded-For: junk, 10.0.0.8", false},
		{"nor one that is hidden", trusted, proxyA, "allow=ip:10.0.0.0/8", "Forwarded: for=_hidden, for=10.0.0.8", false},
		{"nor a bad X-Real-IP", trusted, proxyA, "allow=ip:10.0.0.0/8", "X-Real-IP: junk", false},
		{"an element without an address says nothing", trusted, proxyA, "allow=ip:10.0.0.9", "Forwarded: proto=https;host=x", true},
		{"two addresses of one element", trusted, proxyA, "allow=ip:1.1.1.1", "Forwarded: for=1.1.1.1;for=1.1.1.1", false},
		{"a quote that is left open hides nobody", trusted, proxyA, "deny=ip:1.1.1.1", `Forwarded: for="x, for=1.1.1.1`, false},
	} {
		d := newDesk(t, nil)
		d.serve(1, "urlprefix-web.io/ "+c.rule)
		var err error
		if d.common.Forwarder, err = ParseForwarder(c.trusted); err != nil {
			t.Fatal(err)
		}
		d.client = NewClient(netip.MustParseAddr(c.peer), "http", &d.common.Forwarder)
		var x Exchange
		d.asked(t, &x, strings.TrimSuffix("GET / HTTP/1.1|Host: web.io|"+c.fields, "|"))
		x.Match(d.table)
		if got := x.Outcome != OutcomeForbidden; got != c.want || x.Outcome != OutcomeForbidden && x.Outcome != OutcomeForwarded {
			t.Errorf("%s: admitted is %v (%v), want %v", c.name, got, x.Outcome, c.want)
		}
		x.Finish(d.now)
	}
}

// FuzzForwardedChain: whatever a client writes in front of it, what a trusted proxy appends to a chain names the client, and is judged.
func FuzzForwardedChain(f *testing.F) {
	for _, s := range []string{"", "for=1.2.3.4", `for="[::1]:80"`, `for="`, `for="x\", host=",`, "for=;for=", ",,;;=", "unknown", "10.0.0.1"} {
		f.Add(s)
	}
	trusts, err := ParseForwarder("10.0.0.0/8")
	if err != nil {
		f.Fatal(err)
	}
	client := netip.MustParseAddr("192.0.2.7")
	deny := []netip.Prefix{netip.PrefixFrom(client, 32)}
	f.Fuzz(func(t *testing.T, forged string) {
		for name, end := range map[string]string{"Forwarded": "for=192.0.2.7;proto=http", "X-Forwarded-For": "192.0.2.7"} {
			var o Origin
			in := fields(name+": "+forged, name+": "+end)
			trusts.believe(&o, in)
			if o.Client != client {
				t.Errorf("%s %q: the client is %s", name, forged, o.Client)
			}
			peer := NewClient(netip.MustParseAddr("10.0.0.9"), "http", &trusts)
			x := Exchange{Client: &peer, Request: &http1.Request{Fields: in}, scope: &Scope{common: &Shared{Forwarder: trusts}}}
			x.Origin.Client = peer.addr // as if nothing had been believed
			if x.admits(&routing.Admission{Deny: deny}) {
				t.Errorf("%s %q hides the client", name, forged)
			}
		}
	})
}

// The password of a route is for no auth server either, but where instances get it.
func TestAuthServersGetNoHiddenPassword(t *testing.T) {
	for options, want := range map[string]bool{
		"": true, "auth=basic:anna:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=": false, "auth=basic:anna:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ= auth-pass": true,
	} {
		d := newDesk(t, nil)
		d.serve(1, "pointsman.route=web.io/ forward-auth=service:gate "+options)
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io|authorization: Basic YW5uYTpzZWNyZXQ=|X-Other: a")
		x.Match(d.table)
		var got []string
		for _, f := range x.question(x.filters(), d.table).Fields {
			got = append(got, strings.ToLower(f.Name))
		}
		if slices.Contains(got, "authorization") != want || !slices.Contains(got, "x-other") {
			t.Errorf("%q: asked with %v", options, got)
		}
		x.Finish(d.now)
	}
}

// The more expressions a route has, the shorter are the paths that all of them are tried on.
func TestReplacementsShareABound(t *testing.T) {
	for _, c := range []struct {
		different, path int
		want            string
	}{{1, maxReplaced, "send"}, {1, maxReplaced + 1, "reply"}, {4, maxReplaced / 4, "send"}, {4, maxReplaced/4 + 1, "reply"}} {
		d := newDesk(t, nil)
		var list []discovery.Instance
		for i := range c.different {
			list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.0.%d", i+1), 80, fmt.Sprintf(`pointsman.route=web.io/ replace-path="^/old%d/ /new/"`, i)))
		}
		d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(list...))
		var x Exchange
		d.asked(t, &x, "GET /"+strings.Repeat("x", c.path-1)+" HTTP/1.1|Host: web.io")
		got := told(&x, x.Match(d.table))
		if verb, _, _ := strings.Cut(got, " "); verb != c.want || verb == "reply" && x.Outcome != OutcomeTargetTooLong {
			t.Errorf("%d expressions, a path of %d bytes: %s", c.different, c.path, got)
		}
		x.Finish(d.now)
	}
}
