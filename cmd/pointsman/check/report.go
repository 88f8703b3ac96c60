// Package check says what becomes of labels, variables, tags and lines before anything is started: it takes what a Compose file, a catalogue or
// a file holds through the registrator and the table of routes, as they would have it, and reports each of them with its verdict.
package check

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Report is what is said of containers or of a catalogue. Its JSON is documented in docs/check.md.
type Report struct {
	Services []*ServiceReport `json:"services"`
	// Notes are about the whole.
	Notes  []string       `json:"notes"`
	Totals map[string]int `json:"totals"` // results by verdict; "error" counts services that can't be read
}

// ServiceReport is about one service of a Compose file, whose containers are alike, or one of the catalogue.
type ServiceReport struct {
	Service string `json:"service"`
	Image   string `json:"image,omitempty"`
	// Instances are its containers, or what the catalogue holds of it.
	Instances int            `json:"instances"`
	Error     string         `json:"error,omitempty"`
	Notes     []string       `json:"notes"`
	Registers []Registration `json:"registers"`
	Routes    []Route        `json:"routes"`
	Results   []*Result      `json:"results"`
}

// Registration is a registration of one container of the service.
type Registration struct {
	Name          string            `json:"name"`
	ContainerPort int               `json:"container_port"`
	Tags          []string          `json:"tags"`
	Meta          map[string]string `json:"meta,omitempty"`
	Check         string            `json:"check,omitempty"`
}

// Route is a route for which the service asks.
type Route struct {
	Line string `json:"line"`
	// Name is that of the service that it leads to, ContainerPort the port of its containers; 0 where it is not known.
	Name          string `json:"name"`
	ContainerPort int    `json:"container_port"`
	// Closed says that nobody is let in.
	Closed bool `json:"closed,omitempty"`
}

// Result is what became of one label, variable or tag.
type Result struct {
	Kind   string `json:"kind"`   // label, variable, tag, deploy.label, or service where it is about the whole of it
	Source string `json:"source"` // KEY=VALUE, without secrets
	// Verdict is used, partly, ignored or refused: the worst of what is said of it.
	Verdict string   `json:"verdict"`
	Lines   []string `json:"lines,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Advice  string   `json:"advice,omitempty"`
	// Quiet says that nobody has to do anything about it.
	Quiet bool `json:"quiet,omitempty"`

	worst     dialect.VerdictKind
	reported  bool
	misplaced bool // no language reads it where it stands
}

// say adds a verdict. What is quiet says less than any other, and the worst of the others counts.
func (l *Result) say(v dialect.Verdict) {
	switch {
	case !l.reported || l.Quiet && !v.Quiet:
		l.worst, l.Quiet, l.Reason, l.Advice = v.Kind, v.Quiet, v.Reason, v.Advice
	case v.Quiet && !l.Quiet:
		return
	default:
		l.worst = max(l.worst, v.Kind)
		l.Reason, l.Advice = joined(l.Reason, v.Reason), joined(l.Advice, v.Advice)
	}
	l.reported, l.Verdict = true, l.worst.String()
}

// joined is a text with one more part, once.
func joined(text, more string) string {
	if more == "" || slices.Contains(strings.Split(text, "; "), more) || strings.Contains(text, more) {
		return text
	}
	if text == "" {
		return more
	}
	return text + "; " + more
}

func (l *Result) line(line string) {
	if !slices.Contains(l.Lines, line) {
		l.Lines = append(l.Lines, line)
	}
}

// Bad says whether anything is refused or can't be read, or with strict ignored, or used in part, so that somebody could do something about it.
func (r *Report) Bad(strict bool) bool {
	for _, s := range r.Services {
		if s.Error != "" || slices.ContainsFunc(s.Results, func(l *Result) bool {
			return !l.Quiet && (l.worst == dialect.VerdictRefused || strict && l.worst != dialect.VerdictUsed)
		}) {
			return true
		}
	}
	return false
}

// count fills in the totals, and leaves no list nil.
func (r *Report) count() {
	r.Totals = map[string]int{"used": 0, "partly": 0, "ignored": 0, "refused": 0, "error": 0}
	r.Services, r.Notes = listed(r.Services), listed(r.Notes)
	for _, s := range r.Services {
		if s.Error != "" {
			r.Totals["error"]++
		}
		for _, l := range s.Results {
			r.Totals[l.Verdict]++
		}
		s.Notes, s.Registers, s.Routes, s.Results = listed(s.Notes), listed(s.Registers), listed(s.Routes), listed(s.Results)
		for i := range s.Registers {
			s.Registers[i].Tags = listed(s.Registers[i].Tags)
		}
	}
}

func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// JSON writes the report.
func (r *Report) JSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(r)
}
