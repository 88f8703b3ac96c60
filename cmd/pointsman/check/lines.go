package check

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Lines tells what becomes of tags and lines that are read without containers, and writes it as it goes. Make it with NewLines.
type Lines struct {
	out       io.Writer
	env       dialect.Env
	languages dialect.Languages
	bad       bool // something is not in effect as written
	// view is what was read, as the proxy would have it: the tags are those of a service of the same name.
	view discovery.Snapshot

	// report is the same, for JSON; service and about are what is written now.
	report  Report
	service *ServiceReport
	about   *Result
}

// NewLines writes for people to out.
func NewLines(out io.Writer, languages dialect.Languages, env dialect.Env) *Lines {
	env.ContainerPort = dialect.AnyPort
	return &Lines{out: out, languages: languages, env: env, view: discovery.Snapshot{Datacenter: env.Datacenter}}
}

// Done tells what some of it takes from the rest, and returns all that was told, and whether everything is in effect as written.
func (c *Lines) Done() (r *Report, ok bool) {
	c.conflicts()
	c.report.count()
	return &c.report, !c.bad
}

// begin is at what is printed from here on: a tag or line of a service or file.
func (c *Lines) begin(service, kind, source string) {
	at := slices.IndexFunc(c.report.Services, func(s *ServiceReport) bool { return s.Service == service })
	if at < 0 {
		at = len(c.report.Services)
		c.report.Services = append(c.report.Services, &ServiceReport{Service: service})
	}
	c.service, c.about = c.report.Services[at], &Result{Kind: kind, Source: source}
	c.service.Results = append(c.service.Results, c.about)
}

// conflicts builds the table that all of it makes, and tells what some of it takes from the rest.
func (c *Lines) conflicts() {
	for _, v := range routing.NewTable(routing.Options{Languages: c.languages}).Next(&c.view).Conflicts() {
		fmt.Fprintf(c.out, "%s of %s and %s\n", v.Rule, v.Service, v.Holder)
		c.begin(v.Service, "line", dialect.Printable(v.Rule))
		c.verdict(v.Verdict)
	}
}

// Tags checks all tags of one instance, which are read together.
func (c *Lines) Tags(tags []string) {
	if len(tags) == 0 {
		return
	}
	const called, address, port = "tags", "192.0.2.1", 80 // an address of examples (RFC 5737)
	c.view.Services = []*discovery.Service{{Name: called, Instances: []discovery.Instance{{Identity: discovery.Identity{ID: called, Address: address, Port: port},
		Service: called, Tags: tags, Weight: 1, Status: discovery.Passing, Created: 1}}}}
	result := c.languages.Parse(tags, c.env)
	told := make([]bool, len(result.Verdicts))
	for _, tag := range tags {
		fmt.Fprintln(c.out, dialect.Printable(tag))
		c.begin(called, "tag", dialect.Printable(tag))
		about := func(sources []string) bool { return slices.Contains(sources, dialect.Source(tag)) }
		for _, rule := range result.Rules {
			if about(rule.Sources) {
				c.rule(rule)
			}
		}
		silent, used := true, false
		for i, v := range result.Verdicts {
			if about(v.Sources) {
				again := used && v.Kind == dialect.VerdictUsed // a tag may make several rules
				silent, told[i], used = false, true, used || v.Kind == dialect.VerdictUsed
				if !again {
					c.verdict(v)
				}
			}
		}
		if silent {
			const passed = "no routing tag: passed over"
			fmt.Fprintln(c.out, "  "+passed)
			c.about.say(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: passed})
		}
	}
	for i, v := range result.Verdicts {
		if !told[i] {
			fmt.Fprintln(c.out, strings.Join(v.Sources, ", "))
			c.begin(called, "service", strings.Join(v.Sources, ", "))
			c.verdict(v)
		}
	}
}

// File checks the lines of a file, which the operator writes.
func (c *Lines) File(name, text string) {
	c.view.Texts = append(c.view.Texts, discovery.NewText(discovery.TextFile, name, text, 0))
	env := c.env
	env.Writer = dialect.WriterOperator
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		rule, verdicts := dialect.ParseLine(line, dialect.PathSegments, env)
		if rule == nil && verdicts == nil {
			continue
		}
		fmt.Fprintf(c.out, "%s:%d: %s\n", name, number, dialect.Printable(line))
		c.begin(name, "line", fmt.Sprintf("%s:%d %s", name, number, dialect.Printable(line)))
		if rule != nil {
			c.rule(rule)
		}
		for _, v := range verdicts {
			c.verdict(v)
		}
		if verdicts == nil {
			c.verdict(dialect.Verdict{Kind: dialect.VerdictUsed})
		}
	}
}

// rule prints the line as it was understood.
func (c *Lines) rule(r *dialect.Rule) {
	note := ""
	if r.Policy.Closed {
		note = "   (closed: nobody is let in)"
	}
	line := dialect.Printable(r.Line())
	fmt.Fprintf(c.out, "  route    %s%s\n", line, note)
	c.about.line(line)
	if route := (Route{Line: line, Name: c.service.Service, Closed: r.Policy.Closed}); !slices.Contains(c.service.Routes, route) {
		c.service.Routes = append(c.service.Routes, route)
	}
}

func (c *Lines) verdict(v dialect.Verdict) {
	c.about.say(v)
	reason := v.Reason
	if v.Advice != "" {
		reason += "; " + v.Advice
	}
	c.bad = c.bad || v.Kind != dialect.VerdictUsed && !v.Quiet
	fmt.Fprintln(c.out, strings.TrimRight(fmt.Sprintf("  %-8s %s", v.Kind, reason), " "))
}
