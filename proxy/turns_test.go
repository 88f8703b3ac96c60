package proxy

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// What is told of local replies.
var (
	forbidden  = "reply " + OutcomeForbidden.String()
	redirected = "reply " + OutcomeRedirected.String()
	badRequest = "reply " + OutcomeBadRequest.String()
)

// from asks for a path as a client of an address, and tells what was done.
func (d *desk) from(t *testing.T, address, path string) string {
	t.Helper()
	d.client = NewClient(netip.MustParseAddr(address), "http", &d.common.Forwarder)
	var x Exchange
	d.asked(t, &x, "GET "+path+" HTTP/1.1|Host: web.io")
	got := told(&x, x.Match(d.table))
	x.Finish(d.now)
	return got
}

// A request that is refused before it is sent costs nobody a turn: those that are sent are shared out as if there had been no others.
func TestARefusedRequestTurnsNoRotation(t *testing.T) {
	const rounds, instances = 30, 3
	for _, c := range []struct{ name, tag, client, path, want string }{
		{"not on the allow list", "urlprefix-web.io/ allow=ip:10.0.0.0/8", "192.0.2.7", "/", forbidden},
		{"on the deny list", "urlprefix-web.io/ deny=ip:192.0.2.0/24", "192.0.2.7", "/", forbidden},
		{"a path that would begin with dots", "urlprefix-web.io/a strip=/a", "10.1.1.1", "/a../b", badRequest},
	} {
		d := newDesk(t, nil)
		d.serve(instances, c.tag)
		shares := map[string]int{}
		for i := range rounds * instances {
			for range i % 3 {
				if got := d.from(t, c.client, c.path); got != c.want {
					t.Fatalf("%s: %s, want %s", c.name, got, c.want)
				}
			}
			shares[d.from(t, "10.1.1.1", "/a")]++
		}
		for i := range instances {
			if to := fmt.Sprintf("send 10.0.0.%d:80", i+1); shares[to] != rounds {
				t.Errorf("%s: %v, want %d each", c.name, shares, rounds)
				break
			}
		}
	}
}

// A redirect costs nobody a turn either: when the route stops to redirect, its rotation begins where it was.
func TestARedirectTurnsNoRotation(t *testing.T) {
	d := newDesk(t, nil)
	list := func(tag string) *discovery.Snapshot {
		return fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, tag), fixture.Instance("web", "10.0.0.2", 80, tag), fixture.Instance("web", "10.0.0.3", 80, tag))
	}
	d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(list("urlprefix-web.io/ redirect=301,https://new.example$path"))
	for range 4 {
		if got := d.from(t, "10.1.1.1", "/"); got != redirected {
			t.Fatal(got)
		}
	}
	d.table = d.table.Next(list("urlprefix-web.io/"))
	if got := d.from(t, "10.1.1.1", "/"); got != "send 10.0.0.1:80" {
		t.Errorf("after redirects: %s", got)
	}
}

// Where the tags of a route's instances differ, what they restrict adds up, so that no request is let in by whose turn it is.
func TestWhatInstancesRestrictAddsUp(t *testing.T) {
	for _, c := range []struct {
		name string
		tags []string // of an instance each
		want map[string]string
	}{
		{"an allow list at one of two", []string{"", " allow=ip:10.0.0.0/8"}, map[string]string{"192.0.2.7": forbidden, "10.1.1.1": "send"}},
		{"two allow lists", []string{" allow=ip:10.0.0.0/8", " allow=ip:10.1.0.0/16"}, map[string]string{"10.2.1.1": forbidden, "10.1.1.1": "send"}},
		{"two allow lists that share nobody", []string{" allow=ip:10.0.0.0/8", " allow=ip:192.0.2.0/24"}, map[string]string{"10.1.1.1": forbidden, "192.0.2.7": forbidden}},
		{"two deny lists", []string{" deny=ip:10.1.0.0/16", " deny=ip:10.2.0.0/16", ""}, map[string]string{"10.1.1.1": forbidden, "10.2.1.1": forbidden, "10.3.1.1": "send"}},
		{"allow here, deny there", []string{" allow=ip:10.0.0.0/8", " deny=ip:10.1.0.0/16"}, map[string]string{"10.1.1.1": forbidden, "192.0.2.7": forbidden, "10.2.1.1": "send"}},
		{"a redirect at one of three", []string{"", " redirect=301,https://new.example$path", ""}, map[string]string{"10.1.1.1": redirected}},
		{"a redirect here, a list there", []string{" redirect=301,https://new.example$path", " allow=ip:10.0.0.0/8"}, map[string]string{"10.1.1.1": redirected, "192.0.2.7": forbidden}},
	} {
		d := newDesk(t, nil)
		var list []discovery.Instance
		for i, options := range c.tags {
			list = append(list, fixture.Instance("web", fmt.Sprintf("10.0.0.%d", i+1), 80, "urlprefix-web.io/"+options))
		}
		d.table = routing.NewTable(routing.Options{Languages: fixture.Languages()}).Next(fixture.Snapshot(list...))
		for client, want := range c.want {
			for i := range 2 * len(list) {
				now := want
				if want == "send" {
					now = fmt.Sprintf("send 10.0.0.%d:80", i%len(list)+1)
				}
				if got := d.from(t, client, "/"); got != now {
					t.Errorf("%s: request %d of %s: %s, want %s", c.name, i, client, got, now)
				}
			}
		}
	}
}
