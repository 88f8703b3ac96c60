package record

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// upstreams appends the instances that were asked, one after another, as nginx does.
func (w *lineWriter) upstreams(b []byte) []byte {
	a := w.access
	for i := 0; a.Details != nil && a.Upstream != ""; i++ {
		address, _, ok := a.Details.FailedUpstream(i)
		if !ok {
			break
		}
		b = append(append(b, address...), ", "...)
	}
	return append(b, a.Upstream...)
}

// upstreamStatus appends the status of each of them.
func (w *lineWriter) upstreamStatus(b []byte) []byte {
	a := w.access
	if a.Upstream == "" {
		return b
	}
	for i := 0; a.Details != nil; i++ {
		_, status, ok := a.Details.FailedUpstream(i)
		if !ok {
			break
		}
		b = append(appendStatus(b, status), ", "...)
	}
	switch {
	case a.UpstreamTime <= 0 && a.Outcome == "": // the client went away before
		return append(b, '-')
	case a.UpstreamStatus > 0:
		return appendStatus(b, a.UpstreamStatus)
	}
	return appendStatus(b, a.Status)
}

// upstreamTime is measure for what only an instance's answer has.
func (w *lineWriter) upstreamTime(b []byte, v variable) []byte {
	a := w.access
	switch {
	case a.UpstreamTime <= 0 || a.Outcome != "":
		return b
	case v == varUpstreamHeaderTime:
		return appendMillis(b, a.UpstreamTime.Milliseconds())
	}
	return appendMillis(b, a.UpstreamWhole.Milliseconds())
}

// appendMillis appends seconds with three digits behind the point, as nginx does.
func appendMillis(b []byte, millis int64) []byte {
	millis = max(0, millis)
	b = strconv.AppendInt(b, millis/1000, 10)
	millis %= 1000
	return append(b, '.', byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10))
}

// appendStatus appends three digits: a client that went away before an answer has 000.
func appendStatus(b []byte, n int) []byte {
	return append(b, byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
}

// request appends the request line.
func (w *lineWriter) request(b []byte) []byte {
	a := w.access
	if a.Method == "" { // a head that could not be read
		return b
	}
	b = append(w.escape(b, a.Method), ' ')
	b = append(w.escape(b, a.RequestTarget), ' ')
	return append(b, a.Proto...)
}

// host appends the host in lower case and without its port, as nginx has it.
func (w *lineWriter) host(b []byte) []byte {
	host := w.access.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	begin := len(b)
	b = w.escape(b, host)
	for i := begin; i < len(b); i++ {
		if c := b[i]; 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}

// headField appends a field of the request, or of the response; of several with the name all, in one list.
func (w *lineWriter) headField(b []byte, sent bool) []byte {
	if w.access.Details == nil {
		return b
	}
	separator := ", "
	if w.field == "cookie" && !sent {
		separator = "; "
	}
	begin := len(b)
	for i := 0; ; i++ {
		name, value, ok := w.access.Details.HeadField(i, sent)
		if !ok {
			return b
		}
		if !SameField(name, w.field) {
			continue
		}
		if len(b) > begin {
			b = append(b, separator...)
		}
		b = w.escape(b, value)
	}
}

// SameField says whether a field's name is what nginx's spelling means: in lower case, with underscores for hyphens.
func SameField(name, spelt string) bool {
	if len(name) != len(spelt) {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '-':
			c = '_'
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		}
		if c != spelt[i] {
			return false
		}
	}
	return true
}

// maxUser is how much of an Authorization field is looked at for a user's name.
const maxUser = 256

// remoteUser appends the user of basic authentication (RFC 7617), whether or not the route asks for one.
func (w *lineWriter) remoteUser(b []byte) []byte {
	if w.access.Details == nil {
		return b
	}
	for i := 0; ; i++ {
		name, value, ok := w.access.Details.HeadField(i, false)
		if !ok {
			return b
		}
		const scheme = "basic "
		if len(name) != len("authorization") || !strings.EqualFold(name, "authorization") || len(value) < len(scheme) ||
			!strings.EqualFold(value[:len(scheme)], scheme) {
			continue
		}
		var coded, plain [maxUser]byte
		n := copy(coded[:], strings.TrimSpace(value[len(scheme):]))
		n, _ = base64.StdEncoding.Decode(plain[:], coded[:n&^3]) // what is cut off is behind the name, or no name
		for end := range n {
			if plain[end] == ':' {
				return w.escapeBytes(b, plain[:end])
			}
		}
		return b
	}
}

// escape appends text as the format wants it.
func (w *lineWriter) escape(b []byte, s string) []byte {
	if w.json {
		return AppendJSON(b, s)
	}
	return appendEscaped(b, s)
}

func (w *lineWriter) escapeBytes(b, s []byte) []byte {
	for _, c := range s {
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			b = append(b, c)
			continue
		}
		one := [1]byte{c}
		b = w.escape(b, string(one[:]))
	}
	return b
}
