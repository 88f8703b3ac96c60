package http1

import (
	"bytes"
	"unsafe"
)

// What may come around the data of a chunked body; real ones have no extensions and a few short trailers.
const (
	maxExtension  = 4<<10 - 32  // bytes of chunk extensions in a line, which stays below the 4 KiB that others take as a whole
	maxExtensions = 16<<10 - 64 // and in all, likewise
	maxTrailers   = 16 << 10    // bytes of all trailers
	maxTrailer    = 128         // trailer fields
	maxSizeDigits = 16
	keptTrailers  = 1 << 10 // bytes of room that go over to the next body
)

// trailers is made by the first body that has some.
type trailers struct {
	text   []byte
	fields []Field
}

// step takes one byte of what stands between the data (RFC 9112 section 7.1).
func (b *Body) step(c byte) {
	switch b.at {
	case inSize:
		b.stepSize(c)
	case beforeExtension:
		switch {
		case c == ';':
			b.at = inExtension
		case !blank(c):
			b.fault = badChunkSize
		}
		b.countExtension()
	case inExtension:
		b.stepExtension(c)
	case atSizeLF:
		b.endSize(c)
	case atDataCR:
		b.expect(c, '\r', atDataLF)
	case atDataLF:
		b.expect(c, '\n', inSize)
	case atLastLF:
		b.expect(c, '\n', atEnd)
	}
}

func (b *Body) expect(c, want byte, then bodyState) {
	if c != want {
		b.fault = badChunkEnd
	}
	b.at = then
}

func (b *Body) stepSize(c byte) {
	d := unhex[c]
	switch {
	case d < 16:
		if b.digits++; b.digits > maxSizeDigits || b.left > (1<<63-1)>>4 {
			b.fault = badChunkSize
			return
		}
		b.left = b.left<<4 | int64(d)
	case b.digits == 0:
		b.fault = badChunkSize
	case c == '\r':
		b.at = atSizeLF
	case c == ';':
		b.at = inExtension
		b.countExtension()
	case blank(c): // bad whitespace, which a recipient must allow before an extension, and only there (RFC 9112 section 7.1.1)
		b.at = beforeExtension
		b.countExtension()
	default:
		b.fault = badChunkSize
	}
}

func (b *Body) stepExtension(c byte) {
	switch {
	case c == '\r':
		b.at = atSizeLF
	case classes[c]&inValue == 0:
		b.fault = badExtension
	default:
		b.countExtension()
	}
}

func (b *Body) countExtension() {
	b.extension++
	b.extensions++
	if b.extension > maxExtension || b.extensions > maxExtensions {
		b.fault = badExtension
	}
}

func (b *Body) endSize(c byte) {
	if c != '\n' {
		b.fault = badChunkSize
	}
	b.digits, b.extension = 0, 0
	if b.at = inData; b.left == 0 {
		b.at = inTrailers
	}
}

// takeTrailers takes bytes up to the end of a line, and parses all lines after the empty one, by the rules for the fields of a head.
func (b *Body) takeTrailers(src []byte) int {
	if src[0] == '\r' && (b.trailers == nil || len(b.trailers.text) == 0) {
		b.at = atLastLF
		return 1
	}
	if b.trailers == nil {
		b.trailers = new(trailers)
	}
	t := b.trailers
	n := bytes.IndexByte(src, '\n') + 1
	ended := n > 0
	if !ended {
		n = len(src)
	}
	if len(t.text)+n > maxTrailers {
		b.fault = trailersTooLarge
		return n
	}
	t.text = append(t.text, src[:n]...)
	size := len(t.text)
	switch {
	case !ended:
	case size < 2 || t.text[size-2] != '\r':
		b.fault = bareLF
	case size >= 4 && t.text[size-3] == '\n':
		t.fields, b.fault = appendFields(t.fields, t.text, unsafe.String(&t.text[0], size), 0, maxTrailer)
		b.at = atEnd
	}
	return n
}

// unhex is the value of a hexadecimal digit, 255 for other bytes.
var unhex = func() (t [256]uint8) {
	for c := range t {
		t[c] = 255
	}
	for i := range uint8(10) {
		t['0'+i] = i
	}
	for i := range uint8(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
