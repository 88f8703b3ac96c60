package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// maxPasses is how many routes of Pointsmen one request may have been on. Chains of a few exist; one that long is a loop that visits
// many routes, or many processes, before it comes to one of them again.
const maxPasses = 16

// appendVia appends this hop's Via field. It stands behind those of the client, which have gone before it, so that together they are the
// list that the RFC asks for. Answers get none: a gateway may leave it out, and clients need not know.
func (x *Exchange) appendVia(dst []byte) []byte {
	const scheme = len("HTTP/")
	dst = append(append(dst, "Via: "...), x.proto()[scheme:]...)
	return append(append(append(dst, ' '), x.Route.Via...), "\r\n"...)
}

// looped says whether the request has been on this route before, or on so many that it goes round. What Connection names counts, too.
func (x *Exchange) looped(r *routing.Route) bool {
	passes := 0
	for i := range x.Request.Fields {
		f := &x.Request.Fields[i]
		if f.Known() != http1.Via {
			continue
		}
		if strings.Contains(f.Value, r.Via) {
			return true
		}
		passes += strings.Count(f.Value, routing.ViaPrefix)
	}
	return passes >= maxPasses
}
