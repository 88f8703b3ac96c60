package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// AppendRequest appends the head that goes to x.Member: request line, Host, the client's fields but for those that end here, the
// forwarding fields of this hop, which no Connection field can remove, and the framing, which is ours and never the client's.
func (x *Exchange) AppendRequest(dst []byte) []byte {
	r, o := x.Request, &x.Member.Rule.Options
	dst = append(append(dst, r.Method...), ' ')
	if x.Target.Asterisk {
		dst = append(dst, '*')
	} else {
		dst = append(o.AppendPath(dst, x.Target.Path), x.Target.Query...)
	}
	dst = append(append(append(dst, " HTTP/1.1\r\nHost: "...), x.hostSent()...), "\r\n"...)
	changes := x.RequestChanges()
	for i := range r.Fields {
		f := &r.Fields[i]
		k := f.Known()
		if x.timeline != nil && x.timeline.withholds(f.Name) {
			continue
		}
		if changes.Drops(f.Name) || !toInstance(k, f.Name, &r.Connection) && (k != http1.OtherXForwarded || !x.Client.trusted) {
			continue
		}
		if k == http1.Expect && !r.Continue { // there is nothing to wait with (RFC 9110 section 10.1.1)
			continue
		}
		dst = append(append(dst, f.Name...), ": "...)
		dst = append(append(dst, f.Value...), "\r\n"...)
	}
	if r.Trailers {
		dst = append(dst, "TE: trailers\r\n"...)
	}
	switch {
	case r.WebSocket:
		dst = append(dst, "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	case r.Trailers:
		dst = append(dst, "Connection: TE\r\n"...)
	}
	if strip := o.Strip; strip != "" && strings.HasPrefix(x.Target.Path, strip) {
		dst = appendPrefix(dst, strip)
	}
	dst = x.appendFiltered(dst, changes)
	if x.timeline != nil {
		x.timeline.sent()
		dst = x.appendTraceparent(dst)
	}
	dst = x.appendVia(x.appendCertificate(dst))
	dst = x.Origin.appendTo(dst, x.Client, x.Target.Authority, x.protoSent())
	return append(x.appendRequestFraming(dst), "\r\n"...)
}

// protoSent is what X-Forwarded-Proto says: how the client came, unless the route says otherwise.
func (x *Exchange) protoSent() string {
	if f := x.filters(); f != nil && f.Proto != "" {
		return f.Proto
	}
	return x.Origin.proto
}

// appendPrefix tells the instance what was cut from the front of the path, behind what trusted proxies have cut before.
func appendPrefix(dst []byte, strip string) []byte {
	if strip = strings.TrimSuffix(strip, "/"); strip == "" {
		return dst
	}
	return append(append(append(dst, "X-Forwarded-Prefix: "...), strip...), "\r\n"...)
}

// appendRequestFraming appends what says how long the body is. A length of nothing that the client sent goes on, as a signature may
// cover it; where nothing was said, one is added for methods that have a body as a rule (RFC 9110 section 8.6).
func (x *Exchange) appendRequestFraming(dst []byte) []byte {
	f := x.Request.Framing
	if m := x.Request.Method; f.Kind == http1.None && (m == "POST" || m == "PUT" || m == "PATCH") {
		f.Kind = http1.Sized
	}
	dst = http1.AppendFraming(dst, f)
	if f.Kind == http1.Chunked {
		dst = appendTrailerNames(dst, x.Request.Fields)
	}
	return dst
}

// appendTrailerNames appends a Trailer field with the names that Trailer fields announce and that may stand behind a body.
func appendTrailerNames(dst []byte, in []Field) []byte {
	n := 0
	for i := range in {
		if in[i].Known() != http1.Trailer {
			continue
		}
		for list := in[i].Value; list != ""; {
			var name string
			if name, list = http1.NextToken(list); !http1.ValidToken(name) || !AllowedTrailer(name) {
				continue
			}
			if n++; n == 1 {
				dst = append(dst, "Trailer: "...)
			} else {
				dst = append(dst, ", "...)
			}
			dst = append(dst, name...)
		}
	}
	if n > 0 {
		dst = append(dst, "\r\n"...)
	}
	return dst
}
