package http1

// Parts is a request's head as HTTP/2 brings it: in parts, and with the end of its body told by frames.
type Parts struct {
	Method, Path string // :method and :path
	// Authority is :authority, or the Host field's value where there is none.
	Authority string
	// Fields are the regular fields, in any order. Assemble appends a Host field where none is there.
	Fields []Field
	// Length counts the bytes of the body where a Content-Length announces it, is 0 where the head ended the stream, and -1 for a body
	// of unknown length.
	Length int64
}

// Assemble makes r the request of HTTP/1.1 that says the same, judged by the rules that Parse applies and those that HTTP/2 adds
// (RFC 9113 sections 8.1.1, 8.2.2 and 8.3.1). It fails with a *Error; r then holds what it was given so far. p's strings must not
// change for as long as r's are used.
func (r *Request) Assemble(p Parts) error {
	r.reset()
	r.Method, r.Target, r.Minor, r.Fields = p.Method, p.Path, 1, p.Fields
	return r.assemble(p.Authority, p.Length).inRequest()
}

func (r *Request) assemble(authority string, length int64) fault {
	if f := r.startOf2(); f != fine {
		return f
	}
	named, announced := false, false
	for i := range r.Fields {
		f := &r.Fields[i]
		if !ValidToken(f.Name) {
			return badName
		}
		if !ValidValue(f.Value) {
			return badValue
		}
		switch f.Known() {
		case Host:
			if named = true; !bothFold(f.Value, authority) {
				return manyHosts
			}
			f.Value = authority // one spelling for all
		case Connection, KeepAlive, ProxyConnection, TransferEncoding, Upgrade:
			return hopField
		case ContentLength: // as sent: blanks around it would be a second way to write it
			announced = true
		default:
			f.Value = TrimBlanks(f.Value)
		}
	}
	if !named && authority != "" {
		r.Fields = append(r.Fields, Field{"Host", authority, Host})
	}
	if f := r.judge(); f != fine {
		return f
	}
	switch {
	case announced && r.Framing.Length != length:
		return otherLength
	case length < 0:
		r.Framing = Framing{Kind: Chunked}
	}
	return fine
}

// startOf2 judges what becomes the request line. A method CONNECT has no path.
func (r *Request) startOf2() fault {
	path := r.Target
	switch {
	case !ValidToken(r.Method):
		return badMethod
	case r.Method == "CONNECT":
		return fine
	case path != "*" && (path == "" || path[0] != '/'):
		return badPath
	}
	for i := 0; i < len(path); i++ {
		if classes[path[i]]&inTarget == 0 {
			return badPath
		}
	}
	return fine
}
