package convert

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Route is one as lines have it: what it matches, how requests are treated, and the servers that take them.
type Route struct {
	// Source is host/path, the first word of a line.
	Source string
	// Words are its options. Add checks them.
	Words []Word
	// Servers take the requests; none where the route answers by itself.
	Servers []Server
	// Carriers are servers that are sent nothing, but whose labels may hold the route: one that answers by itself, or is closed.
	Carriers []Server
	// Offered says that the files do not ask for it, but may have meant it: it is printed as a remark, and Offer says what for.
	Offered bool
	Offer   string
}

// Word is an option of a line: its name, and its value, "" where it is a name alone.
type Word struct{ Name, Value string }

// Server is where requests are sent to.
type Server struct {
	// Name is a host name, which may be that of a Compose service, an IP address without brackets, or unix:/path.
	Name string
	// Port is 0 for a Unix socket, and for a service of the catalogue.
	Port int
	// Catalogue says that Name is a service of the catalogue.
	Catalogue bool
	// Words are the options of this server alone.
	Words []Word
}

// address is the value of to= or service=.
func (s *Server) address() Word {
	switch {
	case s.Catalogue:
		return Word{"service", s.Name}
	case strings.HasPrefix(s.Name, "unix:"):
		return Word{"to", s.Name}
	case strings.Contains(s.Name, ":"):
		return Word{"to", "[" + s.Name + "]:" + strconv.Itoa(s.Port)}
	}
	return Word{"to", s.Name + ":" + strconv.Itoa(s.Port)}
}

// Add adds an option. The error says why the line can't be read with it, or what of it would have no effect; then it is not added.
func (r *Route) Add(name, value string) error {
	before, err := notes(r.line(r.lead(), r.Words))
	if err != nil {
		return err
	}
	with := append(slices.Clone(r.Words), Word{name, value})
	after, err := notes(r.line(r.lead(), with))
	switch {
	case err != nil:
		return err
	case len(after) > len(before):
		return errors.New(after[len(after)-1])
	}
	r.Words = with
	return nil
}

// Set is Add for an option of which one value counts.
func (r *Route) Set(name, value string) error {
	was := r.Words
	r.Words = slices.DeleteFunc(slices.Clone(was), func(w Word) bool { return w.Name == name })
	if err := r.Add(name, value); err != nil {
		r.Words = was
		return err
	}
	return nil
}

// Has says whether the route has an option.
func (r *Route) Has(name string) bool {
	return slices.ContainsFunc(r.Words, func(w Word) bool { return w.Name == name })
}

// Closed says whether Close was called.
func (r *Route) Closed() bool {
	rest := slices.DeleteFunc(slices.Clone(r.Words), func(w Word) bool { requests, _ := dialect.Concerns(w.Name); return requests })
	return len(rest) == 1 && (rest[0] == closing || rest[0] == badRequest)
}

// Close lets nobody in: the route exists and responds with an error, rather than leaving its path to a wider route. Its options but for those
// that say what it matches are gone, and its servers are carriers.
func (r *Route) Close() { r.close(closing) }

// CloseAsBad is Close for requests that are bad by themselves.
func (r *Route) CloseAsBad() { r.close(badRequest) }

func (r *Route) close(how Word) {
	r.Words = r.matching(how)
	r.Carriers, r.Servers = append(r.Carriers, r.Servers...), nil
}

// closing and badRequest are how a line lets nobody in.
var closing, badRequest = Word{"respond", "503"}, Word{"respond", "400"}

// matching are the options that say what the route matches, and those behind them.
func (r *Route) matching(more ...Word) (out []Word) {
	for _, w := range r.Words {
		if requests, _ := dialect.Concerns(w.Name); requests {
			out = append(out, w)
		}
	}
	return append(out, more...)
}

// lead is where the line leads, for checking it.
func (r *Route) lead() []Word {
	if len(r.Servers) == 0 {
		return nil
	}
	return []Word{r.Servers[0].address()}
}

// line puts words together. It is to be read before it is shown.
func (r *Route) line(lists ...[]Word) string {
	var b strings.Builder
	b.WriteString(r.Source)
	for _, list := range lists {
		for _, w := range list {
			b.WriteString(" " + dialect.Word(w.Name, w.Value))
		}
	}
	return b.String()
}

// notes reads a line as the operator's: what has no effect in it, but for what it says of every line with a priority.
func notes(line string) (out []string, err error) {
	_, verdicts, err := parse(line, dialect.WriterOperator)
	for _, v := range verdicts {
		if !strings.HasPrefix(v.Reason, "priority ") {
			out = append(out, v.Reason)
		}
	}
	return out, err
}

// parse reads a line with the parser of the proxy.
func parse(line string, writer dialect.Writer) (*dialect.Rule, []dialect.Verdict, error) {
	rule, verdicts := dialect.ParseLine(line, dialect.PathSegments, dialect.Env{Writer: writer})
	switch {
	case rule != nil && !rule.Policy.Closed:
		return rule, verdicts, nil
	case len(verdicts) > 0:
		return nil, nil, errors.New(verdicts[0].Reason)
	}
	return nil, nil, fmt.Errorf("%s names no host and no path", Shown(line))
}

// printed is the line as the dialect prints it.
func printed(line string, writer dialect.Writer) (string, error) {
	rule, _, err := parse(line, writer)
	if err != nil {
		return "", err
	}
	return rule.Line(), nil
}

// URL is the server as the beginning of a URL, without a path; "" where it has none.
func (s *Server) URL(tls bool) string {
	switch a := s.address(); {
	case s.Catalogue:
		return "service:" + s.Name
	case s.Port == 0:
		return ""
	case tls:
		return "https://" + a.Value
	default:
		return "http://" + a.Value
	}
}
