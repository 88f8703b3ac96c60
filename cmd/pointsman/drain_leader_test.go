package main

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A proxy that is started while Consul has no leader, and without a snapshot on disk, begins without drains, and says so. They are in effect as soon as
// there is a leader. discovery has the same with a clock of its own.
func TestProxyStartedWithoutALeader(t *testing.T) {
	if !lab.Long() {
		t.Skip("half a minute: three servers, two of which go and come back")
	}
	t.Parallel()
	servers := lab.StartTrio(t)
	y := newYard(t, servers[0])
	first, address, _ := startProxy(t, nil, "-consul", y.c.HTTP)
	answers(t, address, "web.example", 200, "")
	y.await(y.start("drain", "-for", "10m", y.a.id), 0, "drained after")
	first.Kill()
	servers[1].Kill()
	servers[2].Kill()
	lab.Eventually(t, 30*time.Second, "there is no leader", func() bool {
		var keys []string
		return y.c.Get("/v1/kv/pointsman/?keys", &keys) != nil
	})
	p, address, admin := startProxy(t, nil, "-consul", y.c.HTTP)
	y.load(address)
	y.a.again(t, 10*time.Second, "nobody knows of the drain")
	if !p.Says(5*time.Second, "starting without it") {
		t.Error("it does not say that it knows of no drains")
	}
	servers[1].Start()
	servers[2].Start()
	y.draining(admin)
	if !p.Says(5*time.Second, "what it holds is in effect") {
		t.Error("it does not say that it knows of drains")
	}
	y.a.quiet(t, time.Second, "there is a leader")
	y.lostNothing()
}
