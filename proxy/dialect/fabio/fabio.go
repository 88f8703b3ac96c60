// Package fabio is the routing language of Fabio (https://fabiolb.net/quickstart/): the tag urlprefix- and a line. A path matches all
// that begin with it. What Fabio also understands and an HTTP proxy does not serve (TCP and gRPC routes) is refused with a Verdict.
package fabio

import (
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Prefix is what Fabio's tags begin with, where nobody says otherwise.
const Prefix = "urlprefix-"

// Options are those of Fabio's own configuration that tags depend on. The zero value is Fabio's default.
type Options struct {
	// Prefix is what tags begin with (registry.consul.tagprefix); "" is Prefix. A tag with another prefix is none of the language's.
	Prefix string
	// Globs reads paths as globs (proxy.matcher), instead of as what a path begins with.
	Globs bool
	// Schemes are what auth=NAME means, by name (proxy.auth); a name that is not among them refuses its route.
	Schemes map[string]dialect.BasicAuth
}

// Language is the language with these options, which are not modified from here on.
func (o Options) Language() dialect.Language {
	if o.Prefix == "" {
		o.Prefix = Prefix
	}
	return dialect.Lines{Called: "fabio", Prefix: o.Prefix, Paths: dialect.PathPrefix, Fabio: true, Globs: o.Globs, Schemes: o.Schemes}
}

// CheckPrefix says why a text can't be what tags begin with, or nil. That of another language can't be: its tags would be read twice.
func CheckPrefix(text string) error {
	const longest = 100 // people write a word
	if text == "" || len(text) > longest {
		return fmt.Errorf("want 1 to %d characters", longest)
	}
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return fmt.Errorf("want no blanks, and ASCII only")
		}
	}
	for _, other := range [...]string{"pointsman.", "aliyun.", "traefik."} {
		if lower := strings.ToLower(text); strings.HasPrefix(lower, other) || strings.HasPrefix(other, lower) {
			return fmt.Errorf("tags of another language begin with %s", other)
		}
	}
	return nil
}
