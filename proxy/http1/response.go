package http1

import "unsafe"

// Response is the head of an upstream's answer, and what follows from it. Its strings are views into the bytes that were parsed.
type Response struct {
	Status, Minor int
	Reason        string
	// Fields are all fields in order. The slice is used again by the next Parse.
	Fields []Field
	// Framing is that of the body that follows on the connection: None for an answer to HEAD, and for 1xx, 204 and 304.
	Framing Framing
	// ContentLength is the length as announced, which an answer to HEAD or a 304 may do without a body; -1 where there is none.
	ContentLength int64
	// Close says that the connection can't be used again.
	Close bool
	// SaysClose says that it is the instance that asks for this, with Connection: close.
	SaysClose bool
	// ConnectionOptions is what Connection fields name.
	Connection ConnectionOptions
}

// Parse reads a whole head as Head.Find measures it; method is that of the request which it answers. It fails with a *Error of
// status 502. head must not change for as long as r's strings are used.
func (r *Response) Parse(head []byte, method string, l Limits) error {
	r.reset()
	return r.parse(head, method, l).inAnswer()
}

func (r *Response) reset() {
	r.Status, r.Minor, r.Reason = 0, 0, ""
	r.Fields, r.Framing, r.ContentLength = r.Fields[:0], Framing{}, -1
	r.Close, r.SaysClose = false, false
	r.Connection.reset()
}

func (r *Response) parse(head []byte, method string, l Limits) fault {
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
	return r.judge(method)
}

// line reads HTTP/1.[01] SP 3DIGIT [SP reason] CRLF (RFC 9112 section 4): the blank before no reason is left out by some.
func (r *Response) line(head []byte, text string) (int, fault) {
	const begin, least = "HTTP/1.", len("HTTP/1.1 200\r\n")
	if len(head) < least || text[:len(begin)] != begin || head[7]|1 != '1' || head[8] != ' ' {
		return 0, badStatusLine
	}
	for _, c := range head[9:12] {
		if !digit(c) {
			return 0, badStatusLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || r.Status > 599 {
		return 0, badStatusLine
	}
	r.Minor = int(head[7] - '0')
	i := valueEnd(head, 12)
	if i+1 >= len(head) || head[i] != '\r' || head[i+1] != '\n' {
		return 0, badStatusLine
	}
	if i > 12 {
		if head[12] != ' ' {
			return 0, badStatusLine
		}
		r.Reason = text[13:i]
	}
	return i + 2, fine
}

// judge draws the conclusions from the fields (RFC 9112 sections 6.3 and 9.3).
func (r *Response) judge(method string) fault {
	l := lengths{length: -1}
	for i := range r.Fields {
		f := &r.Fields[i]
		bad := fine
		switch f.known {
		case ContentLength:
			bad = l.addLength(f.Value)
		case TransferEncoding:
			bad = l.addCoding(f.Value)
		case Trailer:
			bad = trailerFault(f.Value)
		case Connection:
			r.Connection.Add(f.Value)
		}
		if bad != fine {
			return bad
		}
	}
	if r.Connection.Len() > maxOptions {
		return tooManyOptions
	}
	if l.coded && r.Minor == 0 {
		return oldCoding
	}
	r.SaysClose = r.Connection.includes(closeOption)
	r.Close = r.SaysClose || r.Minor == 0 && !r.Connection.includes(keepAliveOption)
	return r.frame(method, l)
}

// frame decides how long the body is. Where length and coding contradict each other, the coding counts, and what follows on the
// connection is not to be trusted; nor is it behind an answer that announces a body which it must not have.
// An interim answer that announces a body makes it unclear where the final one begins.
func (r *Response) frame(method string, l lengths) fault {
	switch {
	case r.Status < 200 && (l.coded || l.length > 0):
		return interimBody
	case l.coded:
		r.Framing.Kind = Chunked
		r.Close = r.Close || l.length >= 0
	case l.length >= 0:
		r.Framing = Framing{Sized, l.length}
		r.ContentLength = l.length
	default:
		r.Framing.Kind = UntilClose
	}
	switch {
	case r.Status == 204:
		r.Close = r.Close || l.coded || l.length > 0
		r.Framing = Framing{}
	case r.Status < 200 || r.Status == 304 || method == "HEAD":
		r.Framing = Framing{}
	}
	r.Close = r.Close || r.Framing.Kind == UntilClose
	return fine
}
