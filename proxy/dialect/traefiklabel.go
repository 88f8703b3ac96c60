package dialect

import (
	"slices"
	"strings"
)

// TraefikPrefix begins the labels of all versions of Traefik.
const TraefikPrefix = "traefik."

// CutTraefik takes a label of Traefik, as KEY=VALUE, apart. The key is in lower case, and without the prefix; blanks around both are dropped.
func CutTraefik(tag string) (key, value string, ok bool) {
	rest := strings.TrimLeft(tag, " \t")
	if len(rest) < len(TraefikPrefix) || !strings.EqualFold(rest[:len(TraefikPrefix)], TraefikPrefix) {
		return "", "", false
	}
	key, value, _ = strings.Cut(rest[len(TraefikPrefix):], "=")
	return strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value), true
}

// What a label of Traefik 1 says: properties stand behind the prefix, or behind it and the name of a segment. Those of families have more behind
// them.
var (
	properties1 = []string{"port", "portindex", "portname", "weight", "protocol", "domain"}
	families1   = []string{"frontend", "backend"}
)

// Traefik1 takes the key of a label of Traefik 1, as CutTraefik has it, apart: traefik.frontend.rule is the property frontend.rule of all
// segments, "", and traefik.admin.frontend.rule that of the segment admin. Ok is false for the keys of versions 2 and 3, and for those that
// all versions have. A family's name that is off by one sign counts: what it was to restrict has to be refused there.
func Traefik1(key string) (segment, property string, ok bool) {
	words := strings.Split(key, ".")
	end := len(words)
	switch words[0] {
	case "docker", "swarm", "consulcatalog", "nomad", "tls":
		return "", "", false
	case "http", "tcp", "udp": // of later versions, or a segment that is called so
		end = min(end, 2)
	}
	is := func(i int, same func(word, family string) bool) bool {
		family := slices.ContainsFunc(families1, func(f string) bool { return same(words[i], f) })
		last := i == len(words)-1
		return last && slices.Contains(properties1, words[i]) || family && (!last || words[i] == "backend")
	}
	for _, same := range [...]func(word, family string) bool{func(a, b string) bool { return a == b }, near} { // a segment may be called backend1
		for i := range end {
			if is(i, same) {
				return strings.Join(words[:i], "."), strings.Join(words[i:], "."), true
			}
		}
	}
	return "", "", false
}

// IsTraefikCommon says whether a key, as CutTraefik has it, means the same in all versions.
func IsTraefikCommon(key string) bool {
	switch key {
	case "enable", "tags", "constraint-label", "expose":
		return true
	}
	return strings.HasPrefix(key, "docker.")
}
