package dialect

import (
	"slices"
	"strings"
)

// Definition is what tags define under a name for routes of other instances, too. Immutable.
type Definition struct {
	// Name is the language's: no two languages have one.
	Name string
	// Tags are those that define it, sorted.
	Tags []string
	// Owner is whose instance it is: only what others define can contradict it.
	Owner string
}

// same says whether two define the same.
func (d *Definition) same(o *Definition) bool { return slices.Equal(d.Tags, o.Tags) }

func (d *Definition) equal(o *Definition) bool {
	return d.Name == o.Name && d.Owner == o.Owner && d.same(o)
}

func compareDefinitions(a, b *Definition) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if c := strings.Compare(a.Owner, b.Owner); c != 0 {
		return c
	}
	return slices.Compare(a.Tags, b.Tags)
}

// Definer is a language in which routes use what other instances define.
type Definer interface {
	Language
	// Define is what the tags of one instance define, in any order and without Owner. The tags are not kept or modified.
	Define(tags []string) []*Definition
}

// FileLanguage is a language of whole files, too, which the operator writes.
type FileLanguage interface {
	Language
	// DefineFile is what a file defines for tags, in any order and without Owner. An error is that it can't be read at all.
	DefineFile(name, content string) ([]*Definition, error)
	// ParseFile is what a file asks for; env.Writer is the operator whatever it says. An error is likewise.
	ParseFile(name, content string, env Env) (Result, error)
}

// File is the language of that name, if it has files; nil otherwise.
func (l Languages) File(name string) FileLanguage {
	for _, language := range l {
		if f, ok := language.(FileLanguage); ok && f.Name() == name {
			return f
		}
	}
	return nil
}

// Define is what the tags of one instance define in all languages. Where there are more of them than are read, none of it can be used: what was left out
// may have been a restriction.
func (l Languages) Define(tags []string, owner string) (out []*Definition) {
	for _, language := range l {
		definer, ok := language.(Definer)
		if !ok || !slices.ContainsFunc(tags, language.Wants) {
			continue
		}
		for _, d := range definer.Define(tags) {
			d.Owner = owner
			out = append(out, d)
		}
	}
	bytes := 0
	for _, tag := range tags {
		bytes += len(tag)
	}
	if bytes > maxTagBytes {
		for _, d := range out {
			d.Tags = []string{unreadable}
		}
	}
	return out
}

// unreadable stands for the tags of a definition that can't be used.
const unreadable = WithheldTooLong

// SortedDefinitions is a list in order, with each once. The list is changed.
func SortedDefinitions(list []*Definition) []*Definition {
	slices.SortFunc(list, compareDefinitions)
	return slices.CompactFunc(list, (*Definition).equal)
}
