package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// clientTLS is what a client's handshake has shown. Requests of HTTP/2 use it side by side.
type clientTLS struct {
	name    string // that the client wanted to reach, see routing.HostName; "" where it said none
	asked   routing.ClientAuth
	shown   []*x509.Certificate
	subject string // of the first, for a header field
	legible bool   // the subject; a certificate without a legible one is good for nothing

	mu       sync.Mutex
	judged   map[string]judgement // by set of authorities
	compared comparison
}

// judgement says whether a set of authorities admits the client, as it was found then.
type judgement struct {
	pool *x509.CertPool
	at   time.Time
	ok   bool
}

// comparison says whether a host asks of clients what the name does which the client wanted to reach.
type comparison struct {
	table *routing.Table
	host  string
	same  bool
}

// judgedFor is how long a judgement holds where the authorities stay: a certificate's time may be over.
const judgedFor = time.Second

// SetTLS tells what came of a TLS handshake that asked so. It comes before the first request.
func (c *Client) SetTLS(state tls.ConnectionState, asked routing.ClientAuth) {
	c.tls = &clientTLS{name: routing.HostName(state.ServerName), asked: asked, shown: state.PeerCertificates}
	if len(c.tls.shown) > 0 {
		c.tls.subject, c.tls.legible = subjectOf(c.tls.shown[0])
	}
}

// speaksFor says whether the connection may carry requests for a host: it is the name for which the handshake was made, or one that asks of
// clients what that name does (RFC 9110 section 7.4, RFC 9113 section 9.1.1). A handshake without a name is for any IP address.
func (c *clientTLS) speaksFor(common *Shared, t *routing.Table, listener, authority string) bool {
	host := routing.HostName(http1.HostOnly(authority))
	if host == c.name || c.name == "" && routing.IsAddress(host) { // what was shown is judged, see admitBy
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.compared.table != t || c.compared.host != host {
		c.compared = comparison{t, string([]byte(host)), common.clientAuth(t, listener, host) == common.clientAuth(t, listener, c.name)}
	}
	return c.compared.same
}

// admitted says whether a set of authorities admits the client now.
func (c *clientTLS) admitted(a *ClientAuth, name string, now time.Time) bool {
	if !c.legible {
		return false
	}
	pool := a.pool(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if j, ok := c.judged[name]; ok && j.pool == pool && now.Sub(j.at) < judgedFor {
		return j.ok
	}
	if c.judged == nil {
		c.judged = map[string]judgement{}
	}
	j := judgement{pool, now, a.admits(name, c.shown) == nil}
	c.judged[name] = j
	return j.ok
}

// maxSubject bounds a subject: it goes into each request.
const maxSubject = 2 << 10

// subjectOf is a certificate's subject as RFC 4514 writes it, in visible ASCII: what is none stands as \XX (section 2.4). It may be
// empty; ok is false where it can't be read or is too long.
func subjectOf(c *x509.Certificate) (text string, ok bool) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &name); err != nil || len(rest) > 0 {
		return "", false
	}
	text = name.String()
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if b := text[i]; b < ' ' || b >= 0x7f {
			out = append(out, '\\', hex[b>>4], hex[b&15])
		} else {
			out = append(out, b)
		}
	}
	if len(out) > maxSubject {
		return "", false
	}
	return string(out), true
}
