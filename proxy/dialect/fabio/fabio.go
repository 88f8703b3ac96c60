// Package fabio is the routing language of Fabio (https://fabiolb.net/quickstart/): the tag urlprefix- and a line. A path matches all
// that begin with it. What Fabio also understands and an HTTP proxy does not serve (TCP and gRPC routes) is ignored with a Verdict.
package fabio

import "github.com/pointsman/pointsman/proxy/dialect"

// Language is the language. It has no state.
func Language() dialect.Language {
	return dialect.Lines{Called: "fabio", Prefix: "urlprefix-", Paths: dialect.PathPrefix, Fabio: true}
}
