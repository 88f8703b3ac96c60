package conformance

import (
	"bufio"
	"net"
	"net/netip"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
)

// named is an instance by a name instead of its address.
func named(name string, a net.Addr) discovery.Instance {
	in := at(a)
	in.Address = name
	return in
}

// Where an instance's name leads is judged when it is dialled: one of our own listeners is not connected to, whatever it is called.
func TestANameThatLeadsToAListenerOfOurs(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		admin := play(t, func(int64, *net.TCPConn, *bufio.Reader) { t.Error("our own listener was connected to") })
		ours := netip.MustParseAddrPort(admin.Addr().String())
		gate := outside.Gate{Own: func(to netip.AddrPort) bool { return to == ours }, Resolver: lab.Names(map[string][]string{"host.test": {"127.0.0.1"}})}
		r := start(t, k, setup{gate: gate}, named("host.test", admin.Addr()))
		for _, in := range []discovery.Instance{named("host.test", admin.Addr()), at(admin.Addr())} {
			r.apply(in)
			c := r.dial(t)
			c.send(get("/", ""))
			if got := c.answer("GET"); got.status != 503 {
				t.Errorf("%s: %d %s", in.Address, got.status, got.body)
			}
		}
		if n := r.counter("pointsman_upstream_connects_total", "forbidden"); n < 2 {
			t.Errorf("%v connects are counted as forbidden", n)
		}
	})
}

// All the addresses of a name are tried.
func TestANameWithAnAddressWhereNobodyIs(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		app := answering(t, "ok")
		gate := outside.Gate{Resolver: lab.Names(map[string][]string{"app.test": {"127.0.0.9", "127.0.0.8", "127.0.0.1"}})}
		r := start(t, k, setup{gate: gate}, named("app.test", app.Addr()))
		c := r.dial(t)
		for range 3 {
			c.send(get("/", ""))
			c.want(200, "ok")
		}
		if n := r.counter("pointsman_retries_total"); n != 0 {
			t.Errorf("%v attempts were repeated", n)
		}
	})
}

// A name that nobody knows is an instance that can't be reached, and no more.
func TestANameThatNobodyKnows(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		app := answering(t, "ok")
		r := start(t, k, setup{gate: outside.Gate{Resolver: lab.Names(nil)}}, named("gone.test", app.Addr()), at(app.Addr()))
		c := r.dial(t)
		for range 4 {
			c.send(get("/", ""))
			c.want(200, "ok")
		}
	})
}
