package routing

import (
	"cmp"
	"fmt"

	"github.com/pointsman/pointsman/discovery"
)

// TextChange is how a routes file or a key of the KV store differs from what the table before held of it.
type TextChange struct {
	// Name is the file's path, or the key; Kind is what it is.
	Name string
	Kind discovery.TextKind
	// Come and Gone say that it was not there before, or is no more.
	Come, Gone bool
	// Line is the number of the first line that differs, from 1 on; 0 where the text came or went.
	Line int
	// Index is that of the catalogue's answer; 0 for a file, and where it is not known.
	Index uint64
}

// String is the change in a few words, as "routes in web.txt, line 3". The name is as the catalogue has it.
func (c *TextChange) String() string {
	switch {
	case c.Come:
		return "routes in " + c.Name + ", which is new"
	case c.Gone:
		return "routes in " + c.Name + ", which is gone"
	}
	return fmt.Sprintf("routes in %s, line %d", c.Name, c.Line)
}

// Change is how one service differs from what the table before held of it.
type Change struct {
	Service                 string
	Added, Removed, Changed int // instances
	// Instance is the ID of the first instance that is new, gone or different; Tag is the first of its tags that came or went, without its secrets, "" where
	// something else of it changed.
	Instance, Tag string
	// Index is that of the catalogue's answer; 0 where it is not known, as when the service has left the catalogue.
	Index uint64
}

// explainTexts notes which texts have changed.
func (d *derivation) explainTexts(s *discovery.Snapshot) {
	if d.prev.Number == 0 {
		return
	}
	before := make(map[string]*discovery.Text, len(d.prev.sources))
	for _, old := range d.prev.sources {
		before[old.name] = old.text
	}
	for _, t := range s.Texts {
		name := sourceName(t)
		was := before[name]
		delete(before, name)
		if was != t {
			d.explainText(was, t, s.TextIndex)
		}
	}
	for _, old := range d.prev.sources {
		if was := before[old.name]; was != nil {
			d.explainText(was, nil, s.TextIndex)
		}
	}
}

// explainText notes how a text has changed, as an answer of the catalogue of an index told. Either side may be nil.
func (d *derivation) explainText(was, is *discovery.Text, index uint64) {
	cause := &d.next.Cause
	if len(cause.Texts) == maxChanges {
		cause.MoreTexts++
		return
	}
	one := cmp.Or(is, was)
	ch := TextChange{Name: one.Name, Kind: one.Kind, Come: was == nil, Gone: is == nil}
	if one.Kind == discovery.TextKV {
		ch.Index = index
	}
	if was != nil && is != nil {
		for ch.Line < min(len(was.Lines), len(is.Lines)) && was.Lines[ch.Line] == is.Lines[ch.Line] {
			ch.Line++
		}
		ch.Line++
	}
	cause.Texts = append(cause.Texts, ch)
}
