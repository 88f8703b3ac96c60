package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// readText parses the lines of a text. Later are the changes that texts behind it ask for. What was good before and is refused now stays, see lastGood.
func (o *Options) readText(env dialect.Env, old *source, t *discovery.Text, later []dialect.TagChange) *source {
	s := &source{text: t, name: sourceName(t)}
	if t.Language != "" {
		return s.readFile(o.Languages.File(t.Language), env, old)
	}
	env.Writer = writer(t)
	read, taken := o.readLines(env, old, t, later)
	s.good, s.changes = taken, read.Changes
	if read.Broken > 0 {
		return s.closeLines(read)
	}
	if taken != t {
		s.tellBroken(o.languageOf(t).ReadText(t.Lines, later, env), "what was last taken stays in effect")
	}
	var result dialect.Result
	at := map[*dialect.Rule]int{}
	q := quota{free: t.Kind == discovery.TextFile}
	for _, l := range read.Lines {
		if rule := s.takeLine(&result, &q, l, taken); rule != nil {
			at[rule] = l.Number
		}
	}
	good := result.Rules
	if old != nil && !q.lost {
		good = lastGood(old.rules(), nil, nil, result)
		for _, l := range old.lines {
			if at[l.rule] == 0 {
				at[l.rule] = l.number
			}
		}
	}
	for _, r := range good {
		if q.lost {
			r = r.Shut()
		}
		s.lines = append(s.lines, line{r, at[r]})
	}
	return s
}

// takeLine adds what a line of the text that was taken asks for to a result, and returns its rule; nil where it has none.
func (s *source) takeLine(result *dialect.Result, q *quota, l dialect.TextLine, taken *discovery.Text) *dialect.Rule {
	rule, verdicts, text := l.Rule, l.Verdicts, taken.Lines[l.Number-1]
	if rule != nil {
		if why := q.take(rule); why != "" {
			q.lost = q.lost || rule.Restricts()
			rule, verdicts = nil, []dialect.Verdict{{Kind: dialect.VerdictRefused, Rule: rule.Name, Reason: why}}
		}
	}
	if rule != nil {
		rule.Sources = []string{dialect.Source(strings.TrimSpace(text))}
		result.Rules = append(result.Rules, rule)
	}
	if rule != nil && !rule.Policy.Closed && len(verdicts) == 0 {
		s.used++
	}
	for _, v := range verdicts {
		if v.Kind == dialect.VerdictUsed {
			s.used++
			continue
		}
		v.Sources = []string{dialect.Source(text)}
		result.Verdicts = append(result.Verdicts, v)
		if taken == s.text { // lines of another text have other numbers
			s.told = s.tell(s.told, l.Number, v)
		}
	}
	return rule
}

// languageOf is that of a text: our own lines, unless its key is the one of another language.
func (o *Options) languageOf(t *discovery.Text) dialect.TextLanguage {
	if o.TextLanguage != nil && t.Kind == discovery.TextKV && (t.Name == o.TextKey || strings.HasPrefix(t.Name, o.TextKey+"/")) {
		return o.TextLanguage
	}
	return ownLines{}
}

// ownLines is our own language of texts.
type ownLines struct{}

// ReadText reads each line by itself.
func (ownLines) ReadText(lines []string, _ []dialect.TagChange, env dialect.Env) (out dialect.TextResult) {
	for i, text := range lines {
		if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
			continue
		}
		rule, verdicts := dialect.ParseLine(text, dialect.PathSegments, env)
		if rule != nil {
			rule.Language = dialect.NativeName
		}
		out.Lines = append(out.Lines, dialect.TextLine{Number: i + 1, Rule: rule, Verdicts: verdicts})
	}
	return out
}

// tell adds a verdict about the line of a number.
func (s *source) tell(list []Verdict, number int, v dialect.Verdict) []Verdict {
	told := Verdict{Verdict: v, Service: s.kind(), Instance: escaped(s.text.Name)}
	if number > 0 {
		told.Instance = fmt.Sprintf("%s:%d", told.Instance, number)
	}
	if len(list) >= maxVerdicts || slices.ContainsFunc(list, told.same) {
		return list
	}
	return append(list, told)
}
