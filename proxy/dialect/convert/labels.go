package convert

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const operator, tag = dialect.WriterOperator, dialect.WriterTag

// maxLabels is how many routes a container may ask for.
const maxLabels = 64

// labelled is one Compose service with its labels.
type labelled struct {
	name  string
	port  int
	lines []string
}

// labels are the services in their order, and the routes that only the operator can write.
type labels struct {
	service  func(name string) (string, bool)
	services []*labelled
	rest     []*Route
}

// WriteLabels prints the result as labels of Compose services, in a file that Compose reads beside its own (-f). Service says which one a host
// name means, and false for none. What labels can't say stands behind it, as a remark: the lines of a routes file, and the options of the process.
func (r *Result) WriteLabels(w io.Writer, service func(name string) (string, bool)) {
	l := labels{service: service}
	for _, route := range r.Routes {
		l.take(route)
	}
	slices.SortStableFunc(l.services, func(a, b *labelled) int { return cmp.Compare(a.name, b.name) })
	r.writeOptions(w)
	if len(l.services) > 0 {
		fmt.Fprintln(w, "services:")
	}
	for _, s := range l.services {
		s.write(w)
	}
	if len(l.rest) > 0 {
		fmt.Fprintln(w, "# In the file of -routes-file; without these lines some paths have no route, or a wider one:")
	}
	for _, route := range l.rest {
		route.offerLabel(w)
		for _, line := range route.Lines() {
			if route.Offered {
				line = route.Offer + ": " + line
			}
			fmt.Fprintln(w, "# "+line)
		}
	}
}

// offerLabel says what stands in for the line of a service of the catalogue that tags may ask for: a label of the service, or, of a route that takes
// everything, -default-service.
func (r *Route) offerLabel(w io.Writer) {
	if r.Offered || len(r.Servers) != 1 || !r.Servers[0].Catalogue || strings.ContainsAny(r.Servers[0].Name, "@.") {
		return
	}
	words, beyond := r.ofTags()
	line, err := printed(r.line(words, r.Servers[0].Words), tag)
	if beyond != nothing || err != nil {
		return
	}
	name := r.Servers[0].Name
	text := "in place of the next line, a label on the service " + name + ", pointsman.route: " + composeQuoted(line)
	if r.Source == "/" && len(r.matching()) == 0 {
		text += "; or -default-service " + name
		if len(words)+len(r.Servers[0].Words) > 0 {
			text += ", without these options"
		}
	}
	fmt.Fprintln(w, "# "+text)
}

// take puts a route into labels where they can say it.
func (l *labels) take(r *Route) {
	if r.Closed() && l.deny(r) {
		return
	}
	words, beyond := r.ofTags()
	switch {
	case !r.Offered && len(r.Servers) == 0 && beyond == nothing && l.lend(r):
		return
	case r.Offered || len(r.Servers) == 0 || beyond == restricted:
		l.rest = append(l.rest, r)
		return
	}
	asks := *r
	asks.Words = words
	var others []Server
	for _, s := range r.Servers {
		if !l.add(&asks, s) {
			others = append(others, s)
		}
	}
	if len(others) > 0 || beyond == more {
		rest := *r
		rest.Servers = others
		l.rest = append(l.rest, &rest)
	}
}

// everybody is a list of all addresses, and deniesAll what a line ends in that lets none of them in.
const (
	everybody = "0.0.0.0/0,::/0"
	deniesAll = " deny=ip:0.0.0.0/0,ip:::/0"
)

// deny closes a route in the labels of the services that it was for. It is false where none of them can have such a label.
func (l *labels) deny(r *Route) bool {
	closed := *r
	closed.Words = r.matching(Word{"deny", everybody})
	return l.lend(&closed)
}

// lend puts a route that sends nothing to a server into the labels of all its carriers.
func (l *labels) lend(r *Route) (done bool) {
	for _, s := range r.Carriers {
		s.Words = nil
		done = l.add(r, s) || done
	}
	return done
}

// What a route has beyond that which tags may ask for.
const (
	nothing    = iota
	more       // options that only the operator may write
	restricted // among them some that restrict who may use it, so that no label must go without them
)

// ofTags are the options that a tag may have.
func (r *Route) ofTags() (words []Word, beyond int) {
	all := slices.Clone(r.Words)
	for _, w := range all {
		if _, _, err := parse(r.line(r.matching(), []Word{w}), tag); err == nil || !operatorOnly(err) {
			words = append(words, w)
			continue
		}
		beyond = max(beyond, more)
		if dialect.Restriction(w.Name) {
			beyond = restricted
		}
	}
	return words, beyond
}

func operatorOnly(err error) bool {
	text := err.Error()
	return strings.Contains(text, "only the operator") || strings.Contains(text, "allow-upstreams")
}

// add adds the route to the labels of a server's Compose service. It is false where that is none, or has its labels on another port.
func (l *labels) add(r *Route, s Server) bool {
	if s.Catalogue || s.Port == 0 {
		return false
	}
	name, ok := l.service(s.Name)
	if !ok {
		return false
	}
	line, err := printed(r.line(r.Words, s.Words), tag)
	if err != nil {
		return false
	}
	at := slices.IndexFunc(l.services, func(o *labelled) bool { return o.name == name })
	if at < 0 {
		at = len(l.services)
		l.services = append(l.services, &labelled{name: name, port: s.Port})
	}
	of := l.services[at]
	if of.port != s.Port || len(of.lines) == maxLabels {
		return false
	}
	if !slices.Contains(of.lines, line) {
		of.lines = append(of.lines, line)
	}
	return true
}

func (s *labelled) write(w io.Writer) {
	fmt.Fprintf(w, "  %s:\n    labels:\n      pointsman.port: \"%d\"\n", s.name, s.port)
	for i, line := range s.lines {
		key := "pointsman.route"
		if i > 0 {
			key += "." + strconv.Itoa(i+1)
		}
		if strings.HasPrefix(line, "/") && strings.HasSuffix(line, deniesAll) {
			fmt.Fprintln(w, "      # The next line lets nobody in for any host, but where a route of that host takes the path: if other services share the proxy, write the host in front of its path.")
		}
		fmt.Fprintf(w, "      %s: %s\n", key, composeQuoted(line))
	}
}

// composeQuoted is a text in a Compose file, where a dollar sign begins a variable.
func composeQuoted(text string) string {
	return "'" + strings.NewReplacer("'", "''", "$", "$$").Replace(text) + "'"
}
