package dialect

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Next says in which cases a request that failed at one instance is sent to another one, as nginx's proxy_next_upstream does. The zero
// value is what was not written: the proxy's own rules, within the budget of retries.
type Next uint16

// What may follow next-upstream=.
const (
	// NextError: no connection came about, or it ended before a response.
	NextError Next = 1 << iota
	// NextTimeout: no connection or no response in time.
	NextTimeout
	// NextInvalid: what came is no response.
	NextInvalid
	// NextNonIdempotent: also requests whose method must not be repeated (POST, PATCH), and that were sent.
	NextNonIdempotent
	// Next500 and the others: a response of that status.
	Next500
	Next502
	Next503
	Next504
	Next403
	Next404
	Next429
	// NextWritten is set where anything was written; alone it is off.
	NextWritten
)

var nextWords = [...]string{"error", "timeout", "invalid-header", "non-idempotent", "500", "502", "503", "504", "403", "404", "429"}

var nextStatuses = [...]int{500, 502, 503, 504, 403, 404, 429}

// Has says whether any of the cases was written.
func (n Next) Has(cases Next) bool { return n&cases != 0 }

// Written says whether anything was.
func (n Next) Written() bool { return n&NextWritten != 0 }

// NextOfStatus is the case of a response's status; 0 where there is none.
func NextOfStatus(status int) Next {
	for i, s := range nextStatuses {
		if s == status {
			return Next500 << i
		}
	}
	return 0
}

// ParseNext reads a list, of which the parts stand between commas or |. nginx's own words mean the same (invalid_header, http_503).
func ParseNext(text string) (Next, error) {
	n := NextWritten
	off := false
	for word := range strings.FieldsFuncSeq(text, listEnd) {
		name := strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(word), "_", "-"), "http-")
		if name == "off" {
			off = true
			continue
		}
		at := slices.Index(nextWords[:], name)
		if at < 0 {
			return 0, fmt.Errorf("next-upstream=%s: %s is not one of %s, off", shown(text), shown(word), strings.Join(nextWords[:], ", "))
		}
		n |= 1 << at
	}
	switch {
	case !off && n == NextWritten:
		return 0, fmt.Errorf("next-upstream=%s names no case; off is none", shown(text))
	case off && n != NextWritten:
		return 0, fmt.Errorf("next-upstream=%s: off stands alone", shown(text))
	case n == NextWritten|NextNonIdempotent:
		return 0, fmt.Errorf("next-upstream=%s names no case beside non-idempotent", shown(text))
	}
	return n, nil
}

// String is the form that ParseNext reads; "" where nothing was written.
func (n Next) String() string {
	if !n.Written() {
		return ""
	}
	if n == NextWritten {
		return "off"
	}
	words := make([]string, 0, bits.OnesCount16(uint16(n)))
	for i, word := range nextWords {
		if n.Has(1 << i) {
			words = append(words, word)
		}
	}
	return strings.Join(words, ",")
}

// listEnd says whether a byte parts what a list holds: catalogues' tags may be cut at commas.
func listEnd(r rune) bool { return r == ',' || r == '|' }
