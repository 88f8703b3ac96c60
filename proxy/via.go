package proxy

import (
	"math/rand/v2"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// viaPrefix begins the names under which a Pointsman stands in Via fields.
const viaPrefix = "pointsman-"

// maxPasses is how many routes of Pointsmen one request may have been on. Chains of a few exist; one that long is a loop that visits
// many routes, or many processes, before it comes to one of them again.
const maxPasses = 16

// newVia is a route's own name in Via fields (RFC 9110 section 7.6.3, a pseudonym). It is random and lives as long as the route, so that
// no other route and no other process has it, and it tells an instance nothing. It names the route and not the process, as a request may
// well come through the same proxy twice: an instance that asks another service through it, and passes on the fields that it was sent,
// makes no loop.
func newVia() string {
	var digits [16]byte
	spread(digits[:], rand.Uint64())
	return viaPrefix + string(digits[:])
}

// appendVia appends this hop's Via field. It stands behind those of the client, which have gone before it, so that together they are the
// list that the RFC asks for. Answers get none: a gateway may leave it out, and clients need not know.
func (x *Exchange) appendVia(dst []byte) []byte {
	const scheme = len("HTTP/")
	dst = append(append(dst, "Via: "...), x.proto()[scheme:]...)
	return append(append(append(dst, ' '), x.Route.via...), "\r\n"...)
}

// looped says whether the request has been on this route before, or on so many that it goes round. What Connection names counts, too.
func (x *Exchange) looped(r *Route) bool {
	passes := 0
	for i := range x.Request.Fields {
		f := &x.Request.Fields[i]
		if f.Known() != http1.Via {
			continue
		}
		if strings.Contains(f.Value, r.via) {
			return true
		}
		passes += strings.Count(f.Value, viaPrefix)
	}
	return passes >= maxPasses
}
