package routing

import (
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// On is what takes the place of errors on a route. Immutable.
type On struct {
	Cases []OnCase
	// Intercept says that the statuses of instances count, and not only those of the proxy's own replies.
	Intercept bool
}

// OnCase is one of them.
type OnCase struct {
	dialect.On
	// Set is the position of the service's set in Route.Sets, plus one; 0 where it is none.
	Set int
}

// Case is the first that is about a status, and about no usable instance; nil where there is none. A nil On has none.
func (o *On) Case(status int, none bool) *OnCase {
	if o == nil {
		return nil
	}
	for i := range o.Cases {
		if o.Cases[i].Takes(status, none) {
			return &o.Cases[i]
		}
	}
	return nil
}

// pages says whether a page of the operator's is among them, which is read from the disk.
func (o *On) pages() bool {
	return o != nil && slices.ContainsFunc(o.Cases, func(c OnCase) bool { return c.Page != "" })
}
