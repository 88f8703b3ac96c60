package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

func TestWhatAFailedConnectIs(t *testing.T) {
	d := newDesk(t, nil)
	registry := prometheus.NewRegistry()
	d.common.Metrics = NewMetrics(registry)
	d.scope = d.common.NewScope()
	counted := map[record.ConnectResult]int{}
	u := balancer.NewUpstream("s", "a:1")
	for err, want := range map[error]struct {
		f Failure
		r record.ConnectResult
	}{
		syscall.ECONNREFUSED: {FailedConnect, record.ConnectRefused}, syscall.ETIMEDOUT: {FailedConnect, record.ConnectTimeout},
		context.DeadlineExceeded: {FailedConnect, record.ConnectTimeout}, os.ErrDeadlineExceeded: {FailedConnect, record.ConnectTimeout},
		fmt.Errorf("%w: %w", ErrHandshake, os.ErrDeadlineExceeded): {FailedHandshake, record.ConnectHandshake},
		syscall.EHOSTUNREACH: {FailedConnect, record.ConnectError}, errors.New("no such host"): {FailedConnect, record.ConnectError},
		syscall.EMFILE: {FailedShort, record.ConnectShort}, syscall.EADDRNOTAVAIL: {FailedShort, record.ConnectShort},
	} {
		for _, err := range []error{err, fmt.Errorf("connect: %w", &net.OpError{Op: "dial", Err: err})} {
			counted[want.r]++
			line := fmt.Sprintf("upstream_connects_total{%s} %d", want.r, counted[want.r])
			if got, series := d.scope.ConnectFailed(u, err), gathered(t, registry); got != want.f || !slices.Contains(series, line) {
				t.Errorf("%v is %s, counted as %v; want %s, %s", err, got, series, want.f, line)
			}
		}
	}
}

func TestWhatAnEarlyEndIs(t *testing.T) {
	for _, c := range []struct {
		heard, reset, kept bool
		want               Failure
		empties            bool
	}{
		{false, false, false, FailedSent, false}, {false, true, false, FailedReset, false}, {true, true, true, FailedAnswer, false},
		{false, false, true, FailedSent, true}, {false, true, true, FailedReset, true},
	} {
		if f := EndedEarly(c.heard, c.reset); f != c.want || f.EmptiesPool(c.kept) != c.empties {
			t.Errorf("%+v: %s, empties the pool: %v", c, f, f.EmptiesPool(c.kept))
		}
	}
}

func TestKeptConnectionsMakeRoomOnlyForAFreshOne(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		u := balancer.NewUpstream("s", "a:1")
		u.Connect(0)
		x := Exchange{Attempt: Attempt{Member: &routing.Member{Upstream: u}, Fresh: fresh}}
		if got := x.Room(1, u.Disconnect); got != fresh || u.Connect(1) || !u.Connect(2) {
			t.Errorf("fresh %v: room %v, or not one connection", fresh, got)
		}
	}
}

// A request whose instances have all gone between the load and the pick is matched again: once, and it pays for the budget once.
func TestARequestIsMatchedAgainOnce(t *testing.T) {
	for want, after := range map[string][]discovery.Instance{
		"send 10.0.0.2:80":          {fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/")},
		"reply no-healthy-upstream": nil,
	} {
		d := newDesk(t, nil)
		d.common.Switch = routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
		d.common.Switch.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "urlprefix-/")))
		first := d.common.Switch.Load()
		d.common.Switch.Apply(fixture.Snapshot(after...))
		var x Exchange
		d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
		if got := told(&x, x.matchFrom(first)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if n := x.Route.Lane.Budget.Requests(d.now); n != 1 {
			t.Errorf("%s: counted as %d requests", want, n)
		}
		x.Finish(time.Now())
	}
}
