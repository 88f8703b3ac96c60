// Package names follows host names: it looks them up again when what DNS said has run out, and tells all of their addresses.
//
// Only a complete answer changes anything. An error keeps what was known; that there is no such name is believed after notFoundHold.
package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

const (
	// An answer counts for its TTL, within these bounds; one without (from /etc/hosts) for plainTTL.
	leastTTL, mostTTL = time.Second, 5 * time.Minute
	plainTTL          = 10 * time.Second
	// Errors back off from retryFirst, doubling, to retryLast.
	retryFirst, retryLast = time.Second, 30 * time.Second
	// notFoundHold is how long a name that DNS no longer knows keeps its addresses: a container that is replaced has none for a while.
	notFoundHold = 30 * time.Second
	// lookupLimit bounds one look-up, lookups how many there are at a time, maxAddresses what is used of an answer.
	lookupLimit  = 5 * time.Second
	lookups      = 8
	maxAddresses = 64
)

// Lookup asks for all addresses of a host, and tells how long they hold; 0 where that is not known. Addresses with an error are a part of
// them: nothing was found out about the family of which there is none.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, time.Duration, error)

// Resolver follows names. Make it with NewResolver; Follow may be called at any time from any goroutine, Run once.
type Resolver struct {
	lookup  Lookup
	publish func([]*discovery.Name)
	log     zerolog.Logger
	wake    chan struct{}
	slots   chan struct{}

	publishing sync.Mutex // held from making a list until it is told, so that no older one is told last

	mu    sync.Mutex
	hosts map[string]*host
}

// host is what is known of one.
type host struct {
	name     *discovery.Name // nil before the first look-up has ended
	due      time.Time
	asking   bool
	failures int       // in a row
	partial  bool      // the last answer was only a part
	missing  time.Time // since when DNS says that there is none; zero where it does not
}

// NewResolver makes one that has nothing to follow yet. publish gets all names whose first look-up has ended, sorted, each time that one
// of them has changed; it must not block. A nil lookup asks DNS as the system is set up to.
func NewResolver(lookup Lookup, publish func([]*discovery.Name), log zerolog.Logger) *Resolver {
	if lookup == nil {
		lookup = dns((&net.Dialer{}).DialContext)
	}
	return &Resolver{lookup: lookup, publish: publish, log: log, wake: make(chan struct{}, 1), slots: make(chan struct{}, lookups), hosts: map[string]*host{}}
}

// Follow says which names are to be followed, and no others.
func (r *Resolver) Follow(list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.hosts {
		if !slices.Contains(list, name) {
			delete(r.hosts, name)
		}
	}
	for _, name := range list {
		if r.hosts[name] == nil {
			r.hosts[name] = &host{}
		}
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run looks names up until ctx ends. It always returns nil.
func (r *Resolver) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-r.wake:
		}
		due, next := r.due(time.Now())
		for _, name := range due {
			running.Go(func() { r.ask(ctx, name) })
		}
		timer.Reset(next)
	}
}

// due takes the names whose time has come, and tells how long it is until the next one.
func (r *Resolver) due(now time.Time) (list []string, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next = mostTTL
	for name, h := range r.hosts {
		switch {
		case h.asking:
		case h.due.After(now):
			next = min(next, h.due.Sub(now))
		default:
			h.asking = true
			list = append(list, name)
		}
	}
	return list, next
}

// ask looks one name up, and takes the answer.
func (r *Resolver) ask(ctx context.Context, name string) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	limited, cancel := context.WithTimeout(ctx, lookupLimit)
	addresses, ttl, err := r.lookup(limited, name)
	cancel()
	<-r.slots
	if ctx.Err() != nil {
		return
	}
	if r.take(name, addresses, ttl, err, time.Now()) {
		r.publishing.Lock()
		r.publish(r.list())
		r.publishing.Unlock()
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// take notes how a look-up ended, and says whether that is news.
func (r *Resolver) take(name string, addresses []netip.Addr, ttl time.Duration, err error, now time.Time) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[name]
	if h == nil { // not followed any more
		return false
	}
	h.asking = false
	is := &discovery.Name{Host: name, Addresses: clean(addresses)}
	if err == nil && len(is.Addresses) == 0 {
		err = &net.DNSError{Err: "no address", Name: name, IsNotFound: true}
	}
	partial := err != nil && len(is.Addresses) > 0
	if err != nil && !partial {
		return r.failed(h, name, err, now)
	}
	if h.failures > 0 {
		r.log.Info().Str("host", name).Msg("the host name is resolved again")
	}
	if partial {
		is.Addresses = clean(append(is.Addresses, others(h.name, is.Addresses)...))
	}
	if partial && !h.partial {
		r.log.Warn().Err(err).Str("host", name).Msg("a host name was resolved in part; its other addresses stay as they are")
	}
	h.failures, h.missing, h.partial = 0, time.Time{}, partial
	if ttl == 0 {
		ttl = plainTTL
	}
	h.due = now.Add(min(max(ttl, leastTTL), mostTTL))
	changed = h.name == nil || !h.name.Equal(is)
	if changed {
		h.name = is
	}
	return changed
}

// others are the addresses that were known of the families of which a part of an answer has none.
func others(known *discovery.Name, part []netip.Addr) (out []netip.Addr) {
	if known == nil {
		return nil
	}
	for _, a := range known.Addresses {
		if !slices.ContainsFunc(part, func(b netip.Addr) bool { return a.Is4() == b.Is4() }) {
			out = append(out, a)
		}
	}
	return out
}

// failed notes an error. It changes nothing, but that a name which is none for long enough has no addresses any more.
func (r *Resolver) failed(h *host, name string, err error, now time.Time) (changed bool) {
	if h.failures++; h.failures == 1 {
		r.log.Warn().Err(err).Str("host", name).Msg("resolving a host name failed; its addresses stay as they are")
	}
	h.due = now.Add(min(retryFirst<<min(h.failures-1, 5), retryLast))
	var dnsError *net.DNSError
	if !errors.As(err, &dnsError) || !dnsError.IsNotFound {
		h.missing = time.Time{}
	} else if h.missing.IsZero() {
		h.missing = now
	}
	if h.name == nil || !h.missing.IsZero() && now.Sub(h.missing) >= notFoundHold && len(h.name.Addresses) > 0 {
		h.name = &discovery.Name{Host: name}
		return true
	}
	return false
}

// list is all names whose first look-up has ended.
func (r *Resolver) list() (out []*discovery.Name) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.hosts {
		if h.name != nil {
			out = append(out, h.name)
		}
	}
	slices.SortFunc(out, func(a, b *discovery.Name) int { return strings.Compare(a.Host, b.Host) })
	return out
}

// clean sorts addresses, each once.
func clean(list []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(list))
	for _, a := range list {
		out = append(out, a.Unmap().WithZone(""))
	}
	slices.SortFunc(out, netip.Addr.Compare)
	out = slices.Compact(out)
	return out[:min(len(out), maxAddresses)]
}
