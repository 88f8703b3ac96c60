package ctmpl

import (
	"regexp"
	"slices"
	"strings"
)

// abstract is a catalogue in place of the one that is not here: a service that stands for all, once without a tag and once with each of the
// texts that the template compares with, and a service for each of those texts, which may be names.
type abstract struct {
	env      func(name string) (string, bool)
	words    []string
	snippets []*Snippet
	// kinds are the services that stand for all, by their names.
	kinds map[string]*kind
	// instances are those of which the template sees a part, by what stands for their port.
	instances map[string]*instance
	// values are those that are known elsewhere, by what stands for them.
	values map[string]string
	// servers are services by what stands for an instance's address and port; odd are those of which a template takes one of the two alone.
	servers map[string]string
	odd     map[string]bool
	byName  map[string]unset
}

// kind is a service that stands for all with a tag.
type kind struct {
	tag string // "" for none
	// both says that it has all tags.
	both bool
}

// instance is one of a service that is named.
type instance struct {
	query
	tagged bool
}

// maxTags bounds the services that stand for others.
const maxTags = 8

func newAbstract(t *tree, env func(name string) (string, bool)) *abstract {
	c := &abstract{env: env, kinds: map[string]*kind{}, instances: map[string]*instance{}, values: map[string]string{}, servers: map[string]string{}, odd: map[string]bool{}, byName: map[string]unset{}}
	for _, w := range t.words {
		if !slices.Contains(c.words, w) && len(c.words) < maxTags {
			c.words = append(c.words, w)
		}
	}
	c.add(&kind{})
	for _, w := range c.words {
		c.add(&kind{tag: w}, w)
	}
	if len(c.words) > 1 {
		c.add(&kind{both: true}, c.words...)
	}
	for _, w := range c.words {
		if q, err := parseQuery(w); err == nil && q.name == w {
			c.snippets = append(c.snippets, &Snippet{Name: w})
		}
	}
	return c
}

func (c *abstract) add(k *kind, tags ...string) {
	name := placeholder("svc", len(c.kinds))
	c.kinds[name] = k
	c.snippets = append(c.snippets, &Snippet{Name: name, Tags: tags})
}

func (c *abstract) services() []*Snippet { return c.snippets }

// service is an instance of what is asked for; two where the template may tell them apart by their tags.
func (c *abstract) service(q query) []instanceFields {
	if k := c.kinds[q.name]; k != nil {
		for _, s := range c.snippets {
			if s.Name == q.name && (q.tag == "" || s.Tags.Contains(q.tag)) {
				return []instanceFields{c.instance(q, q.name, s.Tags)}
			}
		}
		return nil
	}
	if q.tag == "" && len(c.words) == 0 {
		return c.whole(q)
	}
	out := []instanceFields{c.instance(q, c.part(q, true), append(slices.Clone(c.words), q.tag))}
	if q.tag == "" {
		out = append(out, c.instance(q, c.part(q, false), nil))
	}
	return out
}

// whole is an instance that stands for all of a service's, whose tags the template does not look at.
func (c *abstract) whole(q query) []instanceFields {
	if q.tag != "" || c.kinds[q.name] != nil {
		return c.service(q)
	}
	name := q.name
	if q.datacenter != "" {
		name += "@" + q.datacenter
	}
	return []instanceFields{c.instance(q, name, nil)}
}

// part is the name for instances of a service with all tags, or with none.
func (c *abstract) part(q query, tagged bool) string {
	for name, i := range c.instances {
		if i.query == q && i.tagged == tagged {
			return name
		}
	}
	name := placeholder("ins", len(c.instances))
	c.instances[name] = &instance{query: q, tagged: tagged}
	return name
}

func (c *abstract) instance(q query, name string, tags Tags) instanceFields {
	n := ""
	for at, other := range c.servers {
		if other == name {
			n = at
		}
	}
	if n == "" {
		n = placeholder("adr", len(c.servers))
		c.servers[n] = name
	}
	return instanceFields{"Address": n, "Port": Port(strings.Replace(n, "adr", "prt", 1)), "Name": q.name, "ID": q.name, "Node": "node", "NodeID": "node", "NodeAddress": "node", "Status": "passing", "Tags": tags,
		"NodeMeta": map[string]string{}, "ServiceMeta": map[string]string{}, "Checks": []string{}, "NodeDatacenter": q.datacenter}
}

// outside is a value of the environment where it is known, else one that stands for it.
func (c *abstract) outside(kind, name string) any {
	if kind == "env" && c.env != nil {
		if v, ok := c.env(name); ok {
			return unmarked.Replace(v)
		}
	}
	key := kind + " " + name
	if v, ok := c.byName[key]; ok {
		return v
	}
	if len(c.values) >= 999 {
		return newUnset("zvar999z")
	}
	p := placeholder("var", len(c.values))
	c.values[p], c.byName[key] = key, newUnset(p)
	return c.byName[key]
}

// server is an instance's address and port as a template writes it: both, another address with the port, or the address alone or with another port.
var server = regexp.MustCompile(`(?:[\w.-]+:)?z(?:prt|adr)([0-9]{3})z(?::[0-9]+)?`)

// named is a text with service:NAME in the place of addresses and ports.
func (c *abstract) named(text string) string {
	return server.ReplaceAllStringFunc(text, func(found string) string {
		n := server.FindStringSubmatch(found)[1]
		name := c.servers["zadr"+n+"z"]
		if found != "zadr"+n+"z:zprt"+n+"z" {
			c.odd[name] = true
		}
		return "service:" + name
	})
}
