package outside_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
)

// listen is a listener of which nothing is said but how often it was connected to.
func listen(t *testing.T) (l net.Listener, came func() int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conns := make(chan net.Conn, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	return l, func() int { return len(conns) }
}

// Where a name leads is judged after it was looked up, and each of its addresses is tried.
func TestTheAddressThatIsDialledIsJudged(t *testing.T) {
	own, cameToOwn := listen(t)
	app, _ := listen(t)
	_, appPort, _ := net.SplitHostPort(app.Addr().String())
	_, ownPort, _ := net.SplitHostPort(own.Addr().String())
	ours := netip.MustParseAddrPort(own.Addr().String())
	gate := outside.Gate{Own: func(to netip.AddrPort) bool { return to == ours }, Resolver: lab.Names(map[string][]string{
		"here.test": {"127.0.0.1"}, "metadata.test": {"169.254.169.254"}, "mixed.test": {"169.254.169.254", "127.0.0.1"},
		"mapped.test": {"::ffff:169.254.169.254"}, "all.test": {"255.255.255.255"}, "none.test": {"0.0.0.0"}, "second.test": {"127.0.0.2", "127.0.0.1"},
	})}
	for address, want := range map[string]string{
		own.Addr().String(): "refused", "[::ffff:127.0.0.1]:" + ownPort: "refused", "here.test:" + ownPort: "refused", "second.test:" + ownPort: "failed", // nobody is at the first, the second is ours
		"metadata.test:80": "refused", "mapped.test:80": "refused", "all.test:80": "refused", "none.test:" + ownPort: "refused", "169.254.169.254:80": "refused",
		"here.test:" + appPort: "connected", "mixed.test:" + appPort: "connected", "second.test:" + appPort: "connected", app.Addr().String(): "connected",
		"unknown.test:80": "failed",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c, err := gate.Dial(ctx, "tcp", address)
		cancel()
		got := "failed"
		var refusal *outside.Refusal
		switch {
		case err == nil:
			got = "connected"
			c.Close()
		case errors.As(err, &refusal):
			got = "refused"
		}
		if got != want {
			t.Errorf("%s: %s (%v), want %s", address, got, err, want)
		}
	}
	if n := cameToOwn(); n != 0 {
		t.Errorf("%d connections came to our own listener", n)
	}
}

func TestTheGateCostsNoAllocation(t *testing.T) {
	gate := outside.Gate{Own: func(netip.AddrPort) bool { return false }}
	to := netip.MustParseAddrPort("10.0.0.1:80")
	if n := testing.AllocsPerRun(100, func() { _ = gate.Check(to) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
