package registrator

import (
	"maps"
	"slices"
	"strings"
)

// isVariable says whether a name is that of an environment variable of the language.
func (l *LabelLanguage) isVariable(name string) bool {
	if l.Variable == nil {
		return false
	}
	_, ok := l.Variable(name, "")
	return ok
}

// variables are a container's variables that are the language's, and no other ones. Of two with one name the last one counts, as in the container.
func (l *LabelLanguage) variables(c Container) (out []labelPair) {
	if l.Variable == nil {
		return nil
	}
	for _, line := range c.Env {
		name, value, _ := strings.Cut(line, "=")
		value, ok := l.Variable(name, value)
		if !ok {
			continue
		}
		out = slices.DeleteFunc(out, func(p labelPair) bool { return p.key == name })
		out = append(out, labelPair{name, value})
	}
	return out
}

// uncarried is a label or a variable of a container that is one of a known language and becomes no tag, the first by name, and that language; or
// nil.
func (o Labels) uncarried(c Container) (key string, language *LabelLanguage) {
	first := func(name string, l *LabelLanguage) {
		if l != nil && (language == nil || name < key) {
			key, language = name, l
		}
	}
	for label := range c.Labels {
		if wants(o.Carried, label) == nil {
			first(label, wants(o.Others, label))
		}
	}
	for i := range o.Others {
		l, asked := &o.Others[i], map[string]string{}
		for _, p := range l.variables(c) {
			asked[p.key] = p.value
		}
		if len(asked) == 0 {
			continue
		}
		spent := l.Needs(asked, exposedPorts(c)).Spent // such as those that an application uses for itself
		for name := range asked {
			if !slices.Contains(spent, name) {
				first(name, l)
			}
		}
	}
	return key, language
}

// exposedPorts are the TCP ports that a container exposes or publishes, lowest first.
func exposedPorts(c Container) (out []int) {
	for _, key := range slices.Concat(c.Exposed, slices.Collect(maps.Keys(c.Ports))) {
		number, proto, _ := strings.Cut(withProtocol(key), "/")
		if port := portNumber(number); port != 0 && proto == "tcp" {
			out = append(out, port)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
