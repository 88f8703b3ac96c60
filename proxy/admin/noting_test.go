package admin

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// texts are the notices, as kind, whose and text.
func texts(n *Notices) (out []string) {
	list, _, _ := n.since(0, mostNotices)
	for _, k := range list {
		out = append(out, strings.Join([]string{string(k.Kind), k.Service, k.Instance, k.Text}, "|"))
	}
	return out
}

func said(t *testing.T, n *Notices, want ...string) {
	t.Helper()
	if got := texts(n); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("noted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatHappensIsNoted(t *testing.T) {
	n := NewNotices()
	one := balancer.Ejection{Reason: balancer.ReasonStatus, Failed: 5, Good: 20, Others: 2, OthersShare: 0.015, For: time.Second, Times: 2}
	n.Ejection(record.Ejection{Service: "web", Instance: "10.0.0.1:80", Ejection: one})
	one.Shadow, one.Trial, one.Times = true, true, 1
	n.Ejection(record.Ejection{Service: "web", Instance: "10.0.0.2:80", Ejection: one})
	n.Ejection(record.Ejection{Service: "web", Instance: "10.0.0.1:80", Ended: true})
	n.Decision(discovery.Decision{Service: "web", Instance: "i", Kept: true, Why: "it accepts connections"})
	n.Decision(discovery.Decision{Service: "web", Instance: "i", Removed: true, Why: "it is gone"})
	n.Decision(discovery.Decision{Service: "web", Instance: "i", Why: "the catalogue lists it"})
	n.Outage(discovery.Outage{Whose: "the catalogue", Why: errors.New("refused")})
	n.Outage(discovery.Outage{Whose: "the catalogue", Why: errors.New("403"), Denied: true})
	n.Outage(discovery.Outage{Whose: "the datacenter dc2", For: 2500 * time.Millisecond})
	said(t, n,
		"ejected|web|10.0.0.1:80|ejected for 1s: 5 requests failed (status), 20 were answered well; of those at 2 others 1.5 % failed; for the 2. time in a row",
		"ejected|web|10.0.0.2:80|it would be ejected: its trial failed (status); of those at 2 others 1.5 % failed",
		"returned|web|10.0.0.1:80|it gets requests again",
		"removal|web|i|kept in service: it accepts connections",
		"removal|web|i|removed: it is gone",
		"removal|web|i|listed again: the catalogue lists it",
		"catalogue|||the catalogue does not answer, the last view stays: refused",
		"catalogue|||the catalogue denies access, the last view stays: 403",
		"catalogue|||the datacenter dc2 answers again, after 2.5s")
}

func TestTablesAndRefusalsAreNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := NewNotices(), routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = n.Follow(ctx, s) })
		apply := func(list ...discovery.Instance) {
			synctest.Wait()
			s.Apply(fixture.Snapshot(list...))
			synctest.Wait()
		}
		a, bad := fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/"), fixture.Instance("web", "10.0.0.2", 80, "pointsman.route=a.io/ weight=<b>\n")
		apply(a)
		apply(a, bad)
		apply(a)
		apply(a, bad)
		cancel()
		running.Wait()
		got := texts(n)
		if len(got) != 4 || !strings.HasPrefix(got[0], "table|||") || got[1] != "table|web|web-10.0.0.2-80|1 instance removed" || got[2] != "table|web|web-10.0.0.2-80|1 instance added" ||
			!strings.HasPrefix(got[3], "refused|web|web-10.0.0.2-80|") || !strings.Contains(got[3], "weight") || strings.Contains(got[3], "\n") {
			t.Errorf("%q", got)
		}
		if list, _, _ := n.since(0, 10); len(list) == 4 && list[3].count != 2 {
			t.Errorf("%+v", list[3])
		}
	})
}

func TestCertificatesAreNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, now := NewNotices(), time.Now()
		day := func(d int) time.Time { return now.AddDate(0, 0, d) }
		list := []certs.Status{
			{Names: []string{"old.io", "b.io"}, Source: "old.crt", State: certs.StateInUse, NotAfter: day(30)},
			{Names: []string{"new.io"}, Source: "acme", State: certs.StateOrdering},
			{Source: "bad.crt", State: certs.StateUnusable, Fault: "no PEM"},
		}
		var present atomic.Pointer[[]certs.Status]
		present.Store(&list)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = n.FollowCertificates(ctx, func() []certs.Status { return *present.Load() }) })
		later := func(change func(old, acme *certs.Status)) {
			synctest.Wait()
			one := append([]certs.Status{}, *present.Load()...)
			change(&one[0], &one[1])
			present.Store(&one)
			time.Sleep(2 * certificatesEvery)
		}
		later(func(_, acme *certs.Status) { acme.Fault, acme.FaultAt = "no such host", time.Now() })
		later(func(_, acme *certs.Status) { acme.State, acme.NotAfter = certs.StateInUse, day(90) })
		later(func(_, acme *certs.Status) { acme.State = certs.StateOrdering })
		later(func(_, acme *certs.Status) { acme.State, acme.NotAfter = certs.StateInUse, day(180) })
		later(func(old, _ *certs.Status) { old.State = certs.StateExpired })
		cancel()
		running.Wait()
		said(t, n,
			"certificate|||no certificate for bad.crt: no PEM",
			"certificate|||no new certificate for new.io: no such host",
			"certificate|||a certificate for new.io is in use, valid until "+day(90).UTC().Format(time.DateOnly),
			"certificate|||the certificate for new.io was renewed, valid until "+day(180).UTC().Format(time.DateOnly),
			"certificate|||the certificate for old.io and 1 more has expired")
	})
}
