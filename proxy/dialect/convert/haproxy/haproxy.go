// Package haproxy converts configurations of HAProxy into routes and options of the process.
//
// The rules of a frontend are a list of which the first that holds decides, through its backend's. They are walked through once for each host
// that any of them names, and once for all others; where the walk ends there is a route. A condition that no line can tell closes the routes of
// all requests that it may be about.
package haproxy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// reader is one conversion.
type reader struct {
	result *convert.Result
	// read is a file that the configuration names.
	read     func(name string) (string, error)
	all      []*section
	steps    map[part][]step
	walking  int
	work     int
	regexps  map[string]*expression
	tests    map[*section]acls
	settings map[*section]*settings
	// public are the sections that clients reach over HTTP.
	public []*frontend
	// broken is why nothing of it is served: parts of the configuration depend on what is not known here.
	broken string
	// refuser is a rule that refuses all requests that come to it; nil is none.
	refuser *convert.Remark
}

// Convert converts files, which HAProxy reads as one. Read gets the text of a file that they name (acl … -f FILE); nil has none.
func Convert(files []convert.File, read func(name string) (string, error)) *convert.Result {
	r := &reader{result: &convert.Result{}, read: read, steps: map[part][]step{}, tests: map[*section]acls{}, settings: map[*section]*settings{}, regexps: map[string]*expression{}}
	var list []statement
	for i := range files {
		list = append(list, r.statements(&files[i])...)
	}
	r.all = sections(list)
	for _, s := range r.all {
		r.section(s)
	}
	r.frontends()
	r.process()
	for _, f := range r.public {
		r.routes(f)
	}
	r.finish(list)
	return r.result
}

// maxStatements bounds what is read.
const maxStatements = 20000

// statements are those of one file, each with a remark that is yet to be marked.
func (r *reader) statements(f *convert.File) []statement {
	list, problems := lex(f.Text)
	if len(list) > maxStatements {
		problems = append(problems, problem{line: list[maxStatements].line, text: "...", why: "the configuration is longer than 20000 statements"})
		list = list[:maxStatements]
	}
	for _, p := range problems {
		r.result.Report.Add(f.Name, f.Line(p.line), p.text).Mark(convert.Unsupported, p.why, "")
		r.broken = "a line can't be read"
	}
	for i := range list {
		list[i].remark = r.result.Report.Add(f.Name, f.Line(list[i].line), concealed(&list[i]))
		if strings.HasPrefix(list[i].words[0], ".") {
			r.broken = list[i].words[0] + " makes parts of the configuration depend on what is not known here"
			list[i].remark.Mark(convert.Unsupported, r.broken, "convert what HAProxy reads without it")
		}
	}
	return list
}

// concealed is a statement as written, without its password.
func concealed(s *statement) string {
	switch {
	case s.words[0] == "stats" && s.word(1) == "auth":
		user, _, _ := strings.Cut(s.word(2), ":")
		return "stats auth " + user + ":..."
	case s.words[0] == "user" && len(s.words) > 3:
		return "user " + s.word(1) + " " + s.word(2) + " ..."
	case strings.Contains(strings.ToLower(s.text), "authorization"):
		return strings.Join(s.words[:min(3, len(s.words))], " ") + " ..."
	}
	return s.text
}

func (r *reader) file(name string) (string, error) {
	if r.read == nil {
		return "", errors.New("files are not read")
	}
	return r.read(name)
}

// leading finds a section that servers can stand in.
func (r *reader) leading(name string) *section {
	for _, s := range r.all {
		if s.leads() && s.name == name {
			return s
		}
	}
	return nil
}

// finish says what nothing has been said of.
func (r *reader) finish(list []statement) {
	for i := range list {
		s := &list[i]
		if s.remark.Outcome != convert.None {
			continue
		}
		switch {
		case s.words[0] == "acl":
			s.remark.Mark(convert.Implied, "no rule that is reached names it", "")
		default:
			s.remark.Mark(convert.Partly, r.unreached(), "")
		}
	}
}

// unreached is why a statement has no effect, as far as it is known.
func (r *reader) unreached() string {
	why := "nothing that clients reach over HTTP leads here"
	switch m := r.refuser; {
	case r.broken != "":
		why += ": " + r.broken
	case m != nil:
		why += fmt.Sprintf(": %s in line %d refuses all requests that come to it", m.Directive, m.Line)
	}
	return why
}
