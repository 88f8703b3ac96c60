package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Field is one header field as it stands in a head: the name in any case, the value without surrounding blanks.
type Field struct{ Name, Value string }

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
	var named Hops
	trailers := false
	for _, f := range in {
		switch {
		case strings.EqualFold(f.Name, "Connection"):
			named.Add(f.Value)
		case strings.EqualFold(f.Name, "TE"):
			trailers = trailers || HasToken(f.Value, "trailers")
		}
	}
	for _, f := range in {
		if dropRequestField(f.Name) || named.Has(f.Name) {
			continue
		}
		dst = append(dst, f)
	}
	if trailers {
		dst = append(dst, Field{"TE", "trailers"})
	}
	switch {
	case p.Upgrade:
		dst = append(dst, Field{"Connection", "Upgrade"}, Field{"Upgrade", "websocket"})
	case trailers:
		dst = append(dst, Field{"Connection", "TE"})
	}
	return p.Origin.append(dst)
}

// dropRequestField names what never goes on as it came, whatever Connection says. An underscore makes a name that CGI-like
// applications can't tell from the one with a hyphen; "Proxy" becomes HTTP_PROXY there.
func dropRequestField(name string) bool {
	if strings.IndexByte(name, '_') >= 0 || hopByHop(name) || forwarding(name) {
		return true
	}
	switch len(name) {
	case 4:
		return strings.EqualFold(name, "Host")
	case 5:
		return strings.EqualFold(name, "Proxy")
	case 14:
		return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "HTTP2-Settings")
	}
	return false
}

// hopByHop says whether a field belongs to one connection only.
func hopByHop(name string) bool {
	switch len(name) {
	case 2:
		return strings.EqualFold(name, "TE")
	case 7:
		return strings.EqualFold(name, "Upgrade")
	case 10:
		return strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive")
	case 16:
		return strings.EqualFold(name, "Proxy-Connection")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	}
	return false
}

// forwarding says whether a field claims something about earlier hops: such fields are rewritten, never copied.
func forwarding(name string) bool {
	const family = "x-forwarded-"
	if len(name) > len(family) && strings.EqualFold(name[:len(family)], family) {
		return true
	}
	return strings.EqualFold(name, "Forwarded") || strings.EqualFold(name, "X-Real-IP") || strings.EqualFold(name, "X-Request-ID")
}

// AppendResponseFields appends to dst what a client is to be sent of an upstream's fields, and returns it. Content-Length and
// Trailer are left to the writer of the answer, which knows how it frames it; Upgrade is kept only in the answer that switches.
func AppendResponseFields(dst, in []Field, switching bool) []Field {
	var named Hops
	for _, f := range in {
		if strings.EqualFold(f.Name, "Connection") {
			named.Add(f.Value)
		}
	}
	for _, f := range in {
		upgrade := switching && strings.EqualFold(f.Name, "Upgrade")
		if !upgrade && (hopByHop(f.Name) || named.Has(f.Name)) {
			continue
		}
		if strings.EqualFold(f.Name, "Content-Length") || strings.EqualFold(f.Name, "Trailer") {
			continue
		}
		dst = append(dst, f)
	}
	return dst
}

// AllowedTrailer says whether a field may stand behind a body: what frames, routes, authenticates or controls may not
// (RFC 9110 section 6.5.1), nor may what the header rules drop.
func AllowedTrailer(name string) bool {
	if dropRequestField(name) {
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

// What framing decides stands in http1; these are its words under the names they have here.

// Hops is the set of field names that Connection fields name.
type Hops = http1.Hops

// HasToken says whether a comma-separated list holds a token; see http1.HasToken.
func HasToken(list, token string) bool { return http1.HasToken(list, token) }

// ValidToken says whether s is a token; see http1.ValidToken.
func ValidToken(s string) bool { return http1.ValidToken(s) }

// ValidValue says whether s may stand as a field's value; see http1.ValidValue.
func ValidValue(s string) bool { return http1.ValidValue(s) }

// ValidAuthority says whether s is a host with an optional port; see http1.ValidAuthority.
func ValidAuthority(s string) bool { return http1.ValidAuthority(s) }
