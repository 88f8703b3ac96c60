package ctmpl

import (
	"fmt"
	"regexp"
)

// serviceQuery is what service is asked for: [tag.]name[?query][@datacenter][~near][|filter].
var serviceQuery = regexp.MustCompile(`^(?:([A-Za-z0-9_=:.-]+)\.)?([A-Za-z0-9_-]+)(\?[^@~|]*)?(?:@([A-Za-z0-9_.-]+))?(?:~([A-Za-z0-9_.-]+))?(?:\|([a-z,]+))?$`)

// query is one that was read.
type query struct {
	tag, name, query, datacenter, near, filter string
}

func parseQuery(text string) (q query, err error) {
	m := serviceQuery.FindStringSubmatch(text)
	if m == nil {
		return q, fmt.Errorf("%q names no service", text)
	}
	return query{tag: m[1], name: m[2], query: m[3], datacenter: m[4], near: m[5], filter: m[6]}, nil
}
