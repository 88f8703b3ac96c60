package traefik

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// All containers have one name space of middlewares: one of them defines what routers of others use.

const middlewarePrefix = "http.middlewares."

// fileProvider stands behind names that are defined in the operator's file.
const fileProvider = "@file"

// Define is the middlewares of one container. One that is not enabled defines none.
func (l language) Define(tags []string) (out []*dialect.Definition) {
	if !slices.ContainsFunc(tags, defines) {
		return nil
	}
	r := reader{exposed: l.Exposed, labels: read(tags)}
	if !r.enabled() {
		return nil
	}
	for name, of := range r.middlewares {
		if checkName(name) == nil {
			out = append(out, definition(middlewarePrefix, name, of))
		}
	}
	return append(out, r.defineServices(tags)...)
}

// checkName says why labels can't define a middleware of that name, or nil. What stands behind an @ is who defines it: a label that says @file itself
// would speak for the operator.
func checkName(name string) error {
	if strings.Contains(name, "@") {
		return errors.New("a name that labels define has no @ in it")
	}
	return nil
}

// defines says whether a label may be one of those that define something for others.
func defines(tag string) bool {
	l, ok := cut(tag)
	return ok && (strings.HasPrefix(l.key, middlewarePrefix) || strings.HasPrefix(l.key, servicePrefix) || strings.HasPrefix(l.key, "http.routers.") && strings.HasSuffix(l.key, ".service"))
}

// anyName stands for the name in the tags of a definition: one of a file may hold dots.
const anyName = "m"

// definition is the middleware, service or router of a name, the same in whatever letters and order its labels are written. Of a key that is given twice both values stand in it.
func definition(kind, name string, of group) *dialect.Definition {
	d := &dialect.Definition{Name: prefix + kind + name}
	for option, l := range of {
		tag := prefix + kind + anyName + "." + option + "=" + l.value
		d.Tags = append(d.Tags, tag)
		if l.twice {
			d.Tags = append(d.Tags, tag+" (twice)")
		}
	}
	slices.Sort(d.Tags)
	return d
}

// localName is the name of what is defined in labels, and says whether it is rather one of the operator's file.
func localName(name string) (local string, inFile bool, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	local, provider, _ := strings.Cut(name, "@")
	switch provider {
	case "", "docker", "consulcatalog", "consul", "swarm", "nomad":
		return local, false, nil
	case fileProvider[1:]:
		return local, true, nil
	}
	return "", false, fmt.Errorf("%s stands in no label", quoted(name))
}

// middleware finds what a name means: the container's own, that of another one, or that of the operator's file.
// Where the name stands in the file itself, it means one there.
func (r *reader) middleware(name string, ofFile bool) (group, error) {
	local, inFile, err := localName(name)
	if err != nil {
		return nil, err
	}
	inFile = inFile || ofFile && !strings.Contains(name, "@")
	if of := r.middlewares[local]; inFile && r.file {
		if of == nil {
			return nil, errors.New("the file does not define it")
		}
		return of, nil
	}
	called := prefix + middlewarePrefix + local
	var own *dialect.Definition
	switch of := r.middlewares[local]; {
	case inFile:
		called += fileProvider
	case of != nil && !r.file:
		own = definition(middlewarePrefix, local, of)
	}
	r.out.Uses = append(r.out.Uses, called)
	found, err := r.env.Definitions.Find(called, r.env.Owner, own)
	switch {
	case err == dialect.ErrUndefined && inFile:
		return nil, fmt.Errorf("%s stands in no file of -traefik-file", quoted(name))
	case err != nil:
		return nil, err
	case own != nil && found == own:
		return r.middlewares[local], nil
	}
	of := read(found.Tags).middlewares[anyName]
	if of == nil {
		return nil, errors.New("the container that defines it has more labels than are read")
	}
	for _, l := range of {
		l.elsewhere, l.ofFile = true, inFile
	}
	return of, nil
}

// define tells of the middlewares that no router of the container uses: those of others may.
func (r *reader) define() {
	for _, name := range slices.Sorted(maps.Keys(r.middlewares)) {
		sources := r.middlewares[name].sources()
		if !slices.ContainsFunc(sources, func(s string) bool { return !r.told[s] }) {
			continue
		}
		c := &chain{router: &router{reader: r, of: group{}}}
		err := checkName(name)
		if err == nil {
			err = c.use(name, r.file, 0)
		}
		if err != nil {
			r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "middleware " + shown(name) + ": " + err.Error() + ": routes that use it are refused"}, sources...)
			continue
		}
		r.tell(dialect.Verdict{Kind: dialect.VerdictUsed}, c.sources...)
	}
}
