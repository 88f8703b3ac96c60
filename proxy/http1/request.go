package http1

import "unsafe"

// Request is a request's head, and what follows from it. Its strings are views into the bytes that were parsed.
type Request struct {
	Method string
	// Target is as sent, of visible ASCII; its form is not judged here.
	Target string
	// Host is the one Host field's value, a host with an optional port; "" only on HTTP/1.0 without one.
	Host string
	// Minor is the version: HTTP/1.Minor.
	Minor int
	// Fields are all fields in order, Host included. The slice is used again by the next Parse.
	Fields  []Field
	Framing Framing
	// Close says that the connection ends after this message.
	Close bool
	// Continue says that the client waits for 100 Continue before it sends its body.
	Continue bool
	// WebSocket says that the request asks to become a websocket.
	WebSocket bool
	// Trailers says that the client takes trailers in the answer.
	Trailers bool
	// ConnectionOptions is what Connection fields name.
	Connection ConnectionOptions
}

// Parse reads a whole head as Head.Find measures it. It fails with a *Error; r then holds what was read so far. head must not
// change for as long as r's strings are used.
func (r *Request) Parse(head []byte, l Limits) error {
	r.reset()
	return r.parse(head, l).inRequest()
}

// reset is done one by one: copying a Request as a whole, with its options, takes as long as a field.
func (r *Request) reset() {
	r.Method, r.Target, r.Host = "", "", ""
	r.Minor, r.Fields, r.Framing = 0, r.Fields[:0], Framing{}
	r.Close, r.Continue, r.WebSocket, r.Trailers = false, false, false, false
	r.Connection.reset()
}

func (r *Request) parse(head []byte, l Limits) fault {
	if l.HeadBytes > 0 && len(head) > l.HeadBytes {
		return tooLarge
	}
	text := unsafe.String(unsafe.SliceData(head), len(head))
	i, f := r.line(head, text)
	if f != fine {
		return f
	}
	if r.Fields, f = appendFields(r.Fields, head, text, i, l.Fields); f != fine {
		return f
	}
	return r.judge()
}

// line reads token SP target SP HTTP/1.[01] CRLF with exactly one blank each (RFC 9112 section 3), and returns where the fields begin.
func (r *Request) line(head []byte, text string) (int, fault) {
	i := 0
	if len(head) >= 2 && head[0] == '\r' && head[1] == '\n' {
		i = 2
	}
	begin := i
	for i < len(head) && classes[head[i]]&inToken != 0 {
		i++
	}
	if i == begin || i == len(head) || head[i] != ' ' {
		return 0, badRequestLine
	}
	r.Method = text[begin:i]
	begin = i + 1
	i = targetEnd(head, begin)
	const version = " HTTP/1.1"
	if i == begin || i+len(version)+2 > len(head) {
		return 0, badRequestLine
	}
	r.Target = text[begin:i]
	begin, i = i, i+len(version)
	if f := versionFault(text[begin:i]); f != fine {
		return 0, f
	}
	if head[i] != '\r' || head[i+1] != '\n' {
		return 0, badRequestLine
	}
	r.Minor = int(head[i-1] - '0')
	return i + 2, fine
}

// judge draws the conclusions from the fields (RFC 9112 sections 3.2, 6 and 9; RFC 9110 sections 7.6, 7.8 and 10.1).
func (r *Request) judge() fault {
	l := lengths{length: -1}
	hosts, upgrades, websocket := 0, 0, false
	for i := range r.Fields {
		f := &r.Fields[i]
		bad := fine
		switch f.known {
		case Host:
			hosts++
			r.Host = f.Value
		case ContentLength:
			bad = l.addLength(f.Value)
		case TransferEncoding:
			bad = l.addCoding(f.Value)
		case Connection:
			r.Connection.Add(f.Value)
		case TE:
			r.Trailers = r.Trailers || HasToken(f.Value, "trailers")
		case Trailer:
			bad = trailerFault(f.Value)
		case Upgrade:
			upgrades++
			websocket = sameFold(f.Value, "websocket")
		case Expect:
			bad = r.expect(f.Value)
		}
		if bad != fine {
			return bad
		}
	}
	if f := r.frame(l); f != fine {
		return f
	}
	if r.Connection.Len() > maxOptions {
		return tooManyOptions
	}
	r.Close = r.Connection.includes(closeOption) || r.Minor == 0 && !r.Connection.includes(keepAliveOption)
	r.Continue = r.Continue && r.Minor == 1 && !r.Framing.Empty()
	r.WebSocket = websocket && upgrades == 1 && r.Minor == 1 && r.Method == "GET" && r.Framing.Empty() && r.Connection.includes(upgradeOption)
	return r.judgeHost(hosts)
}

func (r *Request) judgeHost(hosts int) fault {
	switch {
	case hosts > 1:
		return manyHosts
	case hosts == 0 && r.Minor == 1:
		return noHost
	case hosts == 1 && (r.Host == "" || !ValidAuthority(r.Host)):
		return badHost
	}
	return fine
}

func (r *Request) expect(value string) fault {
	switch {
	case sameFold(value, "100-continue"):
		r.Continue = true
	case value != "":
		return badExpectation
	}
	return fine
}

func (r *Request) frame(l lengths) fault {
	switch {
	case l.coded && l.length >= 0:
		return lengthAndCoding
	case l.coded && r.Minor == 0:
		return oldCoding
	case l.coded:
		r.Framing.Kind = Chunked
	case l.length >= 0:
		r.Framing = Framing{Sized, l.length}
	}
	return fine
}
