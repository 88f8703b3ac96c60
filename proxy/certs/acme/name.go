package acme

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
)

// name is what is known of one that was ever wanted.
type name struct {
	text    string
	owners  []string
	wanted  bool
	refused string           // why no certificate is ordered; "" where one may be
	cert    *tls.Certificate // in use; nil before the first
	looked  bool             // the storage was asked
	busy    bool
	// unstored is a certificate in use, with its key, that could not be stored; nil without one
	unstored []byte
	backOff  backOff
	later    time.Time // no order before then, as there were too many
	fault    string    // of the last try; "" where it ended well
	faultAt  time.Time
}

// perOwner is how many names one container may have certificates for: more than an application has, few enough that a container that asks
// for name after name takes no other's turn.
const perOwner = 5

// renewAt is when a certificate is renewed: at two thirds of its lifetime, so that a CA of 90-day certificates may be down for a month.
func renewAt(c *tls.Certificate) time.Time {
	from, to := c.Leaf.NotBefore, c.Leaf.NotAfter
	return from.Add(to.Sub(from) / 3 * 2)
}

// dueAt is when a name is to be worked on.
func (c *Certificates) dueAt(n *name) time.Time {
	if n.unstored != nil {
		return c.storage.until
	}
	at := latest(n.backOff.until, n.later, c.ca.until, c.storage.until)
	if n.cert != nil {
		at = latest(at, renewAt(n.cert))
	}
	return at
}

func latest(list ...time.Time) (at time.Time) {
	for _, t := range list {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// urgency orders names that are due: those whose certificates expire first, then those without any.
func urgency(a, b *name) int {
	expiry := func(n *name) int64 {
		if n.cert == nil {
			return 1<<63 - 1
		}
		return n.cert.Leaf.NotAfter.Unix()
	}
	return cmp.Or(cmp.Compare(expiry(a), expiry(b)), cmp.Compare(a.text, b.text))
}

// pendingBefore is how long before a renewal is due another process may already be at it: their clocks differ.
const pendingBefore = 5 * time.Minute

// pending says whether a certificate for a name may be under way, here or in another process.
func (c *Certificates) pending(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.names[text]
	return n != nil && n.wanted && n.refused == "" && (n.cert == nil || !time.Now().Before(renewAt(n.cert).Add(-pendingBefore)))
}

// forget drops names that nobody wants and whose certificates are no longer of use.
func (c *Certificates) forget(now time.Time) {
	for text, n := range c.names {
		switch {
		case n.wanted || n.busy:
		case n.cert == nil && now.After(n.backOff.until): // a container that comes and goes waits all the same
			delete(c.names, text)
		case n.cert != nil && now.After(n.cert.Leaf.NotAfter):
			c.o.Adopt(map[string]*tls.Certificate{text: nil})
			delete(c.names, text)
		}
	}
}

// judge says for which wanted names nothing is ordered, and why. Names that have a certificate come first, so that a container's next name
// takes none of them away.
func (c *Certificates) judge() {
	of := map[string]int{}
	list := slices.SortedFunc(maps.Values(c.names), func(a, b *name) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.text, b.text))
	})
	for _, n := range list {
		if !n.wanted {
			continue
		}
		why := c.unfit(n.text)
		if why == "" && len(n.owners) > 0 {
			n.owners = slices.DeleteFunc(slices.Clone(n.owners), func(o string) bool { return of[o] >= perOwner })
			for _, o := range n.owners {
				of[o]++
			}
			if len(n.owners) == 0 {
				why = fmt.Sprintf("its container asks for more than %d names", perOwner)
			}
		}
		if why != "" && why != n.refused {
			c.o.Log.Warn().Str("name", n.text).Str("why", why).Msg("no certificate is ordered for a name that asks for one")
		}
		n.refused = why
	}
}

func rank(n *name) int {
	if n.cert != nil {
		return 0
	}
	return 1
}

// unfit says why no certificate can be ordered for a name, whoever asks; "" where one can.
func (c *Certificates) unfit(text string) string {
	switch {
	case !c.o.Allowed(text):
		return "it is not among -acme-hosts"
	case strings.HasPrefix(c.o.Directory, LetsEncrypt) || strings.HasPrefix(c.o.Directory, LetsEncryptStaging):
		if !certmagic.SubjectQualifiesForPublicCert(text) {
			return "a public CA has no certificates for such names"
		}
	}
	return ""
}
