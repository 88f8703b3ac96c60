package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// maxRoutesFile is what the proxy reads of a routes file.
const maxRoutesFile = 8 << 20

// texts is a flag that may be repeated.
type texts []string

func (t *texts) String() string { return strings.Join(*t, " ") }

func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}

// checker prints what becomes of tags and lines.
type checker struct {
	out io.Writer
	env dialect.Env

	languages dialect.Languages
	bad       bool // something is not in effect as written
	// view is what was read, as the proxy would have it: the tags are those of a service of the same name.
	view discovery.Snapshot

	// report is the same for -json; service and about are what is printed now.
	report  checkReport
	service *checkedService
	about   *checkedLabel
}

// begin is at what is printed from here on: a tag or line of a service or file.
func (c *checker) begin(service, kind, source string) {
	at := slices.IndexFunc(c.report.Services, func(s *checkedService) bool { return s.Service == service })
	if at < 0 {
		at = len(c.report.Services)
		c.report.Services = append(c.report.Services, &checkedService{Service: service})
	}
	c.service, c.about = c.report.Services[at], &checkedLabel{Kind: kind, Source: source}
	c.service.Results = append(c.service.Results, c.about)
}

// conflicts builds the table that all of it makes, and tells what some of it takes from the rest.
func (c *checker) conflicts() {
	for _, v := range routing.NewTable(routing.Options{Languages: c.languages}).Next(&c.view).Conflicts() {
		fmt.Fprintf(c.out, "%s of %s and %s\n", v.Rule, v.Service, v.Holder)
		c.begin(v.Service, "line", printable(v.Rule))
		c.verdict(v.Verdict)
	}
}

// tags checks all tags of one instance, which are read together.
func (c *checker) tags(tags []string) {
	if len(tags) == 0 {
		return
	}
	const called, address, port = "tags", "192.0.2.1", 80 // an address of examples (RFC 5737)
	c.view.Services = []*discovery.Service{{Name: called, Instances: []discovery.Instance{{Identity: discovery.Identity{ID: called, Address: address, Port: port},
		Service: called, Tags: tags, Weight: 1, Status: discovery.Passing, Created: 1}}}}
	result := c.languages.Parse(tags, c.env)
	told := make([]bool, len(result.Verdicts))
	for _, tag := range tags {
		fmt.Fprintln(c.out, printable(tag))
		c.begin(called, "tag", printable(tag))
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

// file checks the lines of a file, which the operator writes.
func (c *checker) file(name string) error {
	text, err := readRoutes(name)
	if err != nil {
		return err
	}
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
		fmt.Fprintf(c.out, "%s:%d: %s\n", name, number, printable(line))
		c.begin(name, "line", fmt.Sprintf("%s:%d %s", name, number, printable(line)))
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
	return nil
}

func readRoutes(name string) (string, error) {
	file := os.Stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer opened.Close()
		file = opened
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRoutesFile+1))
	if err == nil && len(text) > maxRoutesFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxRoutesFile)
	}
	return string(text), err
}

// printable is a text without secrets, and escaped where a terminal might take it for something else.
func printable(text string) string {
	text = dialect.Concealed(text)
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
		return dialect.Source(text)
	}
	return text
}

// rule prints the line as it was understood.
func (c *checker) rule(r *dialect.Rule) {
	note := ""
	if r.Policy.Closed {
		note = "   (closed: nobody is let in)"
	}
	line := printable(r.Line())
	fmt.Fprintf(c.out, "  route    %s%s\n", line, note)
	c.about.line(line)
	if route := (checkedRoute{Line: line, Name: c.service.Service, Closed: r.Policy.Closed}); !slices.Contains(c.service.Routes, route) {
		c.service.Routes = append(c.service.Routes, route)
	}
}

func (c *checker) verdict(v dialect.Verdict) {
	c.about.say(v)
	reason := v.Reason
	if v.Advice != "" {
		reason += "; " + v.Advice
	}
	c.bad = c.bad || v.Kind != dialect.VerdictUsed && !v.Quiet
	fmt.Fprintln(c.out, strings.TrimRight(fmt.Sprintf("  %-8s %s", v.Kind, reason), " "))
}
