package dialect

// Told are the sources of which a rule or a verdict tells. The zero value has none.
type Told map[string]bool

// Mark adds sources of which something tells.
func (t *Told) Mark(sources ...string) {
	if *t == nil {
		*t = Told{}
	}
	for _, s := range sources {
		(*t)[s] = true
	}
}

// Tell adds a verdict about sources to a result; about none there is nothing to tell.
func (t *Told) Tell(out *Result, v Verdict, sources ...string) {
	if len(sources) == 0 {
		return
	}
	v.Sources = sources
	t.Mark(sources...)
	out.Verdicts = append(out.Verdicts, v)
}
