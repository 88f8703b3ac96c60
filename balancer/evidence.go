package balancer

import (
	"net/netip"
	"time"
)

// Reason is what an instance did to be ejected.
type Reason uint8

// The reasons.
const (
	ReasonStatus   Reason = iota // answered 502, 503 or 504
	ReasonClosed                 // closed the connection before an answer
	ReasonReset                  // reset it
	ReasonInvalid                // sent what is no answer
	ReasonTimeout                // sent nothing in time
	ReasonSilent                 // sent nothing for ten times its usual time, on any connection
	ReasonCut                    // broke the body of an answer off
	ReasonMaxFails               // failed as often as max-fails says
	reasons
)

// String is the value of a metric's label.
func (r Reason) String() string {
	return [...]string{"status", "closed", "reset", "invalid", "timeout", "silent", "cut", "max-fails"}[r]
}

// Failing is one failure of an instance, of which another instance has shown that the request was not to blame, or for which a client
// stands.
type Failing struct {
	Reason Reason
	// Sent is when the request was.
	Sent time.Time
	// Client stands for a failure that was not tried elsewhere; the zero value says that another instance then answered well.
	Client netip.Addr
	// Trial says that the request was the trial of an ejected instance.
	Trial bool
}

// The rules by which an instance is ejected.
const (
	// leastPairs is how many requests must have failed at it lately and then succeeded elsewhere: one or two may be chance.
	leastPairs = 3
	// pairShare is the least share that these are of what it was asked: below one in ten, trying again costs less than doing without it.
	pairShare = 0.1
	// leastClients is how many clients must have seen it fail where nothing could be tried elsewhere: each counts once, however often it
	// asks, so that none can choose who fails.
	leastClients = 5
	// clientShare is the least share that such failures are of what it was asked.
	clientShare = 0.5
)

// lately is how far back a failure counts: an instance is judged by what it does, not by what it did.
const lately = 30 * time.Second

// keptMarks is how many failures are remembered, of each kind.
const keptMarks = 32

// mark is one failure: when, and how many good answers the instance had given until then.
type mark struct {
	at, good int64
	client   netip.Addr
}

// marks are the last failures of one kind.
type marks struct {
	ring [keptMarks]mark
	n    int
}

func (m *marks) add(one mark) {
	m.ring[m.n%keptMarks] = one
	m.n++
}

// recent is what the marks say of the last half minute.
type recent struct {
	failed, clients int
	good            int64 // good answers since the first of these failures
	first           int64 // when that was
}

func (m *marks) recent(now, good int64) recent {
	r := recent{first: now}
	since := good
	var seen [leastClients]netip.Addr
	for _, one := range m.ring[:min(m.n, keptMarks)] {
		if now-one.at > int64(lately) {
			continue
		}
		r.failed++
		r.clients += distinct(&seen, r.clients, one.client)
		since, r.first = min(since, one.good), min(r.first, one.at)
	}
	r.good = good - since
	return r
}

// share is that of the failures.
func (r recent) share() float64 {
	if r.failed == 0 {
		return 0
	}
	return float64(r.failed) / float64(int64(r.failed)+r.good)
}

// distinct is 1 where a client is not among those seen, which it then joins while there is room.
func distinct(seen *[leastClients]netip.Addr, n int, client netip.Addr) int {
	for _, one := range seen[:min(n, leastClients)] {
		if one == client {
			return 0
		}
	}
	if n >= leastClients {
		return 0
	}
	seen[n] = client
	return 1
}

// evidence is what speaks against an instance; made when something first does.
type evidence struct{ pairs, alone marks }

// network is what counts as one client: an address, and with IPv6 the network of a household.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		const household = 64
		if p, err := a.WithZone("").Prefix(household); err == nil {
			return p.Addr()
		}
	}
	return a
}
