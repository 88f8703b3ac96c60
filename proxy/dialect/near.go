package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// notAnOption says that there is none of that name, and which one may be meant.
func (l *line) notAnOption(key string) string {
	text := fmt.Sprintf("%q is not an option", shown(key))
	for i := range options {
		if o := &options[i]; (o.fabio || !l.fabio) && near(key, o.name) {
			return text + "; is " + o.name + " meant?"
		}
	}
	return text
}

// restriction says whether a key narrows who may use a route. In our own language one that is off by one sign, or sounds like one, counts:
// nobody knows what it was to keep out. In one of Fabio's tags, ours counts: whoever wrote it meant it.
func (l *line) restriction(key string) bool {
	if strings.HasPrefix(key, notPrefix) { // it was to keep some requests away
		return true
	}
	if o := optionByName[key]; o != nil {
		return o.restricts || o.trusts
	}
	if l.fabio {
		return false
	}
	for _, part := range [...]string{"allow", "deny", "auth", "limit", "whitelist", "blacklist", "restrict"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return slices.ContainsFunc(options, func(o option) bool { return o.restricts && near(key, o.name) })
}

// near says whether two names differ by one sign that is wrong, missing, too much, or changed places with the next.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(b) < 4 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	return i == len(a) || a[i+1:] == b[i+1:] || swapped
}
