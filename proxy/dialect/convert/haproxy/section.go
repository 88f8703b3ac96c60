package haproxy

import (
	"regexp"
	"slices"
)

// begins is how the sections of a configuration begin.
var begins = regexp.MustCompile(`(?m)^[ \t]*(?:global|defaults(?:[ \t]+[\w.-]+)?|(?:frontend|backend|listen)[ \t]+[^;{\s]+(?:[ \t]+[^;{\s]+)?)[ \t]*(?:#.*)?$`)

// Is says whether a text is a configuration of HAProxy.
func Is(text string) bool { return begins.MatchString(text) }

// section is a part of a configuration: global, defaults, frontend, backend, listen, or another one.
type section struct {
	kind, name string
	head       statement
	own        []statement
	// defaults are the statements of the defaults section that it inherits.
	defaults []statement
}

// all is what holds in the section: what it inherits, then its own.
func (s *section) all() []statement { return slices.Concat(s.defaults, s.own) }

// inherits says whether a statement is one of the defaults.
func (s *section) inherits(st *statement) bool {
	return slices.ContainsFunc(s.defaults, func(d statement) bool { return d.remark == st.remark })
}

// serves says whether clients reach it, and leads whether it has servers.
func (s *section) serves() bool { return s.kind == "frontend" || s.kind == "listen" }
func (s *section) leads() bool  { return s.kind == "backend" || s.kind == "listen" }

// sectionWords begin a section.
var sectionWords = []string{"global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers", "cache", "program",
	"http-errors", "ring", "log-forward", "fcgi-app", "crt-store", "traces", "ruleset"}

// sections sorts statements into sections. Those before the first one stand in a section without a kind: a fragment.
func sections(list []statement) []*section {
	current := &section{}
	out := []*section{current}
	var inherited []statement
	named := map[string][]statement{}
	for _, s := range list {
		if !slices.Contains(sectionWords, s.words[0]) || current.kind == "program" && s.words[0] == "user" {
			current.own = append(current.own, s)
			if current.kind == "defaults" {
				inherited = append(inherited, s)
				named[current.name] = inherited
			}
			continue
		}
		current = &section{kind: s.words[0], name: s.word(1), head: s}
		from := inherited
		for i, w := range s.words {
			if w == "from" && i > 0 {
				from = named[s.word(i+1)]
			}
		}
		switch current.kind {
		case "defaults":
			inherited = nil
			if slices.Contains(s.words, "from") {
				inherited = slices.Clone(from)
			}
		case "frontend", "backend", "listen":
			current.defaults = from
		}
		out = append(out, current)
	}
	return out
}
