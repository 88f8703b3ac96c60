package http1

import "strconv"

// AppendStatusLine appends HTTP/1.1 SP status SP reason CRLF; status has three digits.
func AppendStatusLine(dst []byte, status int, reason string) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(dst, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10), ' ')
	return append(append(dst, reason...), "\r\n"...)
}

// AppendField appends a field line.
func AppendField(dst []byte, f Field) []byte {
	dst = append(append(dst, f.Name...), ": "...)
	return append(append(dst, f.Value...), "\r\n"...)
}

// AppendFraming appends the field line that announces a body: a length, chunked, or nothing.
func AppendFraming(dst []byte, f Framing) []byte {
	switch f.Kind {
	case Sized:
		dst = append(dst, "Content-Length: "...)
		return append(strconv.AppendInt(dst, f.Length, 10), "\r\n"...)
	case Chunked:
		return append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	return dst
}

// AppendChunkHead appends the size line of a chunk of n bytes, n > 0; the data and CRLF follow.
func AppendChunkHead(dst []byte, n int64) []byte {
	return append(strconv.AppendInt(dst, n, 16), "\r\n"...)
}

// AppendChunk appends a whole chunk. Without data it appends nothing: an empty chunk would end the body.
func AppendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = AppendChunkHead(dst, int64(len(data)))
	return append(append(dst, data...), "\r\n"...)
}

// AppendLastChunk appends what ends a chunked body.
func AppendLastChunk(dst []byte, trailers []Field) []byte {
	dst = append(dst, "0\r\n"...)
	for _, f := range trailers {
		dst = AppendField(dst, f)
	}
	return append(dst, "\r\n"...)
}
