package nginxproxy

import (
	"maps"
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Variable says whether an environment variable is one of the language's. Several lines become one, as a tag is one.
func (language) Variable(name, value string) (string, bool) {
	v, ok := variables[name]
	switch {
	case !ok:
		return "", false
	case name == keyMultiports:
		return oneLine(value), true
	case v.secret:
		return "", true
	}
	return value, true
}

// Needs is NeedsWith for a container that exposes nothing.
func (l language) Needs(labels map[string]string) dialect.Needs { return l.NeedsWith(labels, nil) }

// NeedsWith are the ports to which variables lead. A container without VIRTUAL_HOST has its variables for itself.
func (l language) NeedsWith(in map[string]string, exposed []int) (n dialect.Needs) {
	words, keys := map[string]word{}, slices.Sorted(maps.Keys(in))
	for _, key := range keys {
		if w, ok := cut(key + "=" + in[key]); ok {
			words[w.key] = w
		}
	}
	multi := words[keyMultiports].value
	asks := multi != "" || words[keyHost].value != ""
	for _, key := range keys {
		switch v := variables[key]; {
		case !asks && (v.common || v.secret):
			n.Spent = append(n.Spent, key)
		case v.secret:
			n.Spent = append(n.Spent, key)
			n.Problems = append(n.Problems, dialect.Problem{Key: key, Problem: "it may hold a secret, and " + v.why, Done: "it is not published"})
		}
	}
	usual := usualPort(exposed)
	switch {
	case !asks:
	case multi != "":
		needMultiports(&n, multi, usual)
	default:
		port := usual
		if given, ok := words[keyPort]; ok && given.value != "" {
			if port = dialect.ParsePort(given.value); port == 0 { // its tag has the verdict, where the container is registered
				n.Bad = dialect.BadLabel(given.tag, "is no port between 1 and 65535")
				return n
			}
		}
		n.Port, n.Ports, n.OnePort = port, []int{port}, keys
		if words[keyProto].value == "https" && words[keyPort].value == "" && port == plainPort && slices.Contains(exposed, securePort) {
			n.Problems = append(n.Problems, dialect.Problem{Key: keyProto, Problem: "it is https, and no VIRTUAL_PORT is given; the container exposes 443 too",
				Done: "TLS is spoken to port 80, as nginx-proxy does; VIRTUAL_PORT=443 names the other one"})
		}
	}
	return n
}

const plainPort, securePort = 80, 443

// usualPort is the port of a container that names none: the only one that it exposes, else 80.
func usualPort(exposed []int) int {
	if len(exposed) == 1 {
		return exposed[0]
	}
	return plainPort
}
