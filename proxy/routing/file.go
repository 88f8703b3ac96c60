package routing

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// A text may be a whole file in another language, which the operator writes: its routes are as those of the routes file, and what it defines is for tags,
// too.

// fileOwner is whose the definitions of files are; no instance's owner is called so.
const fileOwner = "\xfffile"

// readFile is what a file asks for. One that can't be read changes nothing.
func (s *source) readFile(language dialect.FileLanguage, env dialect.Env, old *source) *source {
	if language == nil {
		return s
	}
	result, err := language.ParseFile(s.text.Name, content(s.text), env)
	if err != nil {
		if old != nil {
			s.lines, s.uses, s.used = old.lines, old.uses, old.used
		}
		s.told = s.tell(nil, 0, dialect.Verdict{Kind: dialect.VerdictRefused, Reason: err.Error() + ": what was read before stays in effect"})
		return s
	}
	for _, v := range result.Verdicts {
		if v.Kind == dialect.VerdictUsed {
			s.used++
		} else {
			s.told = s.tell(s.told, 0, v)
		}
	}
	good := result.Rules
	if old != nil {
		good = lastGood(old.rules(), nil, nil, result)
	}
	for _, r := range good {
		s.lines = append(s.lines, line{rule: r})
	}
	slices.Sort(result.Uses)
	s.uses = slices.Compact(result.Uses)
	return s
}

func content(t *discovery.Text) string { return strings.Join(t.Lines, "\n") }

// unread says whether a text asks for what it asked for before.
func (d *derivation) unread(old *source, t *discovery.Text) bool {
	return old.text == t && d.same && (!d.changed || d.prev.options.own(t)) && !redefined(d.redefined, old.uses)
}

// defineTexts collects what the files that have changed define.
func (d *derivation) defineTexts(edit *dialect.DefinitionsEditor, texts []*discovery.Text) {
	for _, old := range d.prev.sources {
		if !slices.ContainsFunc(texts, func(t *discovery.Text) bool { return sourceName(t) == old.name }) {
			edit.Change(old.name, old.defines, nil)
		}
	}
	for _, t := range texts {
		language := d.prev.options.Languages.File(t.Language)
		if t.Language == "" || language == nil {
			continue
		}
		var was []*dialect.Definition
		if at := slices.IndexFunc(d.prev.sources, func(s *source) bool { return s.name == sourceName(t) }); at >= 0 {
			if d.prev.sources[at].text == t {
				continue
			}
			was = d.prev.sources[at].defines
		}
		is, err := language.DefineFile(t.Name, content(t))
		if err != nil {
			continue
		}
		for _, one := range is {
			one.Owner = fileOwner
		}
		if d.defines == nil {
			d.defines = map[string][]*dialect.Definition{}
		}
		d.defines[sourceName(t)] = dialect.SortedDefinitions(is)
		edit.Change(sourceName(t), was, d.defines[sourceName(t)])
	}
}

// definesOf is what defineTexts found for a text, or had found before.
func (d *derivation) definesOf(old *source, t *discovery.Text) []*dialect.Definition {
	if is, found := d.defines[sourceName(t)]; found || old == nil {
		return is
	}
	return old.defines
}
