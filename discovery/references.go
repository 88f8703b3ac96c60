package discovery

import (
	"iter"
	"slices"
)

// refer finds out what the texts name, and follows those services too.
func (v *view) refer() {
	l := &v.lines
	if v.o.Refer == nil {
		return
	}
	l.references = v.o.Refer(l.texts)
	l.named = make(map[string]bool, len(l.references.Services))
	for _, name := range l.references.Services {
		l.named[name] = true
	}
	if v.listed {
		v.relist()
	}
}

// relist compares the last list with the services that are followed, after texts have changed what is wanted of it.
func (v *view) relist() {
	names, _ := v.wanted(v.services)
	v.choose(len(names))
	gone := v.unlist(names)
	for _, name := range sortedKeys(names) {
		s := v.ensure(name)
		s.listed = true
		if s.watch == nil {
			if !v.complete {
				v.awaited[name] = true
			}
			v.start(s)
		}
	}
	for _, s := range gone {
		v.askAgain(s, sure)
	}
	v.followRemotes()
}

// textsKnown says whether the first view has all texts, and all hosts that they name.
func (v *view) textsKnown() bool {
	l := &v.lines
	if l.watch != nil && !l.answered {
		return false
	}
	if !v.pinsKnown() {
		return false
	}
	for _, host := range l.references.Hosts {
		if !slices.ContainsFunc(l.names, func(n *Name) bool { return n.Host == host }) {
			return false
		}
	}
	return true
}

// wants says whether a service is followed: by its tags, or because a text, a pin, or a tag of another one names it.
func (v *view) wants(name string, tags []string) bool {
	return !v.o.Never(name) && (v.lines.named[name] || v.named[name] || v.pinned[name] || v.o.Wanted(name, tags))
}

// nameByTags notes which services the tags of others name; each yields all services with their tags.
func (v *view) nameByTags(each iter.Seq2[string, []string]) {
	v.named, v.byTags = nil, nil
	if v.o.Named == nil {
		return
	}
	for name, tags := range each {
		named := v.o.Named(name, tags)
		if len(named.Services)+len(named.Remote) == 0 || !v.o.Wanted(name, tags) {
			continue
		}
		for _, other := range named.Services {
			if v.named == nil {
				v.named = map[string]bool{}
			}
			v.named[other] = true
		}
		v.byTags = append(v.byTags, named.Remote...)
	}
}
