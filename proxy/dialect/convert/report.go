package convert

import (
	"fmt"
	"io"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Outcome is what became of a directive. Of several the largest one counts.
type Outcome uint8

const (
	// None is no outcome yet. In a report it reads as Unsupported.
	None Outcome = iota
	// Implied means that the proxy does it anyway, or needs no such thing.
	Implied
	// Carried means carried over into a route or an option.
	Carried
	// Partly means carried over with a difference that Why tells.
	Partly
	// Unsupported means not in effect; where it restricts, its routes let nobody in.
	Unsupported
)

// String is the outcome in words.
func (o Outcome) String() string {
	return [...]string{"not supported", "implied", "carried over", "partly", "not supported"}[min(o, Unsupported)]
}

// Remark is what became of one directive.
type Remark struct {
	File string
	Line int
	// Directive is as written, without secrets, and bounded: see Shown.
	Directive string
	Outcome   Outcome
	// Why is the reason, or where it went; Advice what to do. Both are for people, and may be "".
	Why, Advice string
}

// Mark notes an outcome. The worst one stays, and each of its reasons once.
func (r *Remark) Mark(o Outcome, why, advice string) {
	switch {
	case o < r.Outcome:
		return
	case o > r.Outcome:
		r.Outcome, r.Why, r.Advice = o, "", ""
	}
	r.Why, r.Advice = joined(r.Why, why), joined(r.Advice, advice)
}

// maxReason bounds the reasons that one directive collects, which may be in effect in hundreds of routes.
const maxReason = 400

func joined(old, more string) string {
	switch {
	case more == "" || strings.Contains(old, more) || len(old) > maxReason:
		return old
	case old == "":
		return more
	}
	return old + "; " + more
}

// Report is what became of each directive, in the order in which they were added.
type Report struct{ Remarks []*Remark }

// Add adds a directive, which is yet to be marked.
func (r *Report) Add(file string, line int, directive string) *Remark {
	m := &Remark{File: file, Line: line, Directive: Shown(directive)}
	r.Remarks = append(r.Remarks, m)
	return m
}

// Whole says whether all directives are in effect as written.
func (r *Report) Whole() bool {
	for _, m := range r.Remarks {
		if m.Outcome != Implied && m.Outcome != Carried {
			return false
		}
	}
	return true
}

// Write prints one line for each directive.
func (r *Report) Write(w io.Writer) {
	for _, m := range r.Remarks {
		fmt.Fprintf(w, "%s:%d: %s: %s", m.File, m.Line, m.Directive, m.Outcome)
		why := m.Why
		if m.Outcome == None && why == "" {
			why = "it is not known here"
		}
		for _, more := range []string{why, m.Advice} {
			if more != "" {
				fmt.Fprintf(w, "; %s", more)
			}
		}
		fmt.Fprintln(w)
	}
}

// Shown is a text of a file for people: without secrets, escaped, and bounded.
func Shown(text string) string { return dialect.Source(text) }
