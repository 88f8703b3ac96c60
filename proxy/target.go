package proxy

import (
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Why a request's method, target or authority is refused; each is a 400 but for ErrConnect, which is a 405.
var (
	ErrConnect   = errors.New("CONNECT is not supported")
	ErrMethod    = errors.New("invalid method")
	ErrAsterisk  = errors.New("the target * is allowed for OPTIONS only")
	ErrTarget    = errors.New("the request target must be a path or an http(s) URL")
	ErrQueryByte = errors.New("invalid character in the query: it must be percent-encoded")
	ErrAuthority = errors.New("invalid host: malformed or longer than 253 bytes")
)

// Asked is what a request asks for, in the one form in which it is matched and forwarded.
type RequestTarget struct {
	// Authority is host or host:port as sent.
	Authority string
	// Path is normalised and still encoded; "/" for the target *.
	Path string
	// Query is everything from the question mark on, byte for byte; "" where there is none.
	Query string
	// Asterisk says that the target is *.
	Asterisk bool
}

// ParseTarget reads a request's method (RFC 9110 section 9.1), target (RFC 9112 section 3.2) and Host, over whatever version they came:
// nothing gets into the request line that goes to an instance but through here. An absolute target's authority replaces Host, as it
// must.
func ParseTarget(method, target, host string) (RequestTarget, error) {
	a := RequestTarget{Authority: host}
	switch {
	case method == "CONNECT":
		return a, ErrConnect
	case !http1.ValidToken(method):
		return a, ErrMethod
	case target == "*":
		if method != "OPTIONS" {
			return a, ErrAsterisk
		}
		a.Asterisk, target = true, "/"
	case strings.HasPrefix(target, "/"):
	default:
		var ok bool
		if a.Authority, target, ok = cutAbsolute(target); !ok {
			return a, ErrTarget
		}
		if a.Authority == "" {
			return a, ErrAuthority
		}
		if target == "*" {
			a.Asterisk, target = true, "/"
		}
	}
	if !http1.ValidAuthority(a.Authority) {
		return a, ErrAuthority
	}
	if i := strings.IndexByte(target, '?'); i >= 0 {
		target, a.Query = target[:i], target[i:]
	}
	for i := 0; i < len(a.Query); i++ {
		if c := a.Query[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return a, ErrQueryByte
		}
	}
	var err error
	a.Path, err = NormalizePath(target)
	return a, err
}

// cutAbsolute splits an http or https URL into its authority and the rest in origin form.
func cutAbsolute(target string) (authority, rest string, ok bool) {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(target) < len(scheme) || !strings.EqualFold(target[:len(scheme)], scheme) {
			continue
		}
		target = target[len(scheme):]
		end := strings.IndexAny(target, "/?#")
		if end < 0 {
			return target, "/", true
		}
		if target[end] != '/' {
			return target[:end], "/" + target[end:], true
		}
		return target[:end], target[end:], true
	}
	return "", "", false
}
