package dialect

import "strings"

// ownPrefix begins all tags of our own language.
const ownPrefix = "pointsman."

// ownTag takes one of our tags apart: pointsman.KEY=VALUE, of which the letters before = may be large or small. The key is in lower case.
func ownTag(tag string) (key, value string, ok bool) {
	rest := strings.TrimLeft(tag, " \t")
	if len(rest) < len(ownPrefix) || !strings.EqualFold(rest[:len(ownPrefix)], ownPrefix) {
		return "", "", false
	}
	key, value, _ = strings.Cut(rest[len(ownPrefix):], "=")
	return strings.ToLower(strings.TrimSpace(key)), value, true
}

// OwnKey is what stands behind pointsman. in the key of a label of our own language, in lower case.
func OwnKey(label string) (key string, ok bool) {
	key, _, ok = ownTag(label)
	return key, ok
}

// ownLine is the line of pointsman.route=LINE or pointsman.route.NAME=LINE.
func ownLine(tag string) (line string, ok bool) {
	key, line, ok := ownTag(tag)
	return line, ok && (key == "route" || strings.HasPrefix(key, "route."))
}

// noRoute is the line that asks for no route, not even for the one that -routes registered gives.
const noRoute = "off"
