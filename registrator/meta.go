package registrator

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Consul's rules for service meta (agent/structs, ValidateServiceMetadata): at most 64 pairs, keys of A-Z a-z 0-9 _ -
// up to 128 bytes, values up to 512 bytes, no key that starts with "consul-". One that breaks them costs the whole
// registration, so those are dropped here.
const (
	maxMetaKey   = 128
	maxMetaValue = 512
	maxMetaPairs = 64 - 4 // four are ours: mark, container, start, sent
)

// ourMetaPrefix is kept for the adapter's mark and for what describe says, which no label may forge.
const ourMetaPrefix = "pointsman"

// spent are the keys that mean something to us and are therefore no meta. "ignore" is not among them: Registrator
// sends it when it is empty, the only value with which a service is registered at all.
var spent = []string{"name", "id", "tags", "ip", "port", "network", "enable_tag_override", "weight"}

// secretWords in a key make its value one that is never sent: everybody who may read the catalogue could read it.
var secretWords = []string{"password", "passwd", "secret", "token", "key", "credential", "private"}

// composeProject and composeService are the labels with which Docker Compose names a container's project and service.
const (
	composeProject = "com.docker.compose.project"
	composeService = "com.docker.compose.service"
)

// describe adds to meta what readers of the catalogue want to know of the container. What has no room among Consul's pairs is left out.
func (d *draft) describe(meta map[string]string, port candidate) map[string]string {
	for _, say := range [...]struct{ key, value string }{
		{outside.MetaPort, port.text()},
		{outside.MetaImage, d.c.Image},
		{outside.MetaName, d.c.PlainName()},
		{outside.MetaProject, d.c.Labels[composeProject]},
		{outside.MetaService, d.c.Labels[composeService]},
	} {
		value := cutAtRune(say.value, maxMetaValue)
		if value == "" || flaw(value) != "" || len(meta) >= maxMetaPairs {
			continue
		}
		if meta == nil {
			meta = map[string]string{}
		}
		meta[say.key] = value
	}
	return meta
}

// cutAtRune is the front of a text, of at most so many bytes, that cuts no character in two.
func cutAtRune(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

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
