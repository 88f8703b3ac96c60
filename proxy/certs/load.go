package certs

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// loaded is what a pair of files held when it was read.
type loaded struct {
	stamp [2]fileStamp
	pair  *tls.Certificate
	err   error
}

// loadAll reads pairs side by side: checking an RSA key takes about a millisecond.
func loadAll(files []Files) map[Files]loaded {
	got := make([]loaded, len(files))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		all.Go(func() error {
			got[i].pair, got[i].stamp, got[i].err = f.load()
			return nil
		})
	}
	_ = all.Wait() // none fails
	out := make(map[Files]loaded, len(files))
	for i, f := range files {
		out[f] = got[i]
	}
	return out
}

// take is what becomes of a pair that was read. A fault is said when the files have looked the same twice: half of a pair may be on its way.
func (s *Set) take(f Files, got loaded, sure bool) (changed bool) {
	h := s.held[f]
	settled := got.stamp == h.stamp
	h.stamp = got.stamp
	err := got.err
	if err == nil && expired(got.pair, time.Now()) && h.pair != nil && !expired(h.pair, time.Now()) {
		err = fmt.Errorf("read certificate %s: it has expired at %s", f.Cert, got.pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if err != nil {
		if h.fault != err.Error() {
			h.fault, h.reported = err.Error(), false
		}
		if !h.reported && (settled || sure) {
			h.reported = true
			s.tellFault(h)
		}
		return false
	}
	h.fault, h.reported, h.expired = "", false, false
	if h.pair != nil && slices.EqualFunc(h.pair.Certificate, got.pair.Certificate, bytes.Equal) {
		return false
	}
	h.pair = got.pair
	if s.index.Load() != nil { // at the start there may be thousands
		s.o.Log.Info().Str("file", f.Cert).Strs("names", shown(got.pair)).Time("until", got.pair.Leaf.NotAfter).Msg("certificate read")
	}
	return true
}

func (s *Set) tellFault(h *held) {
	what := "a certificate can't be used: its names get another one, see -tls-unknown"
	if h.pair != nil {
		what = "a changed certificate can't be used, keeping the last one"
	}
	s.o.Log.Warn().Str("error", h.fault).Msg(what)
}

// tellExpired says once of each certificate in use that its time is over.
func (s *Set) tellExpired() {
	now := time.Now()
	for f, h := range s.held {
		if h.pair == nil || h.expired || !expired(h.pair, now) {
			continue
		}
		h.expired = true
		s.o.Log.Warn().Str("file", f.Cert).Strs("names", shown(h.pair)).Time("expired", h.pair.Leaf.NotAfter).
			Msg("a certificate has expired: clients refuse it; another one that covers its names is used where there is one")
	}
}

func expired(c *tls.Certificate, now time.Time) bool { return now.After(c.Leaf.NotAfter) }
