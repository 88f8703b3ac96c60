package registrator

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Consul's rules for service meta (agent/structs, ValidateServiceMetadata): at most 64 pairs, keys of A-Z a-z 0-9 _ -
// up to 128 bytes, values up to 512 bytes, no key that starts with "consul-". One that breaks them costs the whole
// registration, so those are dropped here.
const (
	maxMetaKey   = 128
	maxMetaValue = 512
	maxMetaPairs = 64 - 4 // four are ours: mark, container, start, sent
)

// ourMetaPrefix is kept for the adapter's mark, which no label may forge.
const ourMetaPrefix = "pointsman"

// spent are the keys that mean something to us and are therefore no meta. "ignore" is not among them: Registrator
// sends it when it is empty, the only value with which a service is registered at all.
var spent = []string{"name", "id", "tags", "ip", "port", "network", "enable_tag_override", "weight"}

// secretWords in a key make its value one that is never sent: everybody who may read the catalogue could read it.
var secretWords = []string{"password", "passwd", "secret", "token", "key", "credential", "private"}

// meta is what is left of the settings once everything with a meaning is taken out.
func meta(s settings, g *complaintCollector) map[string]string {
	var out map[string]string
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if slices.Contains(spent, key) || strings.HasPrefix(key, "check_") {
			continue
		}
		if problem := metaFlaw(key, s.value(key)); problem != "" {
			g.add(s.source(key), problem, "it is not in the service's meta")
			continue
		}
		if len(out) == maxMetaPairs {
			g.add(s.source(key), "the service has more than "+strconv.Itoa(maxMetaPairs)+" meta pairs", "the others are ignored")
			break
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = s.value(key)
	}
	return out
}

func metaFlaw(key, value string) string {
	switch {
	case key == "":
		return "has no name after SERVICE_"
	case len(key) > maxMetaKey:
		return "its name is longer than Consul's 128 bytes"
	case strings.ContainsFunc(key, notMetaKey):
		return "its name has characters that Consul does not take"
	case strings.HasPrefix(key, "consul-") || strings.HasPrefix(key, ourMetaPrefix):
		return "its name is reserved"
	case slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(key, w) }):
		return "looks like a secret"
	case len(value) > maxMetaValue:
		return "its value is longer than Consul's 512 bytes"
	}
	if f := flaw(value); f != "" {
		return "its value " + f
	}
	return ""
}

func notMetaKey(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
