package http1

// bodyState is where in a body a decoder stands.
type bodyState uint8

const (
	atEnd bodyState = iota
	inData
	inSize
	beforeExtension // blanks behind the size
	inExtension
	atSizeLF
	atDataCR
	atDataLF
	inTrailers
	atLastLF
)

// Body decodes a body as its bytes arrive in pieces. What it holds is bounded, whatever the body announces. The zero value is the
// end of a message without a body.
type Body struct {
	kind       Kind
	at         bodyState
	fault      fault
	digits     uint8
	extension  uint16 // bytes in this line
	extensions uint16 // bytes in all
	left       int64  // of the data at hand
	trailers   *trailers
}

// Start begins a body. What Trailers gave of the last one is no longer good.
func (b *Body) Start(f Framing) {
	t := b.trailers
	if t != nil && cap(t.text) > keptTrailers {
		t = nil
	}
	if t != nil {
		t.text, t.fields = t.text[:0], t.fields[:0]
	}
	*b = Body{kind: f.Kind, trailers: t}
	switch {
	case f.Kind == Sized && f.Length < 0:
		b.fault = badLength
	case f.Kind == Sized && f.Length > 0:
		b.at, b.left = inData, f.Length
	case f.Kind == Chunked:
		b.at = inSize
	case f.Kind == UntilClose:
		b.at = inData
	}
}

// Next takes one step through src, which continues where the last call's n ended: data is the next content, a part of src and
// possibly empty, and n is how much of src was used. n is 0 without an error when more bytes are needed, or the body is done. No
// byte behind the body's end is used. An error is a *Error, as for a request, and stays.
func (b *Body) Next(src []byte) (data []byte, n int, err error) {
	for n < len(src) && b.fault == fine && b.at != atEnd {
		switch b.at {
		case inData:
			data = src[n:]
			if b.kind != UntilClose && int64(len(data)) > b.left {
				data = data[:b.left]
			}
			b.moved(int64(len(data)))
			return data, n + len(data), nil
		case inTrailers:
			n += b.takeTrailers(src[n:])
		default:
			b.step(src[n])
			n++
		}
	}
	return nil, n, b.fault.inRequest()
}

// moved accounts for data that was taken.
func (b *Body) moved(n int64) {
	if b.kind == UntilClose {
		return
	}
	if b.left -= n; b.left > 0 {
		return
	}
	if b.at = atEnd; b.kind == Chunked {
		b.at = atDataCR
	}
}

// Done says that the body is complete.
func (b *Body) Done() bool { return b.at == atEnd && b.fault == fine }

// Left is how many bytes of content, at least, come next on the connection and may be moved past this decoder: the rest of a
// sized body or of the present chunk, -1 without a limit, 0 where the next byte is not content.
func (b *Body) Left() int64 {
	switch {
	case b.at != inData || b.fault != fine:
		return 0
	case b.kind == UntilClose:
		return -1
	}
	return b.left
}

// Skip says that n bytes of content were moved past the decoder, at most Left.
func (b *Body) Skip(n int64) {
	switch left := b.Left(); {
	case n == 0:
	case n < 0 || left >= 0 && n > left:
		b.fault = wrongSkip
	default:
		b.moved(n)
	}
}

// End says that the connection has ended: nil where that is the body's end, else a *Error.
func (b *Body) End() error {
	if b.kind == UntilClose && b.fault == fine {
		b.at = atEnd
	}
	if b.fault != fine {
		return b.fault.inRequest()
	}
	if b.at != atEnd {
		return ErrCut
	}
	return nil
}

// Trailers are the fields behind a chunked body that is done, until the next Start. Which may go on is not decided here.
func (b *Body) Trailers() []Field {
	if b.trailers == nil || !b.Done() {
		return nil
	}
	return b.trailers.fields
}
