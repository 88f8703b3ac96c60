// Package native is the routing language of our own: pointsman.route=LINE and pointsman.route.NAME=LINE, of which paths match on segment
// boundaries, and pointsman.OPTION=VALUE, which gives all routes of the instance an option. In labels of a container pointsman.port=PORT
// says which of its ports the routes lead to, and pointsman.network=NETWORK by which network.
package native

import "github.com/pointsman/pointsman/proxy/dialect"

// Language is the language. It has no state.
func Language() dialect.Labelled {
	return language{dialect.Lines{Called: dialect.NativeName, Paths: dialect.PathSegments}}
}

type language struct{ dialect.Lines }
