package dialect

import "strings"

// Verdict says what became of one or more tags of an instance: silence is never an outcome.
type Verdict struct {
	Kind VerdictKind
	// Language is the name of that in which the tags are written; "" is our own, and what is about no tag.
	Language string
	// Rule names the rule that it is about, see Rule.Name; "" where none could be read.
	Rule string
	// Sources are the tags that it is about, shortened and escaped for people; nil where it is about no tag.
	Sources []string
	// Reason is why, and Advice what to write instead; both for people. Reason is "" for VerdictUsed only, Advice may be "" always.
	Reason, Advice string
	// Restricts says that what was refused has a restriction of its own which stands in no rule, as not even what it is about could be read.
	Restricts bool
	// Final says that what was refused is well written, and not served: a route that its tags had before does not stay.
	Final bool
	// Quiet says that nobody has to do anything about it: it is shown, and not logged.
	Quiet bool
}

// VerdictKind is what became of tags.
type VerdictKind uint8

const (
	// VerdictUsed means in effect as written.
	VerdictUsed VerdictKind = iota
	// VerdictPartly means in effect but for an option.
	VerdictPartly
	// VerdictIgnored means understood, and not for this proxy: there is no route.
	VerdictIgnored
	// VerdictRefused means not in effect. A route that the tags had before stays as it was, but for Final; where they restrict, it is closed.
	VerdictRefused
)

// VerdictKinds are all kinds.
var VerdictKinds = [...]VerdictKind{VerdictUsed, VerdictPartly, VerdictIgnored, VerdictRefused}

// String is the kind in a word, as the API has it.
func (k VerdictKind) String() string {
	return [...]string{"used", "partly", "ignored", "refused"}[min(k, VerdictRefused)]
}

// Source is a tag or a line as it stands in Rule.Sources and Verdict.Sources: without secrets, escaped, and bounded.
func Source(tag string) string { return shown(Concealed(tag)) }

// Printable is a text without secrets, escaped and bounded only where a terminal might take it for something else.
func Printable(text string) string {
	text = Concealed(text)
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
		return Source(text)
	}
	return text
}
