package acme

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

func question(kind, name, token string) protocol.Challenge {
	return protocol.Challenge{Type: kind, Token: token, KeyAuthorization: token + ".x", Identifier: protocol.Identifier{Type: "dns", Value: name}}
}

func TestChallengesAreAnsweredWhileTheyAreOutstanding(t *testing.T) {
	c, h, _ := newCertificates(t, nil)
	c.Want([]Wanted{{Name: "a.example"}})
	s := solver{c.challenges}
	if err := s.Present(t.Context(), question(protocol.ChallengeTypeHTTP01, "a.example", "t1")); err != nil {
		t.Fatal(err)
	}
	if text, ok, _ := c.Answer("A.Example", "t1"); !ok || text != "t1.x" {
		t.Errorf("%q %t", text, ok)
	}
	for _, x := range [][2]string{{"a.example", "t2"}, {"b.example", "t1"}, {"", ""}} {
		if text, ok, _ := c.Answer(x[0], x[1]); ok {
			t.Errorf("%v is answered with %q", x, text)
		}
	}
	if err := s.CleanUp(t.Context(), question(protocol.ChallengeTypeHTTP01, "a.example", "t1")); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := c.Answer("a.example", "t1"); ok {
		t.Error("answered afterwards")
	}
	if len(h.values) > 0 {
		t.Errorf("left behind: %v", h.values)
	}
}

// Two processes share a storage: what one presents, the other answers, and however many ask in vain, the storage is asked a few times.
func TestChallengesOfAnotherProcessAreLookedUpRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, h, _ := newCertificates(t, nil)
		other, _, _ := newCertificates(t, func(o *Options) { o.Storage = h })
		other.Want([]Wanted{{Name: "a.example"}})
		if _, ok, asks := other.Answer("b.example", "t"); ok || asks {
			t.Error("a name that nobody wants is asked for")
		}
		began := time.Now()
		for range 100 {
			var crowd sync.WaitGroup
			for range 100 {
				crowd.Go(func() {
					if _, ok := other.Find("a.example", "junk"); ok {
						t.Error("junk is answered")
					}
					if _, ok := other.Find("b.example", "junk"); ok {
						t.Error("junk is answered")
					}
				})
			}
			crowd.Wait()
			time.Sleep(10 * time.Millisecond)
		}
		if n, most := h.loads.Load(), int64(time.Since(began)/lookUpEvery)+1; n > most {
			t.Errorf("%d look-ups for 20,000 requests within %s, want %d at most", n, time.Since(began), most)
		}
		s := solver{one.challenges}
		q := question(protocol.ChallengeTypeHTTP01, "a.example", "t1")
		_, _ = other.Find("a.example", "t1") // just before
		if err := s.Present(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if text, ok := other.Find("a.example", "t1"); !ok || text != "t1.x" {
			t.Errorf("%q %t", text, ok)
		}
		before := h.loads.Load()
		if _, ok, _ := other.Answer("a.example", "t1"); !ok || h.loads.Load() != before {
			t.Error("not kept in memory")
		}
		time.Sleep(foundTime)
		if _, ok, _ := other.Answer("a.example", "t1"); ok {
			t.Error("still answered")
		}
	})
}

func TestTLSChallengesAreShownToWhoAsksForThem(t *testing.T) {
	c, _, _ := newCertificates(t, nil)
	if err := (solver{c.challenges}).Present(t.Context(), question(protocol.ChallengeTypeTLSALPN01, "a.example", "t1")); err != nil {
		t.Fatal(err)
	}
	base := &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	for _, x := range []struct {
		name   string
		protos []string
		ours   bool
	}{
		{"a.example", []string{acmez.ACMETLS1Protocol}, true},
		{"A.EXAMPLE", []string{acmez.ACMETLS1Protocol}, true},
		{"b.example", []string{acmez.ACMETLS1Protocol}, false},
		{"a.example", []string{acmez.ACMETLS1Protocol, "h2"}, false},
		{"a.example", []string{"h2"}, false},
		{"a.example", nil, false},
	} {
		got := make(chan *tls.Config, 1)
		guarded := c.Guard(base)
		find := guarded.GetConfigForClient
		guarded.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			config, err := find(hello)
			got <- config
			return config, err
		}
		near, far := net.Pipe()
		go func() {
			_ = tls.Client(near, &tls.Config{ServerName: x.name, NextProtos: x.protos, InsecureSkipVerify: true}).HandshakeContext(t.Context())
			near.Close()
		}()
		err := tls.Server(far, guarded).HandshakeContext(t.Context())
		far.Close()
		config := <-got
		if (config != nil) != x.ours || (err == nil) != x.ours {
			t.Errorf("%s %v: %v, %v", x.name, x.protos, config, err)
		}
	}
}

func TestAStorageThatIsAwayHoldsNoChallengeUpForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h, _ := newCertificates(t, nil)
		h.fails(fmt.Errorf("the disk is full"))
		c.Want([]Wanted{{Name: "a.example"}})
		began := time.Now()
		if _, ok := c.Find("a.example", "t"); ok || time.Since(began) > lookUpTime {
			t.Errorf("%t after %s", ok, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := (solver{c.challenges}).Present(ctx, question(protocol.ChallengeTypeHTTP01, "a.example", "t")); err == nil {
			t.Error("no error")
		}
	})
}
