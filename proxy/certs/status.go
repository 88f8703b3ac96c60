package certs

import (
	"crypto/tls"
	"time"
)

// Status is a certificate that there is, or one that is wanted, for people.
type Status struct {
	// Names are those that it is for.
	Names []string
	// Source is where it comes from: a file's name, or "acme".
	Source string
	State  State
	// Issuer is who signed it; "" where there is none yet.
	Issuer string
	// NotBefore and NotAfter are its lifetime; zero where there is none yet.
	NotBefore, NotAfter time.Time
	// Next is when a certificate is ordered or renewed; zero where nothing is planned.
	Next time.Time
	// Failures are those in a row; Fault is the last one, or why nothing is done, and FaultAt when that was. Zero where there is none.
	Failures int
	Fault    string
	FaultAt  time.Time
}

// State is what a certificate is doing.
type State string

const (
	StateInUse    State = "in-use"   // chosen for its names
	StateExpired  State = "expired"  // chosen only where there is no other
	StateOrdering State = "ordering" // on its way; another one is shown meanwhile
	StateWaiting  State = "waiting"  // to be ordered, and not yet, see Next
	StateRefused  State = "refused"  // asked for, and not ordered, see Fault
	StateUnusable State = "unusable" // files that have never been good
)

// Describe fills in what a certificate says itself.
func (s *Status) Describe(c *tls.Certificate, now time.Time) {
	s.NotBefore, s.NotAfter, s.Issuer = c.Leaf.NotBefore, c.Leaf.NotAfter, c.Leaf.Issuer.String()
	s.State = StateInUse
	if expired(c, now) {
		s.State = StateExpired
	}
}

// Statuses are those of the files, in the order in which they are looked at.
func (s *Set) Statuses() (out []Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, f := range s.files() {
		h := s.held[f]
		if h == nil {
			continue
		}
		one := Status{Source: f.Cert, State: StateUnusable, Fault: h.fault}
		if h.pair != nil {
			one.Describe(h.pair, now)
			one.Names = shown(h.pair)
		}
		out = append(out, one)
	}
	return out
}
