package balancer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What is learnt over one way says nothing about another; load and life are the instance's.
func TestWaysLearnForThemselves(t *testing.T) {
	u := NewUpstream("s", "a.test:80")
	plain, secure := u.Way(WayKey{}), u.Way(WayKey{TLS: true})
	later := time.Now().Add(time.Hour) // nothing lapses meanwhile
	secure.ObserveHandshake(later)
	if !plain.Usable() || secure.Usable() || !u.Usable() {
		t.Errorf("after a failed handshake: plain usable %v, TLS usable %v, instance usable %v", plain.Usable(), secure.Usable(), u.Usable())
	}
	if _, _, all := u.Ejected(); all {
		t.Error("the instance counts as ejected, and one way is not")
	}
	if !plain.ObserveAnswer(0, time.Millisecond) || secure.Usable() || secure.Answered() || !u.Answered() {
		t.Error("an answer over one way is one over the other")
	}
	if secure.ObserveAnswer(0, time.Millisecond) || !secure.Usable() {
		t.Error("the instance's first answer is counted twice, or the way's own answer does not bring it back")
	}
	for range brokenLimit {
		plain.ObserveBroken(later)
	}
	plain.ObserveKeep(true, later)
	plain.ObserveKeep(false, later)
	if plain.Usable() || !plain.Leaving() || !secure.Usable() || secure.Leaving() {
		t.Error("what was broken, or leaves, is not the way that it was seen on")
	}
	if u.Acquire(3); u.InFlight() != 1 || u.Latency() != time.Millisecond {
		t.Errorf("%d in flight, %v", u.InFlight(), u.Latency())
	}
}

func TestWayIsOnePerKey(t *testing.T) {
	u := NewUpstream("s", "a.test:80")
	plain, named := u.Way(WayKey{}), u.Way(WayKey{TLS: true, ServerName: "n.test"})
	if u.Way(WayKey{ServerName: "n.test", SkipVerify: true}) != plain || u.Way(WayKey{TLS: true, ServerName: "n.test"}) != named || u.Way(WayKey{TLS: true}) == named {
		t.Error("ways are not told apart by what matters")
	}
	if plain.TLS() != nil || named.TLS().ServerName != "n.test" || u.Way(WayKey{TLS: true}).TLS().ServerName != "a.test" || !u.Way(WayKey{TLS: true, SkipVerify: true}).TLS().InsecureSkipVerify {
		t.Error("a handshake is not made as the key says")
	}
	ended := 0
	plain.AfterRetire(func() { ended++ })
	named.AfterRetire(func() { ended += 10 })
	named.Retire()
	if ended != 10 || plain.Retired() || u.Way(WayKey{TLS: true, ServerName: "n.test"}) == named {
		t.Errorf("one way's end: %d ended, plain retired %v", ended, plain.Retired())
	}
	u.Retire()
	if ended != 11 || !plain.Retired() || !u.Way(WayKey{}).Retired() || u.Usable() {
		t.Errorf("the instance's end: %d ended, its ways retired %v", ended, plain.Retired())
	}
}

type (
	madePool struct{ pool *x509.CertPool }
	madePair struct{ pair *tls.Certificate }
)

func (m *madePool) Pool() *x509.CertPool      { return m.pool }
func (m *madePair) Present() *tls.Certificate { return m.pair }

// What is trusted and shown tells ways apart, and changes their handshakes when it changes.
func TestWaysAreToldApartByIdentity(t *testing.T) {
	u := NewUpstream("s", "a.test:443")
	a, b := &madePool{x509.NewCertPool()}, &madePool{x509.NewCertPool()}
	mine := &madePair{&tls.Certificate{}}
	keys := []WayKey{{TLS: true}, {TLS: true, SkipVerify: true}, {TLS: true, Authorities: a}, {TLS: true, Authorities: b}, {TLS: true, Authorities: a, Certificate: mine},
		{TLS: true, Authorities: a, Certificate: &madePair{&tls.Certificate{}}}}
	ways := map[*Way]bool{}
	for _, k := range keys {
		ways[u.Way(k)] = true
	}
	if len(ways) != len(keys) {
		t.Errorf("%d ways of %d keys", len(ways), len(keys))
	}
	w := u.Way(keys[4])
	before := w.TLS()
	if before != w.TLS() || before.RootCAs != a.pool || before.GetClientCertificate == nil || u.Way(keys[2]).TLS().GetClientCertificate != nil {
		t.Error("a handshake is not made as the key says")
	}
	a.pool = x509.NewCertPool()
	second := w.TLS()
	mine.pair = &tls.Certificate{}
	third := w.TLS()
	if second == before || second.RootCAs != a.pool || third == second || third.ServerName != "a.test" {
		t.Error("a change is not followed")
	}
	if shown, _ := third.GetClientCertificate(nil); shown != mine.pair {
		t.Error("another certificate is shown")
	}
}

// An instance that accepts and can't make a handshake is not brought back by its accepting.
func TestHandshakeAloneBringsAWayOverTLSBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		r := NewReviver(func(context.Context, string) (net.Conn, error) {
			dials.Add(1)
			return &fakeConn{}, nil // it ends at once
		})
		defer running(t, r)()
		u := r.NewUpstream("s", "a.test:80")
		secure := u.Way(WayKey{TLS: true})
		secure.ObserveHandshake(time.Now())
		for range 100 {
			time.Sleep(10 * time.Millisecond)
			if secure.Usable() {
				t.Fatal("back without a handshake")
			}
		}
		if n := dials.Load(); n < 5 {
			t.Errorf("tried %d times", n)
		}
	})
}

// One that does not do what is asked of it is not hammered with handshakes, as one that starts is with connects; one that closes may be
// starting.
func TestHandshakesAreTriedSeldom(t *testing.T) {
	now := time.Now()
	w := NewUpstream("s", "a.test:80").Way(WayKey{TLS: true})
	for _, c := range []struct {
		fault fault
		want  time.Duration
	}{{faultHandshake, firstKnown}, {faultHandshake, 2 * firstKnown}, {faultClosed, firstStart}, {faultRefused, firstStart}} {
		w.failed(now, c.fault)
		if until, _, _ := w.Ejected(); until.Sub(now) != c.want {
			t.Errorf("%+v: ejected for %v", c, until.Sub(now))
		}
	}
	if !HandshakeCut(fmt.Errorf("handshake: %w", io.EOF)) || HandshakeCut(context.DeadlineExceeded) {
		t.Error("a handshake's end is not told from its failure")
	}
}
