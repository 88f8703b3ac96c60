package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

const (
	// lookEvery is how often the files are looked at. Where there are so many that looking takes long, it is done less often: lookShare is
	// how many times what it took lies between two.
	lookEvery = time.Second
	lookShare = 200
	// goneAfter is how many looks in a row find a pair of the folder missing before it is dropped: programs that renew certificates may
	// remove the old file before they write the new one.
	goneAfter = 3
)

// Options say where the certificates of a Set are.
type Options struct {
	// Pairs are files that the operator names. The first one's certificate is the default.
	Pairs []Files
	// More are others that the operator names, see Name. A pair of them that can't be used is a line in the log.
	More []Files
	// Folder has more of them, see Folder; "" is none. Without Pairs its pair "default" is the default.
	Folder string
	// Alert refuses handshakes for names without a certificate (unrecognized_name, RFC 6066 section 3) instead of showing the default.
	Alert bool
	Log   zerolog.Logger
}

// Set is the certificates of many names. It follows their files: a pair that can't be used (half a file, a key that belongs to another
// certificate, one that has expired) leaves the last good one of these files in use, costs no other name anything, and is a line in the
// log. Make it with NewSet, and let Run run. It is safe for concurrent use.
type Set struct {
	o     Options
	index atomic.Pointer[index]

	mu      sync.Mutex // of what follows
	held    map[Files]*held
	more    []Files                     // see Name
	folder  []Files                     // as it was read last
	leaving []Files                     // pairs that are missing, but not for long enough
	fault   string                      // of the folder, as it was said last
	unnamed bool                        // it was said that there is no default
	adopted map[string]*tls.Certificate // see Adopt
}

// held is what is known of a pair of files.
type held struct {
	stamp    [2]fileStamp
	pair     *tls.Certificate // the last good one; nil before the first
	fault    string           // why the files can't be used; "" where they can
	reported bool             // the fault
	expired  bool             // the log says that the certificate in use has expired
	missing  int              // looks in a row
}

// NewSet reads all files. A pair of o.Pairs that can't be used, or a folder that can't be read, is an error; a bad pair in the folder is a
// line in the log.
func NewSet(o Options) (*Set, error) {
	s := &Set{o: o, more: o.More, held: map[Files]*held{}, adopted: map[string]*tls.Certificate{}}
	if o.Folder != "" {
		if _, err := list(o.Folder); err != nil {
			return nil, fmt.Errorf("read certificates: %w", err)
		}
	}
	s.refresh(true)
	for _, f := range o.Pairs {
		if h := s.held[f]; h.pair == nil {
			return nil, errors.New(h.fault)
		}
	}
	return s, nil
}

// Run follows the files until ctx ends. It always returns nil.
func (s *Set) Run(ctx context.Context) error {
	for {
		began := time.Now()
		s.refresh(false)
		wait := time.NewTimer(max(lookEvery, lookShare*time.Since(began)))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// Reload reads what has changed at once, and says whether any certificate is another one now. The error names the files that can't be used.
func (s *Set) Reload() (changed bool, err error) {
	changed = s.refresh(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := []error{}
	if s.fault != "" {
		faults = append(faults, errors.New(s.fault))
	}
	for _, f := range s.files() {
		if h := s.held[f]; h != nil && h.fault != "" {
			faults = append(faults, errors.New(h.fault))
		}
	}
	return changed, errors.Join(faults...)
}

// Names is how many names have a certificate of their own, patterns such as *.example.com among them.
func (s *Set) Names() int {
	i := s.index.Load()
	return len(i.exact) + len(i.below)
}

// refresh looks at all files and publishes what they hold now. sure is for an operator who asks: what can't be used is said at once, and
// what is missing is dropped.
func (s *Set) refresh(sure bool) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readFolder()
	files := s.files()
	changed = s.drop(files, sure)
	var stale []Files
	for _, f := range files {
		h := s.held[f]
		if h == nil {
			h = &held{}
			s.held[f] = h
		}
		h.missing = 0
		if stamp, err := f.stamp(); err != nil || stamp != h.stamp || h.fault != "" && !h.reported {
			stale = append(stale, f)
		}
	}
	for f, got := range loadAll(stale) {
		changed = s.take(f, got, sure) || changed
	}
	if changed || s.index.Load() == nil {
		s.publish(files)
	}
	s.tellExpired()
	return changed
}

// publish lets what is known now be chosen from.
func (s *Set) publish(files []Files) { s.index.Store(s.build(append(files, s.leaving...))) }

// Adopt adds certificates that come from no file, each under a name of the caller's that replaces the one before; nil takes it away. For
// which names it is chosen, a certificate says itself. None is the default.
func (s *Set) Adopt(list map[string]*tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range list {
		if c == nil {
			delete(s.adopted, name)
		} else {
			s.adopted[name] = c
		}
	}
	s.publish(s.files())
}

// Name has the Set follow these pairs in the place of Options.More. The first of them is the default where there are no Options.Pairs.
func (s *Set) Name(list []Files) {
	s.mu.Lock()
	s.more = slices.DeleteFunc(slices.Clone(list), func(f Files) bool { return slices.Contains(s.o.Pairs, f) })
	s.mu.Unlock()
	s.refresh(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish(s.files()) // in their order
}
