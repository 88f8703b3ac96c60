package fabio

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
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

// word is a word of a line, or a text in quotes.
type word struct {
	text   string
	quoted bool
}

func split(line string) (out []word, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " \t") {
		if line[0] == '"' {
			text, rest, ok := strings.Cut(line[1:], `"`)
			if !ok {
				return nil, errors.New("a quote without its second one")
			}
			out, line = append(out, word{text, true}), rest
			continue
		}
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		out, line = append(out, word{text: line[:end]}), line[end:]
	}
	return out, nil
}

// details are what stands behind the names of service, source and URL.
type details struct{ weight, tags, opts *string }

func parseDetails(words []word) (d details, err error) {
	for len(words) > 0 {
		if len(words) == 1 {
			return d, fmt.Errorf("nothing stands behind %s", dialect.Source(words[0].text))
		}
		name, value := words[0], words[1]
		words = words[2:]
		to := map[string]**string{"weight": &d.weight, "tags": &d.tags, "opts": &d.opts}[name.text]
		switch {
		case to == nil || name.quoted:
			return d, fmt.Errorf("%s is none of weight, tags and opts", dialect.Source(name.text))
		case *to != nil:
			return d, fmt.Errorf("%s is given twice", name.text)
		case value.quoted == (name.text == "weight"):
			return d, errors.New(`quotes stand around the values of tags and opts, as in opts "strip=/x"`)
		}
		*to = &value.text
	}
	return d, nil
}

func (d details) tagList() (out []string) {
	if d.tags == nil {
		return nil
	}
	for tag := range strings.SplitSeq(*d.tags, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			out = append(out, tag)
		}
	}
	return out
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

// leads is where a route leads.
type leads struct {
	scheme    string
	to        dialect.Destination
	redirects bool // the URL is that of a redirect
}

func parseLeads(text string) (l leads, err error) {
	u, err := url.Parse(strings.NewReplacer("$path", "/", "$host", "h").Replace(text))
	if err != nil || u.Host == "" || u.User != nil {
		return l, errors.New("the third is no URL such as http://10.0.0.1:8000/")
	}
	if l.scheme = strings.ToLower(u.Scheme); !slices.Contains([]string{"http", "https", "tcp", "grpc", "grpcs"}, l.scheme) {
		return l, fmt.Errorf("this proxy asks no instance by %s", dialect.Source(u.Scheme))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[l.scheme]
	}
	if dialect.ParsePort(port) == 0 {
		return l, errors.New("the URL names no port")
	}
	l.to, err = dialect.ParseDestination(net.JoinHostPort(u.Hostname(), port))
	return l, err
}

// at is its address; the zero value where it is a name.
func at(d dialect.Destination) netip.AddrPort { return netip.AddrPortFrom(d.Address, d.Port) }

// matchOf is what a source matches.
func (r *reader) matchOf(source string) (*dialect.Match, error) {
	rule, _ := r.lines.ParseLine(source, r.env)
	if rule == nil {
		return nil, fmt.Errorf("%s is no source of a route", dialect.Source(source))
	}
	return &rule.Match, nil
}

// del reads [SERVICE [SOURCE [URL]]] and tags.
func (r *reader) del(words []word) error {
	c := dialect.TagChange{Language: r.lines.Called}
	var plain []string
	for len(words) > 0 && !words[0].quoted && (words[0].text != "tags" || len(words) > 1 && !words[1].quoted) {
		plain, words = append(plain, words[0].text), words[1:]
	}
	d, err := parseDetails(words)
	c.Tags = d.tagList()
	switch {
	case err != nil:
		return err
	case d.weight != nil || d.opts != nil || len(plain) > 3 || len(plain) == 0 && len(c.Tags) == 0:
		return errors.New("route del names a service, and may name a source, a URL and tags")
	}
	for i, text := range plain {
		switch i {
		case 0:
			c.Service = text
		case 1:
			if c.Match, err = r.matchOf(text); err != nil {
				return err
			}
		case 2:
			l, err := parseLeads(text)
			if err != nil || l.to.Host != "" {
				return errors.New("the third is no URL with an address")
			}
			c.To = at(l.to)
		}
	}
	return r.change(c)
}

// weight reads SERVICE SOURCE weight W and tags.
func (r *reader) weight(words []word) error {
	if len(words) < 2 || words[1].text == "weight" {
		return alone{errors.New("route weight names a service and a source: of several services together no share can be told")}
	}
	d, err := parseDetails(words[2:])
	if err != nil {
		return err
	}
	if d.weight == nil || d.opts != nil {
		return errors.New("route weight has a weight")
	}
	w, err := strconv.ParseFloat(*d.weight, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) {
		return errors.New("the weight is no number")
	}
	c := dialect.TagChange{Language: r.lines.Called, Service: words[0].text, Tags: d.tagList(), Weight: true, Share: max(0, w)}
	if c.Match, err = r.matchOf(words[1].text); err != nil {
		return err
	}
	return r.change(c)
}

// change takes a change of tags' routes, and makes it in the lines in front.
func (r *reader) change(c dialect.TagChange) error {
	r.changes = append(r.changes, c)
	r.amend(c)
	r.others = append(r.others, dialect.TextLine{Number: r.at, Verdicts: []dialect.Verdict{{Kind: dialect.VerdictUsed}}})
	return nil
}

// amend makes a change in the lines so far.
func (r *reader) amend(c dialect.TagChange) {
	var about []*added
	for i := range r.added {
		a := &r.added[i]
		rule := a.line.Rule
		var where netip.AddrPort
		if to := rule.Options.Upstream.To; len(to) > 0 {
			where = at(to[0])
		}
		if !a.gone && c.About(rule, a.service, where, a.tags) {
			about = append(about, a)
		}
	}
	for _, a := range about {
		if a.gone = !c.Weight; c.Weight {
			a.line.Rule.Options.Share = c.Share / float64(len(about))
		}
	}
}
