package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Field is one header field as it stands in a head: the name in any case, the value without surrounding blanks.
type Field = http1.Field

// Passage says how a request enters: what the header rules need to know of it beyond its fields.
type Passage struct {
	// Origin is who sent it, and how; see Forwarder.Origin.
	Origin Origin
	// Upgrade says that the request asks for a websocket, the only protocol that may upgrade.
	Upgrade bool
}

// AppendRequestFields appends to dst what an upstream is to be sent of a client's fields, and returns it: hop-by-hop fields go
// first (RFC 9110 section 7.6.1), names that could pass for others go, then the forwarding fields of this hop are added, so that
// no Connection field can remove them. Host, Content-Length and Transfer-Encoding are never copied: who writes the request frames it.
func AppendRequestFields(dst, in []Field, p Passage) []Field {
	var named http1.Hops
	trailers := false
	for _, f := range in {
		switch f.Known() {
		case http1.Connection:
			named.Add(f.Value)
		case http1.TE:
			trailers = trailers || http1.HasToken(f.Value, "trailers")
		}
	}
	for i := range in {
		if toInstance(in[i].Known(), in[i].Name, &named) {
			dst = append(dst, in[i])
		}
	}
	if trailers {
		dst = append(dst, Field{Name: "TE", Value: "trailers"})
	}
	switch {
	case p.Upgrade:
		dst = append(dst, Field{Name: "Connection", Value: "Upgrade"}, Field{Name: "Upgrade", Value: "websocket"})
	case trailers:
		dst = append(dst, Field{Name: "Connection", Value: "TE"})
	}
	return p.Origin.append(dst)
}

// set is a set of fields that rules know.
type set uint64

func (s set) has(k http1.Known) bool { return s>>k&1 != 0 }

const (
	// hopByHop are the fields that belong to one connection only (RFC 9110 section 7.6.1).
	hopByHop set = 1<<http1.Connection | 1<<http1.KeepAlive | 1<<http1.ProxyConnection | 1<<http1.TE | 1<<http1.TransferEncoding | 1<<http1.Upgrade
	// forwarding are the fields that claim something about earlier hops: they are rewritten, never copied.
	forwarding set = 1<<http1.XForwardedFor | 1<<http1.XForwardedProto | 1<<http1.XForwardedHost | 1<<http1.OtherXForwarded | 1<<http1.Forwarded |
		1<<http1.XRealIP | 1<<http1.XRequestID
	// keptFromInstances never go on as they came, whatever Connection says. An underscore makes a name that CGI-like applications
	// can't tell from the one with a hyphen; "Proxy" becomes HTTP_PROXY there. Who writes the request frames it.
	keptFromInstances = hopByHop | forwarding | 1<<http1.Underscored | 1<<http1.Host | 1<<http1.Proxy | 1<<http1.ContentLength |
		1<<http1.HTTP2Settings | 1<<http1.Trailer
	// keptFromClients never go on as they came; who writes the answer frames it.
	keptFromClients = hopByHop | 1<<http1.ContentLength | 1<<http1.Trailer
)

// toInstance says whether a request's field goes on as it came; named is what the request's Connection fields name.
func toInstance(k http1.Known, name string, named *http1.Hops) bool {
	return !keptFromInstances.has(k) && (named.Len() == 0 || !named.Has(name))
}

// toClient says whether an answer's field goes on as it came; Upgrade does only in the answer that switches.
func toClient(k http1.Known, name string, named *http1.Hops, switching bool) bool {
	if switching && k == http1.Upgrade {
		return true
	}
	return !keptFromClients.has(k) && (named.Len() == 0 || !named.Has(name))
}

// AppendResponseFields appends to dst what a client is to be sent of an upstream's fields, and returns it. Content-Length and
// Trailer are left to the writer of the answer, which knows how it frames it; Upgrade is kept only in the answer that switches.
func AppendResponseFields(dst, in []Field, switching bool) []Field {
	var named http1.Hops
	for _, f := range in {
		if f.Known() == http1.Connection {
			named.Add(f.Value)
		}
	}
	for i := range in {
		if toClient(in[i].Known(), in[i].Name, &named, switching) {
			dst = append(dst, in[i])
		}
	}
	return dst
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
		"pragma", "range", "age", "date", "expires", "location", "retry-after", "vary", "if-match", "if-none-match",
		"if-modified-since", "if-unmodified-since", "if-range":
		return false
	}
	return true
}

// HasToken says whether a comma-separated list holds a token, in any case; parameters behind a semicolon are not looked at.
func HasToken(list, token string) bool { return http1.HasToken(list, token) }

// ValidToken says whether s is a token (RFC 9110 section 5.6.2): what a method and a field name are made of.
func ValidToken(s string) bool { return http1.ValidToken(s) }

// ValidValue says whether s may stand as a field's value: no control but the tab (RFC 9110 section 5.5).
func ValidValue(s string) bool { return http1.ValidValue(s) }
