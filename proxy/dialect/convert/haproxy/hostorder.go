package haproxy

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// earlier says whether the proxy tries the routes of host a before those of host b: names in full, *. with the longest name first, then other
// patterns from the end of their texts.
func earlier(a, b atom) bool {
	x, y := a.hostGlob(), b.hostGlob()
	h, _ := dialect.ParseHost(x)
	i, _ := dialect.ParseHost(y)
	switch {
	case h.Kind != i.Kind:
		return h.Kind < i.Kind
	case h.Kind == dialect.HostWildcard:
		return len(x) > len(y)
	case h.Kind == dialect.HostPattern:
		return reversed(x) > reversed(y)
	}
	return false
}

func reversed(text string) string {
	b := []byte(strings.ToLower(text))
	slices.Reverse(b)
	return string(b)
}
