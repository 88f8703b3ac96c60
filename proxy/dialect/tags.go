package dialect

import "strings"

// ownPrefix begins all tags of our own language.
const ownPrefix = "pointsman."

// ownTag takes one of our tags apart: pointsman.KEY=VALUE. The key is in lower case.
func ownTag(tag string) (key, value string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(tag, " \t"), ownPrefix)
	key, value, _ = strings.Cut(rest, "=")
	return strings.ToLower(strings.TrimSpace(key)), value, ok
}

// ownLine is the line of pointsman.route=LINE or pointsman.route.NAME=LINE.
func ownLine(tag string) (line string, ok bool) {
	key, line, ok := ownTag(tag)
	return line, ok && (key == "route" || strings.HasPrefix(key, "route."))
}

// noRoute is the line that asks for no route, not even for the one that -routes registered gives.
const noRoute = "off"
