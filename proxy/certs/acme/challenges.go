package acme

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

const (
	// lookUpEvery is the least time between two look-ups of one name in the storage, however many requests come.
	lookUpEvery = 500 * time.Millisecond
	// beforeAsked is waited between storing an answer and telling the CA to ask. It is longer than lookUpEvery, so that another process whose
	// look-up found nothing just before looks again when the CA asks it.
	beforeAsked = lookUpEvery + 250*time.Millisecond
	// lookUpTime bounds one look-up.
	lookUpTime = 3 * time.Second
	// foundTime is how long an answer that was looked up is given: longer than a CA asks.
	foundTime = time.Minute
)

// challenge is a question of the CA, with its answer.
type challenge struct {
	protocol.Challenge
	proof *tls.Certificate // of TLS-ALPN-01; nil for others
	until time.Time        // zero for one of our own orders
}

// challenges are those that are outstanding: our own, and those of other processes over the same storage that were looked up.
type challenges struct {
	storage certmagic.Storage
	issuer  string
	pending func(name string) bool

	mu      sync.Mutex
	own     map[string]challenge // by name: one of a name is outstanding at a time
	others  map[string]challenge
	lookUps map[string]*lookUp
}

// lookUp is the last one of a name.
type lookUp struct {
	began time.Time
	done  chan struct{}
}

func newChallenges(storage certmagic.Storage, issuer string, pending func(string) bool) *challenges {
	return &challenges{storage: storage, issuer: issuer, pending: pending, own: map[string]challenge{}, others: map[string]challenge{},
		lookUps: map[string]*lookUp{}}
}

// withProof makes the certificate that answers TLS-ALPN-01.
func withProof(p protocol.Challenge) (c challenge, err error) {
	c.Challenge = p
	if p.Type == protocol.ChallengeTypeTLSALPN01 {
		c.proof, err = acmez.TLSALPN01ChallengeCert(p)
	}
	return c, err
}

// known finds the outstanding challenge of a name in memory.
func (s *challenges) known(name string, fits func(challenge) bool) (c challenge, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok = s.own[name]; ok && fits(c) {
		return c, true
	}
	if c, ok = s.others[name]; ok && time.Now().Before(c.until) && fits(c) {
		return c, true
	}
	return challenge{}, false
}

// find is known, and where that finds nothing asks the storage: one look-up of a name at a time, and another one not before lookUpEvery.
func (s *challenges) find(ctx context.Context, name string, fits func(challenge) bool) (c challenge, ok bool) {
	came := time.Now()
	for {
		if c, ok = s.known(name, fits); ok || !s.pending(name) {
			return c, ok
		}
		s.mu.Lock()
		last := s.lookUps[name]
		if last == nil || time.Since(last.began) >= lookUpEvery && last.ended() {
			last = &lookUp{time.Now(), make(chan struct{})}
			s.lookUps[name] = last
			go s.lookUp(name, last)
		} else if last.ended() {
			s.mu.Unlock()
			return c, false
		}
		s.mu.Unlock()
		select {
		case <-last.done:
		case <-ctx.Done():
			return c, false
		}
		if !last.began.Before(came) || time.Since(last.began) < lookUpEvery {
			return s.known(name, fits)
		}
	}
}

func (l *lookUp) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (s *challenges) lookUp(name string, l *lookUp) {
	defer close(l.done)
	ctx, cancel := context.WithTimeout(context.Background(), lookUpTime)
	defer cancel()
	value, err := s.storage.Load(ctx, challengeKey(s.issuer, name))
	if err != nil {
		return // there is none, or the storage is away, which is told where certificates are read
	}
	var p protocol.Challenge
	if json.Unmarshal(value, &p) != nil || p.Identifier.Value != name {
		return
	}
	c, err := withProof(p)
	if err != nil {
		return
	}
	c.until = time.Now().Add(foundTime)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.others[name] = c
}

// tidy forgets what was looked up for names that are no longer pending.
func (s *challenges) tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range s.lookUps {
		if l.ended() && now.Sub(l.began) > foundTime {
			delete(s.lookUps, name)
			delete(s.others, name)
		}
	}
}

// Answer is what an HTTP-01 challenge of a host for a token is answered with (RFC 8555 section 8.3), where one is outstanding here. asks
// says that another process may have one: Find asks. It does not block.
func (c *Certificates) Answer(host, token string) (text string, ok, asks bool) {
	host = strings.ToLower(host)
	if found, ok := c.challenges.known(host, http01(token)); ok {
		return found.KeyAuthorization, true, false
	}
	return "", false, c.pending(host)
}

// Find is Answer, and asks the storage where a certificate for the host may be under way. It may block for some seconds.
func (c *Certificates) Find(host, token string) (text string, ok bool) {
	found, ok := c.challenges.find(context.Background(), strings.ToLower(host), http01(token))
	return found.KeyAuthorization, ok
}

func http01(token string) func(challenge) bool {
	return func(c challenge) bool { return c.Type == protocol.ChallengeTypeHTTP01 && c.Token == token }
}

// Guard is a listener's TLS that answers TLS-ALPN-01 challenges which are outstanding here or in another process (RFC 8737 section 3), and
// is otherwise what it was. The connection of such a handshake has nothing else on it: its protocol is Protocol.
func (c *Certificates) Guard(base *tls.Config) *tls.Config {
	out, next := base.Clone(), base.GetConfigForClient
	out.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmez.ACMETLS1Protocol {
			found, ok := c.challenges.find(hello.Context(), strings.ToLower(hello.ServerName), func(c challenge) bool { return c.proof != nil })
			if ok {
				return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{acmez.ACMETLS1Protocol}, Certificates: []tls.Certificate{*found.proof},
					SessionTicketsDisabled: true}, nil
			}
		}
		if next == nil {
			return nil, nil
		}
		return next(hello)
	}
	return out
}
