// Package traefik1 is the routing language of the labels and tags of Traefik 1 (https://doc.traefik.io/traefik/v1.7/configuration/backends/docker/):
// a frontend with its rule, the port that it leads to, and what its requests have to pass; of a container with several ports, a frontend for
// each segment. Each frontend becomes lines of our own language, one for each alternative of its rule. One that asks for something that
// narrows who may use it, and that can't be honoured, is closed; what narrows nothing is passed over with a Verdict.
//
// The labels of a container with none of this version are left to package traefik.
package traefik1

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Name is the language's name, for people and for options.
const Name = "traefik1"

// Options are those of Traefik's own configuration that labels depend on. The zero value makes no rule by default.
type Options struct {
	// Domain stands behind the container's name in the rule of frontends that have none (docker.domain); "" leaves them without one, but for those with
	// a label domain.
	Domain string
}

// Language is the language with these options.
func (o Options) Language() dialect.Language { return language{o} }

type language struct{ Options }

func (language) Name() string { return Name }

func (language) Wants(tag string) bool {
	key, _, ok := dialect.CutTraefik(tag)
	_, _, own := dialect.Traefik1(key)
	return ok && (own || dialect.IsTraefikCommon(key))
}

// Parse reads all tags of one instance. No label names an address: a frontend leads to the instance that is its port of the container.
func (l language) Parse(tags []string, env dialect.Env) dialect.Result {
	r := reader{domain: l.Domain, env: env, defaults: dialect.ParseDefaults(tags, env), labels: read(tags)}
	r.out.Defaults = r.defaults
	if len(r.own) == 0 {
		return r.out
	}
	if !r.enabled() { // nor are there routes that no label asks for
		r.out.Defaults = r.defaults.SwitchedOff()
		return r.out
	}
	for _, name := range r.frontends() {
		r.frontend(name)
	}
	r.rest()
	return r.out
}

// reader reads the tags of one instance.
type reader struct {
	labels
	domain   string // see Options
	env      dialect.Env
	defaults *dialect.Defaults
	told     dialect.Told
	out      dialect.Result
}

func (r *reader) tell(v dialect.Verdict, sources ...string) { r.told.Tell(&r.out, v, sources...) }

func (r *reader) mark(sources []string) { r.told.Mark(sources...) }

// enabled says whether the labels ask for anything at all. A container without the label enable does: that is Traefik's own default, and who
// writes a rule means it.
func (r *reader) enabled() bool {
	l := r.common["enable"]
	if l == nil {
		return true
	}
	on, err := strconv.ParseBool(strings.ToLower(l.value))
	v := dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: prefix + "enable=false: there is no route", Quiet: true}
	if err != nil || l.twice {
		v = dialect.Verdict{Kind: dialect.VerdictRefused, Reason: prefix + "enable is neither true nor false: there is no route", Advice: "write " + prefix + "enable=true"}
	} else if on {
		return true
	}
	for _, l := range r.all {
		r.tell(v, source(l))
	}
	return false
}

// rest tells of the labels that no frontend has used.
func (r *reader) rest() {
	for _, l := range r.all {
		s := source(l)
		if r.told[s] {
			continue
		}
		v := dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: "it only told Traefik which containers to take"}
		segment, property, own := dialect.Traefik1(l.key)
		switch {
		case own && segment == "" && r.segments[""][property] == l: // segments take the place of the container's own frontend, as in Traefik 1
			v.Quiet, v.Reason = false, "each segment of the container has a label of its own in its place"
			v.Advice = "for a route beside theirs, write the labels of another segment: " + prefix + "NAME." + property
		case own:
			v.Kind, v.Quiet, v.Reason = dialect.VerdictRefused, false, "another label has the same key, and another value"
		case l.key == "enable":
			v = dialect.Verdict{Kind: dialect.VerdictUsed}
		case strings.HasPrefix(l.key, "docker."):
			v.Reason = "the registrator reads it, or Traefik alone"
		}
		r.tell(v, s)
	}
}

// frontends are the names of those that there are, sorted: the segments', or where there is none that of the container, "".
func (s *labels) frontends() []string {
	names := slices.Sorted(maps.Keys(s.segments))
	if len(names) > 1 {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	}
	return names
}

// of are the labels of a frontend: its segment's, and the container's where that has none of that name.
func (s *labels) of(name string) group {
	out := maps.Clone(s.segments[""])
	if out == nil {
		out = group{}
	}
	maps.Copy(out, s.segments[name])
	return out
}

// port is the port that a frontend leads to; 0 is the container's lowest one, and ok is false where it is none.
func (g group) port() (n int, ok bool) {
	l := g["port"]
	if l == nil {
		return 0, true
	}
	n = dialect.ParsePort(l.value)
	return n, n != 0 && !l.twice
}

// called is a frontend's name for people.
func called(name string) string { return "frontend " + shown(cmp.Or(name, "of the container")) }
