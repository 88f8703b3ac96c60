// Package native is the routing language of our own: the tag pointsman.route= and a line. Paths match on segment boundaries.
package native

import "github.com/pointsman/pointsman/proxy/dialect"

// Language is the language. It has no state.
func Language() dialect.Language {
	return dialect.Lines{Called: dialect.NativeName, Prefix: "pointsman.route=", Paths: dialect.PathSegments}
}
