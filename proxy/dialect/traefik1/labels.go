package traefik1

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const prefix = dialect.TraefikPrefix

// label is a tag taken apart. The key is in lower case, and without the prefix.
type label struct {
	tag, key, value string
	twice           bool // another one has the same key and another value: which of them is meant can't be told
}

// group are labels by their properties, or their keys.
type group map[string]*label

// labels are those of one container that this language wants.
type labels struct {
	all, own []*label         // own are those of this version alone
	segments map[string]group // by name; those of the container stand at "" if there are any
	common   group            // those of all versions
}

func read(tags []string) labels {
	out := labels{segments: map[string]group{}, common: group{}}
	for _, tag := range tags {
		key, value, ok := dialect.CutTraefik(tag)
		if !ok {
			continue
		}
		l := &label{tag: tag, key: key, value: value}
		segment, property, own := dialect.Traefik1(key)
		to := out.common
		switch {
		case own:
			if out.segments[segment] == nil {
				out.segments[segment] = group{}
			}
			to = out.segments[segment]
			out.own = append(out.own, l)
		case dialect.IsTraefikCommon(key):
			property = key
		default:
			continue
		}
		out.all = append(out.all, l)
		if was := to[property]; was == nil {
			to[property] = l
		} else if was.value != value {
			was.twice = true
		}
	}
	return out
}

// value is that of a label, "" where it is not there.
func (g group) value(property string) string {
	if l := g[property]; l != nil {
		return l.value
	}
	return ""
}

// sources are all labels of a group, for people: the rule first, as verdicts go by it.
func (g group) sources() (out []string) {
	if l := g[keyRule]; l != nil {
		out = append(out, source(l))
	}
	for _, property := range slices.Sorted(maps.Keys(g)) {
		if property != keyRule {
			out = append(out, source(g[property]))
		}
	}
	return out
}

// problem says why none of a group can be trusted, or "".
func (g group) problem() string {
	for _, property := range slices.Sorted(maps.Keys(g)) {
		l := g[property]
		if why := dialect.Withheld(l.value); why != "" {
			return shown(prefix+l.key) + ": " + why
		}
		if l.twice {
			return shown(prefix+l.key) + " is given twice, with different values"
		}
	}
	return ""
}

// source is a label as it stands in verdicts, without what may be a credential.
func source(l *label) string {
	for _, secret := range []string{"auth.basic", "auth.digest", "customrequestheaders", "customresponseheaders"} {
		if l.value != "" && strings.Contains(l.key, secret) {
			return dialect.Source(prefix + l.key + "=set")
		}
	}
	return dialect.Source(l.tag)
}

// shown makes a text fit for people; quoted puts it in quotes.
func shown(text string) string  { return dialect.Source(text) }
func quoted(text string) string { return `"` + shown(text) + `"` }
