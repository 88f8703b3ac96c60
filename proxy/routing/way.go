package routing

import (
	"crypto/x509"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// wayKey says how options want an instance to be spoken to. The certificate must be for the name that they give, else for the host that they
// send.
func (o *Options) wayKey(of *dialect.Options) balancer.WayKey {
	key := balancer.WayKey{TLS: of.TLS, SkipVerify: of.TLSSkipVerify, ServerName: of.ServerName}
	if !of.TLS {
		return key
	}
	if key.ServerName == "" && !of.HostDst {
		key.ServerName = http1.HostOnly(of.Host)
	}
	if of.CA != "" {
		if key.Authorities = o.UpstreamCAs[of.CA]; key.Authorities == nil { // a name that was never read by env trusts nobody
			key.Authorities = nobody{}
		}
	}
	if of.ClientCert != "" {
		key.Certificate = o.UpstreamCerts[of.ClientCert]
	}
	return key
}

// nobody are no authorities: no certificate is of them.
type nobody struct{}

var emptyPool = x509.NewCertPool()

// Pool is empty.
func (nobody) Pool() *x509.CertPool { return emptyPool }

// namesIn are the names that a rule may call, as dialect.Env has them.
func namesIn[T any](of map[string]T) string {
	if len(of) == 0 {
		return dialect.NoNames
	}
	return strings.Join(slices.Sorted(maps.Keys(of)), ",")
}
