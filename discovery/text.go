package discovery

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
)

// TextKind is where route lines stand, and so who may have written them. The zero value is the one that is trusted least.
type TextKind uint8

const (
	// TextKV is a value in the catalogue's key-value store: whoever may write there.
	TextKV TextKind = iota
	// TextFile is the operator's routes file.
	TextFile
)

// Text is what one source holds that is no service: route lines, which discovery carries without reading them. Immutable.
type Text struct {
	Kind TextKind
	// Name is the file's path, or the key.
	Name string
	// Language is the name of that in which the whole is written; "" is a line for each route.
	Language string
	// Lines are all lines as they stand there, remarks too: a line's number is its index + 1. They must not be modified.
	Lines []string
	// Index is the index at which the key was created; 0 for a file.
	Index uint64
	// Before, where the text is broken (see Options.Broken), is the last one of its name that was not; nil where none is known.
	Before *Text
}

// NewText takes a source's content apart. A carriage return at a line's end is no part of it.
func NewText(kind TextKind, name, content string, index uint64) *Text {
	t := &Text{Kind: kind, Name: name, Index: index}
	content = strings.TrimSuffix(content, "\n")
	for line := range strings.SplitSeq(content, "\n") {
		t.Lines = append(t.Lines, strings.TrimSuffix(line, "\r"))
	}
	return t
}

// Compare orders texts by kind, then name. It is the order of Snapshot.Texts.
func (t *Text) Compare(o *Text) int {
	return cmp.Or(cmp.Compare(o.Kind, t.Kind), strings.Compare(t.Name, o.Name))
}

// Equal compares contents.
func (t *Text) Equal(o *Text) bool {
	return t == o || t.Kind == o.Kind && t.Name == o.Name && t.Language == o.Language && t.Index == o.Index && slices.Equal(t.Lines, o.Lines)
}

// Name is a host name that a text names, and where it leads. Immutable.
type Name struct {
	Host string
	// Addresses are sorted; none where the name is not known, or was never answered.
	Addresses []netip.Addr
}

// Equal compares contents.
func (n *Name) Equal(o *Name) bool {
	return n == o || n.Host == o.Host && slices.Equal(n.Addresses, o.Addresses)
}

// TextAnswer is the complete set of texts that a catalogue holds.
type TextAnswer struct {
	Texts []*Text
	// Bytes is the answer's size, 0 where unknown.
	Bytes int
	Meta
}

// TextLister is a Catalogue that also holds texts. What Instances promises holds for Texts too; an answer without texts says that there
// are none.
type TextLister interface {
	Texts(ctx context.Context, q Query) (TextAnswer, error)
}

// PinPrefix is where the Store keeps pins: below it a key for each service, see KeyOf.
const PinPrefix = "pins"

// References are what texts name beside addresses.
type References struct {
	Services []string // of the catalogue: they are watched whatever their tags
	Hosts    []string // whose addresses SetNames is to tell
	Remote   []Remote
}

// keep returns next with each part that equals one of prev replaced by that one, and whether both are the same. Both are sorted.
func keep[T interface{ Equal(T) bool }](prev, next []T, same func(a, b T) bool) (out []T, equal bool) {
	equal = len(prev) == len(next)
	out = slices.Clone(next)
	for i, n := range out {
		at := slices.IndexFunc(prev, func(p T) bool { return same(p, n) })
		if at >= 0 && prev[at].Equal(n) {
			out[i] = prev[at]
			continue
		}
		equal = false
	}
	return out, equal
}
