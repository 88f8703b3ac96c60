package ctmpl

import (
	"fmt"
	"io"
	"strings"
)

// unset is a value that only the place where the template is rendered knows: of the environment, of KV, of a function that is not known here. It
// is false in a condition, so that what stands in its place counts, and prints as a placeholder: that is the name behind its end.
type unset []byte

func newUnset(placeholder string) unset { return append(unset{}, placeholder...)[:0] }

// String is the placeholder.
func (u unset) String() string { return string(u[:cap(u)][:placeholderLength]) }

// Format prints it whatever the verb.
func (u unset) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, u.String()) }

// Port is one of an instance: a number, or the name that stands for it.
type Port string

// Format prints it whatever the verb.
func (p Port) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, string(p)) }

// placeholderLength is that of all placeholders.
const placeholderLength = len("zvar000z")

func placeholder(kind string, n int) string { return fmt.Sprintf("z%s%03dz", kind, n) }

// KeyPair is an entry of KV.
type KeyPair struct{ Path, Key, Value string }

// Tags are those of a service.
type Tags []string

// Contains is the old way to ask for one.
func (t Tags) Contains(tag string) bool {
	for _, one := range t {
		if one == tag {
			return true
		}
	}
	return false
}

// Snippet is a service of the catalogue.
type Snippet struct {
	Name string
	Tags Tags
}

// instanceFields are an instance as templates see it, by consul-template's names.
type instanceFields map[string]any

// text is a value as a string.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// known says whether nothing of some values is unset.
func known(values ...any) bool {
	for _, v := range values {
		if _, ok := v.(unset); ok {
			return false
		}
		if s, ok := v.(string); ok && strings.Contains(s, "zvar") {
			return false
		}
	}
	return true
}
