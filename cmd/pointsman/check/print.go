package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Print writes the report for people: a block for each service, in it what is registered, its routes by number, and its labels, each behind its
// verdict and before the numbers of the routes that it is a part of.
func (r *Report) Print(w io.Writer) {
	var idle []string
	for _, s := range r.Services {
		if s.Error == "" && len(s.Results)+len(s.Registers)+len(s.Routes) == 0 {
			idle = append(idle, dialect.Printable(s.Service))
			continue
		}
		s.print(w)
	}
	if idle != nil {
		fmt.Fprintf(w, "note: nothing asks for a route or a registration in: %s\n", strings.Join(idle, ", "))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", dialect.Printable(note))
	}
	t := r.Totals
	fmt.Fprintf(w, "%d used, %d partly, %d ignored, %d refused", t["used"], t["partly"], t["ignored"], t["refused"])
	if n := t["error"]; n > 0 {
		fmt.Fprintf(w, "; %d services can't be read", n)
	}
	fmt.Fprintln(w)
}

func (s *ServiceReport) print(w io.Writer) {
	head := dialect.Printable(s.Service)
	if s.Image != "" {
		head += " (" + dialect.Printable(s.Image) + ")"
	}
	if s.Instances != 1 {
		head += fmt.Sprintf(", %d instances", s.Instances)
	}
	fmt.Fprintln(w, head)
	row := func(word, text string) { fmt.Fprintf(w, "  %-10s %s\n", word, text) }
	if s.Error != "" {
		row("error", dialect.Printable(s.Error))
	}
	for _, note := range s.Notes {
		row("note", dialect.Printable(note))
	}
	for _, one := range s.Registers {
		text := dialect.Printable(one.Name)
		if one.ContainerPort > 0 {
			text += fmt.Sprintf(", port %d of the container", one.ContainerPort)
		}
		if one.Check != "" {
			text += ", check " + dialect.Printable(one.Check)
		}
		row("registers", text)
	}
	numbers := map[string]int{}
	for i, route := range s.Routes {
		numbers[route.Line] = i + 1
		text := route.Line + "  ->  " + dialect.Printable(route.Name)
		if route.ContainerPort > 0 {
			text += fmt.Sprintf(":%d", route.ContainerPort)
		}
		if route.Closed {
			text += "  (closed: nobody is let in)"
		}
		row(fmt.Sprintf("route %d", i+1), text)
	}
	for _, l := range s.Results {
		text := l.Source
		if l.Kind == "deploy.label" {
			text = "deploy.labels: " + text
		}
		var of []string
		for _, line := range l.Lines {
			of = append(of, fmt.Sprint(numbers[line]))
		}
		if of != nil {
			text += "  (route " + strings.Join(of, ", ") + ")"
		}
		row(l.Verdict, text)
		if l.Reason != "" {
			row("", "  "+dialect.Printable(joined(l.Reason, l.Advice)))
		}
	}
}
