package haproxy

import (
	"net/netip"
	"slices"
	"strings"
)

// context is what is known of requests at a place in the rules.
type context struct {
	// host is the host of a line that they are for; of no kind it is none that any rule names.
	host atom
	// listener is the one that they come by; nil is any.
	listener *listener
	// atoms hold, besides that.
	atoms []atom
	// rewritten says that the path is no longer the client's.
	rewritten bool
	// changed are the header fields that are no longer the client's, in small letters.
	changed []string
}

// alters notes what an effect changes of a request that later rules look at.
func (c context) alters(e effect) context {
	c.rewritten = c.rewritten || e.path != nil
	name := e.field
	switch e.word.Name {
	case "host":
		name = "host"
	case "request-header":
		_, name, _ = strings.Cut(e.word.Value, ":")
		name, _, _ = strings.Cut(name, ":")
	}
	if name != "" {
		c.changed = append(c.changed[:len(c.changed):len(c.changed)], strings.ToLower(name))
	}
	return c
}

func (c context) with(a atom) context {
	c.atoms = append(c.atoms[:len(c.atoms):len(c.atoms)], a)
	return c
}

// tells is what is known of an atom. A reason says that it can't be told, and that no line could.
func (c context) tells(a atom) (t truth, why string) {
	switch a.kind {
	case kindUnknown:
		return open, a.text
	case kindHost:
		if slices.Contains(c.changed, "host") {
			return open, "the host was changed before"
		}
		if c.host.kind == kindUnknown {
			return no, ""
		}
		if t = c.host.tells(a); t == open && earlier(a, c.host) {
			return no, "" // a request for both hosts takes a route of the other one, which has routes for all of them
		}
		if t == open {
			why = "whether " + a.text + " is a host of " + c.host.hostGlob() + " differs from host to host"
		}
		return t, why
	case kindHostExpression:
		switch {
		case slices.Contains(c.changed, "host"):
			return open, "the host was changed before"
		case c.host.kind == kindHost:
			if t = c.host.tells(a); t != open {
				return t, ""
			}
		}
	case kindListener:
		return c.ofListener(a)
	case kindPath:
		if c.rewritten {
			return open, "the path was changed before"
		}
	case kindHeader:
		if slices.Contains(c.changed, strings.ToLower(a.name)) {
			return open, "the field " + a.name + " was changed before"
		}
	}
	for _, b := range c.atoms {
		if b.kind != a.kind {
			continue
		}
		if t = b.known(a); t != open {
			return t, ""
		}
	}
	return open, ""
}

func (c context) ofListener(a atom) (truth, string) {
	switch {
	case c.listener == nil:
		return open, "it is not known by which listener"
	case a.name == "port":
		return truthOf(c.listener.port == a.text), ""
	}
	return truthOf(c.listener.tls), ""
}

// known is what a being true says of b, of the same kind.
func (a atom) known(b atom) truth {
	switch a.kind {
	case kindPath:
		return a.tells(b)
	case kindMethod:
		return truthOf(a.text == b.text)
	case kindClient:
		p, q := netip.MustParsePrefix(a.text), netip.MustParsePrefix(b.text)
		switch {
		case !p.Overlaps(q):
			return no
		case q.Bits() <= p.Bits():
			return yes
		}
		return open
	}
	if a == b || a.name == b.name && b.how == howFound {
		return yes
	}
	return open
}

// restricted is the context in which a conjunct holds, but for the atoms that must not be true. Impossible says that it never does. A reason says
// that some of it can't be told: the context is then wider than what was written.
func (c context) restricted(con conjunct) (next context, negs []atom, why string, impossible bool) {
	next = c
	for _, positive := range []bool{true, false} {
		for _, l := range con {
			if l.not == positive {
				continue
			}
			t, reason := next.tells(l.atom)
			switch {
			case t == yes && l.not || t == no && !l.not:
				return next, nil, "", true
			case t != open:
			case reason != "":
				why = reason
			case l.not:
				negs = append(negs, l.atom)
			default:
				next = next.with(l.atom)
			}
		}
	}
	return next, negs, why, false
}

// covers says whether all requests of d are ones of c, both for the same host and listener.
func (c context) covers(d context) bool {
	return !slices.ContainsFunc(c.atoms, func(a atom) bool {
		d.rewritten, d.changed = false, nil
		t, _ := d.tells(a)
		return t != yes
	})
}

// apart says whether no request is one of both.
func (c context) apart(d context) bool {
	c.rewritten, c.changed = false, nil
	return slices.ContainsFunc(d.atoms, func(a atom) bool {
		t, _ := c.tells(a)
		return t == no
	})
}
