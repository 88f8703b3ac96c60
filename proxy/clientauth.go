package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Client certificates are asked for twice. The handshake asks for what the routes of the name want that the client says first, as no request
// is known yet; then each request is held to what its own route wants. The second alone decides who is let in.

// Authority says whose certificates are those of one set. It is safe for concurrent use.
type Authority interface {
	// Pool are the authorities now: another one when they have changed.
	Pool() *x509.CertPool
	// Admits says why who showed these certificates is not let in now, or nil.
	Admits(shown []*x509.Certificate) error
}

// ClientAuth is what routes, and listeners, want of clients' certificates. The zero value knows no authority, so that who wants one lets
// nobody in.
type ClientAuth struct {
	// Authorities are the sets by their names.
	Authorities map[string]Authority
	// Listeners are those TLS listeners, by name, that want a certificate of every client.
	Listeners map[string]dialect.ClientCA
}

// Handshake says what the handshake of a client asks for that wants to reach a name, "" where it says none, by a listener. Serve the
// connection with ClientAuth.Config, and tell the Client what came of it.
func (c *Shared) Handshake(listener, name string) routing.ClientAuth {
	t := c.Switch.Load()
	asks := t.ClientAuth(name, listener)
	if name == "" {
		asks = asks.Or(t.AddressClientAuth(listener))
	}
	return asks.And(c.ClientAuth.Listeners[listener])
}

// clientAuth is what is asked of those that want to reach a host.
func (c *Shared) clientAuth(t *routing.Table, listener, host string) routing.ClientAuth {
	return t.ClientAuth(host, listener).And(c.ClientAuth.Listeners[listener])
}

// Config is a listener's TLS for one handshake that asks so; nil is the listener's own. No session is resumed under it: a ticket tells of a
// certificate that was good once, and one of another name tells of none.
func (c *ClientAuth) Config(of *tls.Config, asks routing.ClientAuth) *tls.Config {
	names := asks.Names()
	if len(names) == 0 {
		return nil
	}
	one := of.Clone()
	one.GetConfigForClient, one.SessionTicketsDisabled = nil, true
	if len(names) == 1 {
		one.ClientAuth, one.ClientCAs = tls.VerifyClientCertIfGiven, c.pool(names[0])
		if asks.Required {
			one.ClientAuth = tls.RequireAndVerifyClientCert
		}
		return one
	}
	one.ClientAuth = tls.RequestClientCert // several sets are no single pool
	if asks.Required {
		one.ClientAuth = tls.RequireAnyClientCert
	}
	one.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || slices.ContainsFunc(names, func(name string) bool { return c.admits(name, s.PeerCertificates) == nil }) {
			return nil
		}
		return errNotAdmitted
	}
	return one
}

var errNotAdmitted = errors.New("the client's certificate is of none of the authorities that were asked for")

// pool are the authorities of a set; nobody where there is none of that name.
func (c *ClientAuth) pool(name string) *x509.CertPool {
	if a := c.Authorities[name]; a != nil {
		return a.Pool()
	}
	return x509.NewCertPool()
}

func (c *ClientAuth) admits(name string, shown []*x509.Certificate) error {
	if a := c.Authorities[name]; a != nil {
		return a.Admits(shown)
	}
	return errNotAdmitted
}

// admitConnection holds a request to what its route wants of the connection: Go on, or Reply.
func (x *Exchange) admitConnection(t *routing.Table) Action {
	a := x.Route.Policy.Admission
	x.certificate = certificateUnasked
	if a != nil && x.inPlainText() && (a.HTTPS || a.PreferHTTPS && x.scope.common.covers(x.Target.Authority)) {
		return x.toHTTPS()
	}
	var wants []dialect.ClientCA
	if a != nil {
		wants = a.ClientCAs
	}
	if x.Client.tls == nil {
		if len(wants) > 0 {
			return x.reply(OutcomeNoCertificate, "This route is served over HTTPS only, and to clients that show a certificate.")
		}
		return ActionContinue
	}
	return x.admitCertificate(t, wants)
}

// admitCertificate holds a request over TLS to what its listener and its route want.
func (x *Exchange) admitCertificate(t *routing.Table, wants []dialect.ClientCA) Action {
	c, common := x.Client.tls, x.scope.common
	if c.asked == (routing.ClientAuth{}) && !t.AsksForCertificates() {
		return ActionContinue
	}
	if !c.speaksFor(common, t, x.Client.Listener, x.Target.Authority) {
		return x.reply(OutcomeMisdirected, "")
	}
	do := x.admitBy(common.ClientAuth.Listeners[x.Client.Listener])
	for i := 0; i < len(wants) && do == ActionContinue; i++ {
		do = x.admitBy(wants[i])
	}
	return do
}

// admitBy holds a request to one set of authorities, if it is one.
func (x *Exchange) admitBy(want dialect.ClientCA) Action {
	c := x.Client.tls
	switch {
	case want.Name == "":
	case !c.asked.Asks(want.Name): // the route has come to want it since
		x.Ending = true
		return x.reply(OutcomeMisdirected, "")
	case c.admitted(&x.scope.common.ClientAuth, want.Name, x.begun):
		x.certificate = certificateVerified
	case !want.Optional:
		return x.reply(OutcomeNoCertificate, "")
	case x.certificate == certificateUnasked:
		x.certificate = certificateNone
	}
	return ActionContinue
}

// certificate is what an instance is told of the client's.
type certificate uint8

const (
	certificateUnasked  certificate = iota // nothing
	certificateNone                        // the route asks, and has let in a client without one
	certificateVerified                    // its subject
)

// certificateFields appends what the instance is told, in nginx's words: applications that were behind it know the values of its variables
// ssl_client_verify and ssl_client_s_dn, mostly by these names.
func (x *Exchange) certificateFields(dst []Field) []Field {
	switch x.certificate {
	case certificateNone:
		return append(dst, http1.NewField("X-SSL-Client-Verify", "NONE"))
	case certificateVerified:
		return append(dst, http1.NewField("X-SSL-Client-Verify", "SUCCESS"), http1.NewField("X-SSL-Client-S-DN", x.Client.tls.subject))
	}
	return dst
}

// appendCertificate is certificateFields in a head.
func (x *Exchange) appendCertificate(dst []byte) []byte {
	if x.certificate == certificateUnasked {
		return dst
	}
	var room [2]Field
	for _, f := range x.certificateFields(room[:0]) {
		dst = http1.AppendField(dst, f)
	}
	return dst
}
