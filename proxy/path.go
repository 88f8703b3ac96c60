package proxy

import (
	"errors"
	"strings"
)

// Why a request's path is refused; each is a 400.
var (
	ErrPathForm   = errors.New("the path must begin with a slash")
	ErrPathByte   = errors.New("invalid character in the path: it must be percent-encoded")
	ErrPathEscape = errors.New("invalid percent-encoding in the path")
	ErrPathAbove  = errors.New("the path goes above the root")
)

// NormalizePath resolves the segments . and .. (also written %2e) as RFC 3986, section 5.2.4 says, but refuses to climb
// above the root. The raw path is without its query, which nobody touches. Everything else stays byte for byte, so that what is
// matched is what is forwarded. Control bytes, blanks, DEL, #, ? and bytes above 0x7e are refused, as are escapes that are
// none. Nothing is allocated when nothing changes.
func NormalizePath(raw string) (string, error) {
	if raw == "" || raw[0] != '/' {
		return "", ErrPathForm
	}
	dots := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c <= ' ' || c >= 0x7f || c == '#' || c == '?':
			return "", ErrPathByte
		case c == '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return "", ErrPathEscape
			}
		case c == '/':
			dots = dots || dotsAt(raw[i+1:]) > 0
		}
	}
	if !dots {
		return raw, nil
	}
	return resolveDots(raw)
}

// dotsAt is 1 or 2 when the segment at the front of s is . or .., and 0 otherwise.
func dotsAt(s string) int {
	n := 0
	for {
		switch {
		case s == "" || s[0] == '/':
			return n
		case n == 2:
			return 0
		case s[0] == '.':
			s = s[1:]
		case len(s) >= 3 && s[0] == '%' && s[1] == '2' && s[2]|0x20 == 'e':
			s = s[3:]
		default:
			return 0
		}
		n++
	}
}

// baresDots says whether a normalised path without strip in front would begin with . or .., as /a../b would without /a: what was
// matched would not be what is forwarded.
func baresDots(path, strip string) bool {
	rest, ok := strings.CutPrefix(path, strip)
	return ok && strip != "" && strip[len(strip)-1] != '/' && dotsAt(rest) > 0
}

// resolveDots removes dot segments. A dot segment at the end leaves a slash there.
func resolveDots(raw string) (string, error) {
	out := make([]byte, 0, len(raw))
	for rest := raw; rest != ""; {
		segment := rest[1:]
		end := strings.IndexByte(segment, '/')
		if end < 0 {
			end = len(segment)
		}
		rest = segment[end:]
		switch dotsAt(segment) {
		case 0:
			out = append(append(out, '/'), segment[:end]...)
			continue
		case 2:
			if len(out) == 0 {
				return "", ErrPathAbove
			}
			for out[len(out)-1] != '/' {
				out = out[:len(out)-1]
			}
			out = out[:len(out)-1]
		}
		if rest == "" {
			out = append(out, '/')
		}
	}
	return string(out), nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
