package proxy

import (
	"net/netip"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// asked is what of a request the choice of its instance hangs on: the hash of its key, and the instance that its cookie names; 0 for none.
type asked struct{ key, sticky uint64 }

// askedOf looks at the request where its route says so.
func (x *Exchange) askedOf(b *routing.Balance) (a asked) {
	if b.Key != 0 {
		a.key = keyOf(b, x.Request.Fields, x.Origin.Client, &x.Target)
	}
	if b.Cookies != nil {
		a.sticky = stickyOf(b, x.Request.Fields)
	}
	return a
}

// stickyOf is the instance that a cookie of the route names; 0 for none.
func stickyOf(b *routing.Balance, fields []Field) uint64 {
	for _, name := range b.Cookies.Names {
		if sticky := routing.ParseCookie(http1.Cookie(fields, name)); sticky != 0 {
			return sticky
		}
	}
	return 0
}

// keyOf is the hash of what the route balances by; 0 where the request has none of it. The same hash in every process, and for a long time.
func keyOf(b *routing.Balance, fields []Field, client netip.Addr, target *RequestTarget) uint64 {
	text := ""
	switch b.Key {
	case dialect.KeyClientIP:
		addr := client.As16()
		return max(1, xxhash.Sum64(addr[:]))
	case dialect.KeyPath:
		text = target.Path
	case dialect.KeyHeader:
		if text = fieldValue(fields, b.KeyName); b.KeyName == "host" {
			text = target.Authority
		}
	case dialect.KeyCookie:
		text = http1.Cookie(fields, b.KeyName)
	case dialect.KeyQuery:
		text = http1.Parameter(target.Query, b.KeyName)
	}
	if text == "" {
		return 0
	}
	return max(1, xxhash.Sum64String(text))
}

// fieldValue is the value of the first field of a name, given in lower case.
func fieldValue(in []Field, name string) string {
	for i := range in {
		if f := &in[i]; len(f.Name) == len(name) && strings.EqualFold(f.Name, name) && f.Value != "" {
			return f.Value
		}
	}
	return ""
}

// newCookie says whether the answer names the instance to its client: where the route is sticky, and the client names neither that one nor one
// that is only away, for which that one stands in.
func (x *Exchange) newCookie() bool {
	return x.Member != nil && x.Outcome == OutcomeForwarded && x.Member.Sticky != x.asked.sticky && x.Member.Cookie != "" && !x.Route.Has(x.asked.sticky)
}

// appendCookie appends the value of Set-Cookie (RFC 6265 section 4.1): for the whole host, for no script, not for other sites' requests
// but where they lead here, and over TLS for that alone.
func (x *Exchange) appendCookie(dst []byte) []byte {
	dst = append(append(dst, x.Member.Cookie...), "; Path=/; HttpOnly; SameSite=Lax"...)
	if x.Origin.proto == "https" {
		dst = append(dst, "; Secure"...)
	}
	return dst
}
