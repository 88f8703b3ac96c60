package http1

import "bytes"

// Head finds the end of a head in bytes that arrive in pieces, and refuses what can't become one as soon as it is seen. The zero
// value is ready, and so is a Head that has found an end; one that has refused refuses for good.
type Head struct {
	line  int // where the present line begins
	next  int // what was looked at
	lines int // complete ones, without a leading empty one
	fault fault
}

// Find looks for the empty line that ends a head. buf is all that came of the message so far, and what was in it at the last call
// must be there again. n counts the bytes of the whole head with the empty line; it is 0 while more is needed. One empty line
// before a message is part of n (RFC 9112 section 2.2). A head of more than max bytes is refused. The error is a *Error as for a
// request; Parse tells the rest.
func (h *Head) Find(buf []byte, max int) (n int, err error) {
	if h.fault == fine {
		n, h.fault = h.find(buf, max)
	}
	switch {
	case h.fault != fine:
		return 0, h.fault.inRequest()
	case n > 0:
		*h = Head{}
	}
	return n, nil
}

func (h *Head) find(buf []byte, max int) (int, fault) {
	if len(buf) < h.next { // something else than last time, against the rule: nothing known of it holds
		*h = Head{}
	}
	if h.next <= h.line && h.lines == 0 {
		if more, f := h.begin(buf); more || f != fine {
			return 0, f
		}
	}
	for {
		i := bytes.IndexByte(buf[h.next:], '\n')
		if i < 0 {
			h.next = len(buf)
			break
		}
		i += h.next
		h.next = i + 1
		switch {
		case i == h.line || buf[i-1] != '\r':
			return 0, bareLF
		case i+1 > max:
			return 0, h.tooLong()
		case i == h.line+1:
			return i + 1, fine
		case h.lines == 0:
			if f := startLine(buf[h.line : i-1]); f != fine {
				return 0, f
			}
		}
		h.lines++
		h.line = i + 1
	}
	if len(buf) >= max {
		return 0, h.tooLong()
	}
	return 0, fine
}

// begin skips one empty line, and looks at the first byte behind it: a method and a version begin with a token.
func (h *Head) begin(buf []byte) (more bool, f fault) {
	if h.line == 0 && len(buf) > 0 && buf[0] == '\r' {
		if len(buf) == 1 {
			return true, fine
		}
		if buf[1] != '\n' {
			return false, badStart
		}
		h.line, h.next = 2, 2
	}
	if len(buf) <= h.line {
		return true, fine
	}
	if classes[buf[h.line]]&inToken == 0 {
		return false, badStart
	}
	return false, fine
}

func (h *Head) tooLong() fault {
	if h.lines == 0 {
		return targetTooLarge
	}
	return tooLarge
}

// startLine refuses a first line that is neither a status line nor ends in a version; the rest of it is Parse's to judge.
func startLine(line []byte) fault {
	const name, version = "HTTP/", " HTTP/1.1"
	if len(line) >= len(name) && string(line[:len(name)]) == name {
		return fine
	}
	if len(line) < len(version) {
		return badRequestLine
	}
	return versionFault(string(line[len(line)-len(version):]))
}

// versionFault judges a blank, HTTP/, and a version of two digits.
func versionFault(s string) fault {
	switch {
	case s == " HTTP/1.1", s == " HTTP/1.0":
		return fine
	case len(s) == 9 && s[:6] == " HTTP/" && digit(s[6]) && s[7] == '.' && digit(s[8]):
		return badVersion
	}
	return badRequestLine
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// preface is what an HTTP/2 connection begins with (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// IsPreface says whether a connection's first bytes are HTTP/2's preface, and whether more are needed to tell.
func IsPreface(buf []byte) (yes, more bool) {
	if len(buf) >= len(preface) {
		return string(buf[:len(preface)]) == preface, false
	}
	return false, string(buf) == preface[:len(buf)]
}
