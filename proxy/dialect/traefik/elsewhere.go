package traefik

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// rest tells of the labels that no router has used.
func (r *reader) rest() {
	for _, l := range r.all {
		s := source(l)
		if r.told[s] {
			continue
		}
		if in, key := r.slot(l.key); in[key] != l {
			r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "another label has the same key, and another value"}, s)
			continue
		}
		r.tell(r.elsewhere(l.key), s)
	}
}

// findMisspelt looks for labels that belong to no router, service or middleware and have to: traefik.http.router.shop.middlewares may be one that was to
// restrict the router shop. Traefik takes none of such a container's labels.
func (r *reader) findMisspelt() {
	for _, key := range slices.Sorted(maps.Keys(r.plain)) {
		if isMisspelt(key) {
			r.misspelt = errors.New("there is no label " + shown(prefix+key) + ", which may be a misspelt one that restricts")
			return
		}
	}
}

// isMisspelt says whether a label that belongs nowhere may be a misspelt one.
func isMisspelt(key string) bool {
	return strings.HasPrefix(key, "http.") || slices.Contains(strings.Split(key, "."), "middlewares")
}

// elsewhere says of a label that belongs to no router what became of it.
func (r *reader) elsewhere(key string) dialect.Verdict {
	v := dialect.Verdict{Kind: dialect.VerdictIgnored}
	begins := func(list ...string) bool {
		for _, p := range list {
			if key == p || strings.HasPrefix(key, p+".") {
				return true
			}
		}
		return false
	}
	switch {
	case key == "enable":
		v.Kind = dialect.VerdictUsed
		if len(r.routers) == 0 {
			v = dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "no label of the container has a rule: there is no route",
				Advice: "write " + prefix + "http.routers.NAME.rule=Host(`HOST`)"}
		}
	case begins("docker", "swarm", "consulcatalog"):
		v.Reason, v.Quiet = "the registrator reads it, or Traefik alone", true
	case begins("tags", "constraint-label", "expose"):
		v.Reason, v.Quiet = "it only told Traefik which containers to take", true
	case begins("tcp", "udp"):
		v.Reason = "it is about TCP or UDP: not in effect, this proxy serves HTTP"
	case begins("http.services"):
		v.Reason, v.Quiet = "no router of the container leads to this service", true
	case begins("http.middlewares"):
		v.Kind, v.Reason = dialect.VerdictRefused, "a middleware has a name, a kind and options: there is no label "+shown(prefix+key)
	default:
		v.Kind, v.Reason = dialect.VerdictRefused, "there is no label "+shown(prefix+key)
	}
	return v
}
