package admin

import (
	"net/http"
	"time"

	"github.com/pointsman/pointsman/proxy/certs"
)

// certificatesView is all certificates, those of files first.
type certificatesView struct {
	Count        int               `json:"count"`
	Certificates []certificateView `json:"certificates"`
}

// certificateView is one that there is, or one that is wanted.
type certificateView struct {
	Names     []string   `json:"names"`
	Source    string     `json:"source"` // a file, or acme
	State     string     `json:"state"`
	Issuer    string     `json:"issuer,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	NotAfter  *time.Time `json:"not_after,omitempty"`
	Next      *time.Time `json:"next,omitempty"` // order or renewal
	Failures  int        `json:"failures,omitempty"`
	Reason    string     `json:"reason,omitempty"` // of the last failure, or why nothing is ordered
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}

func (o *Options) certificates(w http.ResponseWriter, r *http.Request) {
	answer(w, r, viewCertificates(o.Certificates()))
}

func viewCertificates(list []certs.Status) certificatesView {
	view := certificatesView{Count: len(list), Certificates: make([]certificateView, 0, len(list))}
	for _, s := range list {
		names := s.Names
		if names == nil {
			names = []string{}
		}
		view.Certificates = append(view.Certificates, certificateView{Names: names, Source: s.Source, State: string(s.State), Issuer: s.Issuer,
			NotBefore: moment(s.NotBefore), NotAfter: moment(s.NotAfter), Next: moment(s.Next), Failures: s.Failures, Reason: clip(s.Fault),
			FailedAt: moment(s.FaultAt)})
	}
	return view
}

// moment is a time; nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
