package registrator

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what labels and variables may bring in. Docker and Consul check none of it, so these keep one container
// from costing anybody else memory, log or catalogue space. They are far above what real containers use.
const (
	maxVariables  = 1024      // SERVICE_* variables read per container
	maxName       = 256       // bytes of a variable's name
	maxValue      = 32 << 10  // bytes of a variable's value: a long tag list fits
	maxServices   = 1024      // ports considered per container
	maxTags       = 256       // tags per registration
	maxTag        = 4 << 10   // bytes of one tag: what a routing tag with all its options may take
	maxServiceID  = 512       // bytes of an ID or a name; both stand in URL paths
	maxComplaints = 32        // complaints per container and pass
	maxTemplate   = 64 << 10  // bytes that -tags may render to
	maxFetch      = 256 << 10 // bytes that httpGet reads
)

// flaw says what makes a text unfit for a name, a tag, a meta value or a URL; "" when nothing does. Control
// characters are what turns a value into two lines, two headers or two commands further on.
func flaw(s string) string {
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return "has a control character"
		}
	}
	return ""
}

// idFlaw says what makes a text unfit for a service name or ID, both of which become part of URL paths.
func idFlaw(s string) string {
	if len(s) > maxServiceID {
		return "is longer than 512 bytes"
	}
	if f := flaw(s); f != "" {
		return f
	}
	if strings.TrimSpace(s) == "" {
		return "is blank"
	}
	if !strings.Contains(s, "/") && s != "." && s != ".." {
		return ""
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return "has an empty, . or .. path segment"
		}
	}
	return ""
}

// plain makes foreign text fit for output: one line, valid UTF-8, at most limit bytes.
func plain(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
