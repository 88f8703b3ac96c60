package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Field is one header field as it stands in a head: the name in any case, the value without surrounding blanks.
type Field = http1.Field

// set is a set of fields that rules know.
type set uint64

func (s set) has(k http1.Known) bool { return s>>k&1 != 0 }

const (
	// hopByHop are the fields that belong to one connection only (RFC 9110 section 7.6.1).
	hopByHop set = 1<<http1.Connection | 1<<http1.KeepAlive | 1<<http1.ProxyConnection | 1<<http1.TE | 1<<http1.TransferEncoding | 1<<http1.Upgrade
	// forwarding are the fields that claim something about earlier hops: they are rewritten, never copied.
	forwarding set = 1<<http1.XForwardedFor | 1<<http1.XForwardedProto | 1<<http1.XForwardedHost | 1<<http1.XForwardedPort | 1<<http1.OtherXForwarded | 1<<http1.Forwarded |
		1<<http1.XRealIP | 1<<http1.XRequestID
	// certificates are the fields that claim something about the client's certificate: only this proxy says it, whoever is trusted.
	certificates set = 1 << http1.ClientCertificate
	// keptFromInstances never go on as they came, whatever Connection says. An underscore makes a name that CGI-like applications
	// can't tell from the one with a hyphen; "Proxy" becomes HTTP_PROXY there. Who writes the request frames it.
	keptFromInstances = hopByHop | forwarding | certificates | 1<<http1.Underscored | 1<<http1.Host | 1<<http1.Proxy | 1<<http1.ContentLength |
		1<<http1.HTTP2Settings | 1<<http1.Trailer
	// keptFromClients never go on as they came; who writes the answer frames it.
	keptFromClients = hopByHop | 1<<http1.ContentLength | 1<<http1.Trailer
)

// toInstance says whether a request's field goes on as it came; named is what the request's Connection fields name.
func toInstance(k http1.Known, name string, named *http1.ConnectionOptions) bool {
	return !keptFromInstances.has(k) && (named.Len() == 0 || !named.Has(name))
}

// toClient says whether an answer's field goes on as it came; Upgrade does only in the answer that switches.
func toClient(k http1.Known, name string, named *http1.ConnectionOptions, switching bool) bool {
	if switching && k == http1.Upgrade {
		return true
	}
	return !keptFromClients.has(k) && (named.Len() == 0 || !named.Has(name))
}

// AllowedTrailer says whether a field may stand behind a body: what frames, routes, authenticates or controls may not
// (RFC 9110 section 6.5.1), nor may what the header rules drop.
func AllowedTrailer(name string) bool {
	if keptFromInstances.has(http1.NewField(name, "").Known()) {
		return false
	}
	switch strings.ToLower(name) {
	case "trailer", "content-encoding", "content-type", "content-range", "authorization", "www-authenticate",
		"proxy-authorization", "proxy-authenticate", "set-cookie", "cookie", "cache-control", "expect", "max-forwards",
		"pragma", "range", "age", "date", "expires", "location", "retry-after", "vary", "via", "if-match", "if-none-match",
		"if-modified-since", "if-unmodified-since", "if-range":
		return false
	}
	return true
}
