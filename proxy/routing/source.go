package routing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// source is what one text was compiled to: the claims of its lines. Frozen; it lives as long as the text, and all that its lines name, stay
// as they are.
type source struct {
	text     *discovery.Text
	good     *discovery.Text // the last one that was taken: text itself, unless that is broken; nil where none was
	name     string          // among the claims, see sourceName
	lines    []line          // the good ones, and those that were good before they were spoilt
	leads    []*lead
	claims   []*claim
	told     []Verdict // of the lines as they are written
	changes  []dialect.TagChange
	verdicts []Verdict // of those, and of what they lead to
	used     int
	defines  []*dialect.Definition // for tags, sorted; only a file of another language does
	uses     []string              // the names whose definitions its rules depend on
}

// lead is where one line leads. Frozen; it lives as long as what the line names stays as it is.
type lead struct {
	line     line
	claim    *claim
	verdicts []Verdict
	// what the line names, as it was; nil where it is not there
	services map[dialect.ServiceName]*claimant
	hosts    map[string]*discovery.Name
	fixed    []fixedKey      // that the claim leads to
	ways     []*balancer.Way // likewise
}

// line is a rule, and where it stands.
type line struct {
	rule   *dialect.Rule
	number int
}

// sourceName is the name of a text among those of services, of which none begins so.
func sourceName(t *discovery.Text) string {
	return fmt.Sprintf("\xff%d%s", discovery.TextFile-t.Kind, t.Name)
}

// writer is who writes a text.
func writer(t *discovery.Text) dialect.Writer {
	if t.Kind == discovery.TextFile {
		return dialect.WriterOperator
	}
	return dialect.WriterKV
}

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

func (s *source) rules() (out []*dialect.Rule) {
	for _, l := range s.lines {
		out = append(out, l.rule)
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

// kind is what a text is, for people.
func (s *source) kind() string {
	switch {
	case s.text.Language != "":
		return s.text.Language + "-file"
	case s.text.Kind == discovery.TextFile:
		return "routes-file"
	}
	return "kv"
}

// again is the source before what its lines lead to was found.
func (s *source) again() *source {
	return &source{text: s.text, good: s.good, name: s.name, lines: s.lines, told: s.told, changes: s.changes, used: s.used, defines: s.defines, uses: s.uses}
}

// stands says whether all that the lines name is as it was.
func (s *source) stands(d *derivation) bool {
	return !slices.ContainsFunc(s.leads, func(l *lead) bool { return !l.stands(d) })
}

func (l *lead) stands(d *derivation) bool {
	for name, was := range l.services {
		if d.next.find(name) != was {
			return false
		}
	}
	for host, was := range l.hosts {
		if d.names[host] != was {
			return false
		}
	}
	return true
}

// readTexts compiles the texts of a snapshot, once its services are compiled.
func (d *derivation) readTexts(s *discovery.Snapshot) {
	d.next.fixed = d.prev.fixed
	if len(s.Texts)+len(d.prev.sources) == 0 {
		return
	}
	d.names = make(map[string]*discovery.Name, len(s.Names))
	for _, n := range s.Names {
		d.names[n.Host] = n
	}
	before := make(map[string]*source, len(d.prev.sources))
	for _, old := range d.prev.sources {
		before[old.name] = old
	}
	d.explainTexts(s)
	changed := false
	for _, t := range s.Texts {
		old := before[sourceName(t)]
		delete(before, sourceName(t))
		if old != nil && d.unread(old, t) && old.stands(d) {
			d.next.sources = append(d.next.sources, old)
			continue
		}
		changed = true
		d.next.sources = append(d.next.sources, d.compileText(old, t))
	}
	for _, gone := range before {
		changed = true
		d.replaceSource(gone, nil)
	}
	if changed {
		d.departFixed()
	}
}

// compileText finds what the lines of a text lead to.
func (d *derivation) compileText(old *source, t *discovery.Text) *source {
	var s *source
	unread := old != nil && d.unread(old, t)
	if unread {
		s = old.again()
	} else {
		env := d.next.env
		env.Definitions = d.next.definitions
		s = d.prev.options.readText(env, old, t, d.later(t))
		s.defines = d.definesOf(old, t)
	}
	s.verdicts = slices.Clone(s.told)
	for i, l := range s.lines {
		var to *lead
		if unread && old.leads[i].stands(d) {
			to = old.leads[i]
		} else {
			to = (&lineCompiler{derivation: d, source: s, lead: &lead{line: l}}).compile()
		}
		s.leads, s.claims = append(s.leads, to), append(s.claims, to.claim)
		s.verdicts = append(s.verdicts, to.verdicts[:min(len(to.verdicts), max(0, maxVerdicts-len(s.verdicts)))]...)
	}
	var told []Verdict
	if old != nil {
		told = old.verdicts
	}
	d.next.told = append(d.next.told, fresh(told, s.verdicts)...)
	d.replaceSource(old, s)
	return s
}

// speaks says whether a line speaks a way.
func (s *source) speaks(w *balancer.Way) bool {
	return slices.ContainsFunc(s.leads, func(l *lead) bool { return slices.Contains(l.ways, w) })
}

// replaceSource notes that the claims of a source are replaced. Either side may be nil.
func (d *derivation) replaceSource(old, s *source) {
	var was, is []*claim
	if old != nil {
		was = old.claims
	}
	if s != nil {
		is = s.claims
	}
	d.recheck(was, is)
	changed := keysApart(was, is)
	for _, cl := range was {
		if changed[cl.key] {
			d.change(cl.key).gone[cl.service] = true
		}
	}
	for _, cl := range is {
		if changed[cl.key] {
			ch := d.change(cl.key)
			ch.come = append(ch.come, cl)
		}
	}
}

// keysApart are the routes in which one side has a claim that the other has not.
func keysApart(was, is []*claim) map[routeKey]bool {
	in := map[*claim]int{}
	for _, cl := range was {
		in[cl] |= 1
	}
	for _, cl := range is {
		in[cl] |= 2
	}
	out := map[routeKey]bool{}
	for cl, sides := range in {
		if sides != 3 {
			out[cl.key] = true
		}
	}
	return out
}

// departFixed notes which upstreams no line leads to any more, and which ways of others no line and no tag speaks any more. What a line
// speaks does not go because a tag does no longer.
func (d *derivation) departFixed() {
	used, ways := map[fixedKey]bool{}, map[*balancer.Way]bool{}
	for _, s := range d.next.sources {
		for _, l := range s.leads {
			for _, key := range l.fixed {
				used[key] = true
			}
			for _, w := range l.ways {
				ways[w] = true
			}
		}
	}
	for key, u := range d.next.fixed {
		if !used[key] {
			d.ownFixed()
			delete(d.next.fixed, key)
			d.next.departed = append(d.next.departed, u)
		}
	}
	d.next.unspoken = slices.DeleteFunc(d.next.unspoken, func(w *balancer.Way) bool { return ways[w] })
	for _, r := range d.prev.naming { // keepWays judges those of sets
		r.eachSetWay(func(w *balancer.Way) { ways[w] = true })
	}
	for _, old := range d.prev.sources {
		for _, l := range old.leads {
			for _, w := range l.ways {
				if !ways[w] && !d.spoken(w) {
					d.next.unspoken = append(d.next.unspoken, w)
				}
			}
		}
	}
}

// spoken says whether a tag of its service speaks a way.
func (d *derivation) spoken(w *balancer.Way) bool {
	c := d.next.claimant(w.Upstream().Service())
	return c != nil && c.spoken()[w]
}
