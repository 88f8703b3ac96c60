package dialect

import (
	"net/netip"
	"slices"
)

// TextLanguage is a language of texts that are no tags, beside our own lines.
type TextLanguage interface {
	// ReadText reads all lines of one text. Each line that is no remark has a rule that is in effect as written, or a Verdict.
	// Later are the changes that texts behind this one ask for: they are made in its routes, too.
	ReadText(lines []string, later []TagChange, env Env) TextResult
}

// TextResult is what a text asks for.
type TextResult struct {
	Lines   []TextLine
	Changes []TagChange
	// Broken is the first line for which the text is not to be taken as a whole, as what it takes away can't be told; 0 where there is none.
	Broken int
}

// TextLine is what became of the line of a number, which begins with 1. The rule is nil where it asks for none.
type TextLine struct {
	Number   int
	Rule     *Rule
	Verdicts []Verdict // without Sources
}

// TagChange takes routes that tags ask for away, or gives them a share. It is about the routes of one language.
type TagChange struct {
	Language string
	// Service is whose routes it is about, Match which of them, To that to one instance, and Tags those of instances that have all of them; what
	// is not set is any.
	Service string
	Match   *Match
	To      netip.AddrPort
	Tags    []string
	// Weight says that they stay, and that Share is what all of them get together; 0 is a part of what the fixed ones leave.
	Weight bool
	Share  float64
}

// About says whether it is about a rule of an instance at an address.
func (c *TagChange) About(r *Rule, service string, at netip.AddrPort, tags []string) bool {
	return r.Language == c.Language && (c.Service == "" || c.Service == service) && (c.Match == nil || c.Match.Same(r.Match)) &&
		(!c.To.IsValid() || c.To == at) && !slices.ContainsFunc(c.Tags, func(tag string) bool { return !slices.Contains(tags, tag) })
}

// Equal compares contents.
func (c *TagChange) Equal(o *TagChange) bool {
	return c.Language == o.Language && c.Service == o.Service && (c.Match == nil) == (o.Match == nil) && (c.Match == nil || c.Match.Same(*o.Match)) &&
		c.To == o.To && slices.Equal(c.Tags, o.Tags) && c.Weight == o.Weight && c.Share == o.Share
}

// ParseLine reads one line of the language, as it stands behind the prefix of a tag. It is as the function of that name.
func (l Lines) ParseLine(text string, env Env) (*Rule, []Verdict) {
	return (&line{paths: l.Paths, env: env, fabio: l.Fabio, globs: l.Globs, schemes: l.Schemes}).read(text)
}
