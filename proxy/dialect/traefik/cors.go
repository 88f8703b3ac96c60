package traefik

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// corsOptions are those of headers that let pages of other origins in, and the options that they become.
var corsOptions = map[string]string{
	"accesscontrolallowmethods": "cors-methods", "accesscontrolallowheaders": "cors-headers", "accesscontrolexposeheaders": "cors-expose", "accesscontrolmaxage": "cors-max-age",
	"accesscontrolallowcredentials": "cors-credentials",
}

// cors adds what lets pages of other origins in. What can't be honoured lets nobody in.
func (c *chain) cors(o *optionsOf) {
	origins := o.list("accesscontrolalloworiginlist")
	for _, key := range slices.Sorted(maps.Keys(o.group)) {
		if !strings.HasPrefix(key, "accesscontrol") {
			continue
		}
		l, option := o.group[key], corsOptions[key]
		value := strings.Join(o.list(key), ",")
		switch {
		case key == "accesscontrolalloworiginlist":
			value, option = strings.Join(origins, ","), "cors"
			c.letIn(l, option, value)
		case key == "accesscontrolalloworiginlistregex":
			c.ignored(group{key: l}, "origins are compared as a whole: name them in accesscontrolalloworiginlist")
		case len(origins) == 0:
			c.ignored(group{key: l}, "it has no effect without accesscontrolalloworiginlist")
		case option == "cors-credentials" && !strings.EqualFold(value, "true"), option == "cors-max-age" && (value == "0" || value == "-1"), value == "":
		case slices.Contains([]string{"cors-methods", "cors-headers", "cors-expose"}, option) && value == "*":
			if option == "cors-expose" {
				c.ignored(group{key: l}, "fields are exposed by their names")
			} // else what is asked for is allowed, as without it
		default:
			c.letIn(l, option, value)
		}
	}
}

// letIn adds an option, if a line can have it.
func (c *chain) letIn(l *label, option, value string) {
	if option == "cors-credentials" {
		value = "true"
	}
	rule, verdicts := dialect.ParseLine("h/ cors=https://a.example "+word(option, value), dialect.PathSegments, dialect.Env{})
	if option == "cors" {
		rule, verdicts = dialect.ParseLine("h/ "+word(option, value), dialect.PathSegments, dialect.Env{})
	}
	if rule == nil || len(verdicts) > 0 || strings.Contains(value, "$") {
		c.ignored(group{l.key: l}, "the proxy can't answer so: "+reasons(verdicts))
		return
	}
	c.add(option, value)
}

func reasons(list []dialect.Verdict) string {
	if len(list) == 0 {
		return "it holds a variable"
	}
	return list[0].Reason
}
