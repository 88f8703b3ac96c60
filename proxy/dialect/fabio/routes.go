package fabio

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Text is the language of Fabio's routes in Consul's KV store (https://fabiolb.net/ref/registry.consul.kvpath/): route add, route del and
// route weight, a line each. What they lead to is an instance of the service that they name, or an address that the operator allows.
func (o Options) Text() dialect.TextLanguage { return text{o.Language().(dialect.Lines)} }

type text struct{ lines dialect.Lines }

// ReadText reads a text. As in Fabio, one with a line that can't be parsed is not to be taken, route del and route weight are about the routes of tags, and about the lines in front of them.
func (t text) ReadText(lines []string, later []dialect.TagChange, env dialect.Env) dialect.TextResult {
	r := reader{text: t, env: env}
	for i, line := range lines {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' || strings.HasPrefix(line, "//") {
			continue
		}
		r.at = i + 1
		err := r.command(line)
		if err == nil {
			continue
		}
		r.refuse(err.Error())
		if !errors.As(err, new(alone)) && r.broken == 0 {
			r.broken = r.at
		}
	}
	for _, c := range later {
		r.amend(c)
	}
	return r.result()
}

// reader reads one text.
type reader struct {
	text
	env     dialect.Env
	at      int // the line's number
	added   []added
	others  []dialect.TextLine // those that ask for no route
	changes []dialect.TagChange
	broken  int // the first line for which the text is not taken
}

// alone is an error that costs its line and no other: Fabio parses such a line, and it takes no route away. After any other the text is not taken, as
// in Fabio: the line may have been meant to take one away.
type alone struct{ error }

// added is a route of route add.
type added struct {
	line    dialect.TextLine
	service string
	tags    []string
	gone    bool
}

func (r *reader) refuse(reason string) {
	r.others = append(r.others, dialect.TextLine{Number: r.at, Verdicts: []dialect.Verdict{{Kind: dialect.VerdictRefused, Reason: reason,
		Advice: "write: route add SERVICE HOST/PATH http://ADDRESS:PORT/, route del SERVICE HOST/PATH, or route weight SERVICE HOST/PATH weight 0.5"}}})
}

func (r *reader) result() (out dialect.TextResult) {
	out.Lines, out.Changes, out.Broken = r.others, r.changes, r.broken
	for _, a := range r.added {
		if a.gone {
			a.line.Rule, a.line.Verdicts = nil, []dialect.Verdict{{Kind: dialect.VerdictIgnored, Quiet: true, Reason: "a line below takes the route away"}}
		}
		out.Lines = append(out.Lines, a.line)
	}
	slices.SortFunc(out.Lines, func(a, b dialect.TextLine) int { return a.Number - b.Number })
	return out
}

// maxCommands bounds what one text may ask of tags' routes.
const maxCommands = 256

func (r *reader) command(line string) error {
	words, err := split(line)
	if err != nil {
		return err
	}
	if len(words) < 2 || words[0].text != "route" {
		return errors.New("it is no line of Fabio's routes")
	}
	command, rest := words[1].text, words[2:]
	switch command {
	case "add":
		return r.add(rest)
	case "del", "weight":
		if len(r.changes) == maxCommands {
			return fmt.Errorf("a text may have %d of route del and route weight", maxCommands)
		}
	}
	switch command {
	case "del":
		return r.del(rest)
	case "weight":
		return r.weight(rest)
	}
	return fmt.Errorf("route %s is none of add, del and weight", dialect.Source(command))
}

// add reads SERVICE SOURCE URL and details.
func (r *reader) add(words []word) error {
	if len(words) < 3 {
		return errors.New("route add names a service, a source and a URL")
	}
	d, err := parseDetails(words[3:])
	if err != nil {
		return err
	}
	service, source := words[0].text, words[1].text
	to, err := parseLeads(words[2].text)
	if err != nil {
		return alone{err}
	}
	line := source
	if d.opts != nil {
		line += r.options(*d.opts, words[2].text, &to)
	}
	if d.weight != nil {
		line += " weight=" + *d.weight
	}
	if to.scheme != "http" && !to.redirects {
		line += " proto=" + to.scheme
	}
	name, err := dialect.ParseServiceName(service)
	if err != nil {
		return alone{err}
	}
	if len(strings.Fields(source)) != 1 || strings.ContainsAny(source+line, "\"") {
		return errors.New("a quote stands where none may")
	}
	rule, verdicts := r.lines.ParseLine(line, r.env)
	out := dialect.TextLine{Number: r.at, Rule: rule, Verdicts: verdicts}
	if rule != nil {
		rule.Language = r.lines.Called
		if !rule.Policy.Closed && rule.Policy.Redirect == nil {
			if to.to.Host != "" {
				return alone{fmt.Errorf("%s is no address: KV may name addresses of the service's instances and of -allow-upstreams", dialect.Source(to.to.Host))}
			}
			rule.Options.Upstream = dialect.Upstream{Of: name, To: []dialect.Destination{to.to}}
		}
		r.added = append(r.added, added{line: out, service: service, tags: d.tagList()})
		return nil
	}
	r.others = append(r.others, out)
	return nil
}

// options are those of opts. A redirect there is a status, and the URL is where it leads to.
func (r *reader) options(opts, url string, l *leads) (out string) {
	for o := range strings.FieldsSeq(opts) {
		if key, value, _ := strings.Cut(o, "="); strings.EqualFold(key, "redirect") {
			l.redirects = true
			if !strings.Contains(value, ",") {
				o = key + "=" + value + "," + url
			}
		}
		out += " " + o
	}
	return out
}

// matchOf is what a source matches.
func (r *reader) matchOf(source string) (*dialect.Match, error) {
	rule, _ := r.lines.ParseLine(source, r.env)
	if rule == nil {
		return nil, fmt.Errorf("%s is no source of a route", dialect.Source(source))
	}
	return &rule.Match, nil
}
