package routing

import (
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// A text of another language may take routes away. One with a line that can't be parsed is not taken, as that line may be such a one: the last text
// that was taken counts. Where none is known, what parses is in effect as far as it takes away, and its routes let nobody in.

// readLines reads a text, or the one that was last taken in its place. The result is broken where there is none; good is the text that was read.
func (o *Options) readLines(env dialect.Env, old *source, t *discovery.Text, later []dialect.TagChange) (read dialect.TextResult, good *discovery.Text) {
	language := o.languageOf(t)
	if read = language.ReadText(t.Lines, later, env); read.Broken == 0 {
		return read, t
	}
	good = t.Before // of a run before this one
	if old != nil && old.good != nil {
		good = old.good
	}
	if good == nil {
		return read, nil
	}
	last := language.ReadText(good.Lines, later, env)
	if last.Broken > 0 { // the language has changed since
		return read, nil
	}
	return last, good
}

// Broken says whether a text is not taken as a whole, for discovery.Options.
func (o Options) Broken(t *discovery.Text) bool {
	if o.TextLanguage == nil || t.Language != "" || o.own(t) {
		return false
	}
	env := o.env("")
	env.Writer = writer(t)
	return o.languageOf(t).ReadText(t.Lines, nil, env).Broken > 0
}

// closeLines takes the routes of a broken text, closed.
func (s *source) closeLines(read dialect.TextResult) *source {
	s.tellBroken(read, "no text was taken before, so its routes are closed")
	for _, l := range read.Lines {
		if l.Rule != nil {
			l.Rule.Sources = []string{dialect.Source(strings.TrimSpace(s.text.Lines[l.Number-1]))}
			s.lines = append(s.lines, line{l.Rule.Shut(), l.Number})
		}
	}
	return s
}

// tellBroken tells of the line for which a text is not taken.
func (s *source) tellBroken(read dialect.TextResult, instead string) {
	for _, l := range read.Lines {
		if l.Number != read.Broken {
			continue
		}
		for _, v := range l.Verdicts {
			v.Reason += ": the text is not taken; " + instead
			v.Sources = []string{dialect.Source(s.text.Lines[l.Number-1])}
			s.told = s.tell(s.told, l.Number, v)
		}
	}
}
