package admin

import (
	"context"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/proxy/certs"
)

// certificatesEvery is how often certificates are looked at: they come and go by the minute.
const certificatesEvery = 10 * time.Second

// FollowCertificates notes what becomes of certificates, until ctx ends: that one has come, was renewed, has expired or could not be had. It always
// returns nil. those are as in Options.
func (n *Notices) FollowCertificates(ctx context.Context, those func() []certs.Status) error {
	tick := time.NewTicker(certificatesEvery)
	defer tick.Stop()
	before, first := map[string]certs.Status{}, true
	for {
		now := map[string]certs.Status{}
		for _, s := range those() {
			key := s.Source + "\x00" + nameOf(&s)
			now[key] = s
			if text := became(before[key], s, first); text != "" {
				n.Add(Notice{Kind: NoticeCertificate, Text: text})
			}
		}
		before, first = now, false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// became is what is new about a certificate; "" where nothing is. first says that nothing is known of before.
func became(was, is certs.Status, first bool) string {
	name, until := nameOf(&is), ", valid until "+is.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case is.State == certs.StateInUse && is.NotAfter.Equal(was.NotAfter), first && is.State == certs.StateInUse:
	case is.State == certs.StateInUse && was.NotAfter.IsZero():
		return "a certificate for " + name + " is in use" + until
	case is.State == certs.StateInUse:
		return "the certificate for " + name + " was renewed" + until
	case is.State == certs.StateExpired && was.State != certs.StateExpired:
		return "the certificate for " + name + " has expired"
	case (is.State == certs.StateRefused || is.State == certs.StateUnusable) && was.State != is.State:
		return "no certificate for " + name + ": " + is.Fault
	}
	if is.FaultAt.After(was.FaultAt) {
		return "no new certificate for " + name + ": " + is.Fault
	}
	return ""
}

// nameOf is what a certificate is called: by its first name, or else by its file.
func nameOf(s *certs.Status) string {
	switch len(s.Names) {
	case 0:
		return s.Source
	case 1:
		return s.Names[0]
	}
	return s.Names[0] + " and " + strconv.Itoa(len(s.Names)-1) + " more"
}
