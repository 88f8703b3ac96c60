package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Lines is a language of which a tag holds one line: host[:port][/path] and options, with blanks between.
type Lines struct {
	// Called is the language's name.
	Called string
	// Prefix stands in front of a line; "" is our own language, with pointsman.route= and .route.NAME=, and all other tags of ours.
	Prefix string
	// Paths is how its paths match.
	Paths PathKind
	// Fabio has only those options that Fabio knows, in Fabio's spelling, and no quotes.
	Fabio bool
	// Globs reads paths as Fabio's matcher glob does, whatever Paths says.
	Globs bool
	// Schemes are what auth=NAME means in a tag of Fabio's, by name.
	Schemes map[string]BasicAuth
}

// Name is the language's name for people.
func (l Lines) Name() string { return l.Called }

// Wants says whether a tag begins with the prefix; blanks in front of it do not matter.
func (l Lines) Wants(tag string) bool {
	if l.Prefix == "" {
		_, _, ok := ownTag(tag)
		return ok
	}
	_, ok := l.cut(tag)
	return ok
}

// cut is the line of a tag.
func (l Lines) cut(tag string) (line string, ok bool) {
	if l.Prefix == "" {
		line, ok = ownLine(tag)
		return line, ok && strings.TrimSpace(line) != noRoute
	}
	return strings.CutPrefix(strings.TrimLeft(tag, " \t"), l.Prefix)
}

// Parse reads all tags of one instance. A tag that was refused because of a restriction makes a rule that is Closed, and a Verdict.
func (l Lines) Parse(tags []string, env Env) (out Result) {
	out.Defaults = ParseDefaults(tags, env)
	if l.Prefix == "" && out.Defaults != nil {
		out.Verdicts = slices.Clone(out.Defaults.verdicts)
	}
	seen := 0
	for _, tag := range tags {
		text, ok := l.cut(tag)
		if !ok {
			continue
		}
		if seen++; seen > maxRoutes {
			out.unread++
			out.lost = out.lost || (&line{fabio: l.Fabio}).restrictsUnread(text)
			continue
		}
		rule, verdicts := (&line{paths: l.Paths, env: env, fabio: l.Fabio, globs: l.Globs, schemes: l.Schemes, defaults: out.Defaults}).read(text)
		sources := []string{Source(tag)}
		for _, v := range verdicts {
			v.Sources = sources
			out.Verdicts = append(out.Verdicts, v)
		}
		if rule != nil {
			rule.Language, rule.Sources = l.Called, sources
			out.Add(rule)
		}
	}
	return out
}

// ParseLine reads one line in our own language. The rule, which is the caller's and has no Sources, is nil where the line asks for no route
// or was refused; what is not in effect as written has a Verdict without Sources. A line that holds nothing, or a remark where Env.Writer
// may write some, has neither.
func ParseLine(text string, paths PathKind, env Env) (*Rule, []Verdict) {
	return (&line{paths: paths, env: env}).read(text)
}

// errNothing is a line that holds nothing, or a remark.
var errNothing = errors.New("the line names no host and no path")

func (l *line) read(text string) (*Rule, []Verdict) {
	if err := l.parse(text); err == errNothing && l.env.Writer != WriterTag {
		return nil, nil
	} else if err != nil {
		refused := Verdict{Kind: VerdictRefused, Rule: l.rule.Name, Reason: err.Error(), Final: l.final}
		if l.rule.Policy.Closed {
			return &l.rule, []Verdict{refused}
		}
		refused.Restricts = !l.final && (l.restrictsUnread(text) || Withheld(text) != "")
		return nil, []Verdict{refused}
	}
	var partly []Verdict
	for _, note := range l.notes {
		partly = append(partly, Verdict{Kind: VerdictPartly, Rule: l.rule.Name, Reason: note})
	}
	l.rule.seal()
	return &l.rule, partly
}

// line is one on its way to a rule.
type line struct {
	rule     Rule
	paths    PathKind
	env      Env
	fabio    bool
	globs    bool
	schemes  map[string]BasicAuth
	defaults *Defaults
	final    bool     // it is refused as a whole, however good: what it asks for is not served
	notes    []string // options that are understood, or unknown, and not in effect
}

func (l *line) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

func (l *line) parse(text string) error {
	if err := l.checkText(text); err != nil {
		l.closeUnread(text)
		return err
	}
	fields, err := l.split(text)
	if err != nil {
		l.closeUnread(text)
		return err
	}
	if len(fields) == 0 {
		return errNothing
	}
	if err := errWithheld("the line", fields[0]); err != nil {
		return err
	}
	l.rule.Name = fields[0]
	list := l.defaults.add(l.words(fields[1:]))
	if err := l.foreign(list); err != nil {
		return err
	}
	match, err := l.source(l.rule.Name)
	if err != nil {
		return err
	}
	l.rule.Match = match
	restricted, err := l.setAll(list)
	if err == nil && l.defaults != nil && l.defaults.closed != "" {
		restricted, err = true, errors.New(l.defaults.closed)
	}
	if why := errWithheld("the line", text); err == nil && why != nil {
		restricted, err = true, why
	}
	switch {
	case err != nil && restricted:
		l.rule = *l.rule.closed()
	case err == nil:
		l.judge(list)
	}
	return err
}
