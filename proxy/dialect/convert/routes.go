package convert

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteRoutes prints the result as a routes file, with the options of the process as a remark in front.
func (r *Result) WriteRoutes(w io.Writer) {
	r.writeOptions(w)
	for _, route := range r.Routes {
		route.write(w)
	}
}

// writeOptions prints the options as a command, in a remark.
func (r *Result) writeOptions(w io.Writer) {
	if len(r.Options) == 0 {
		return
	}
	fmt.Fprint(w, "# pointsman proxy")
	for _, o := range r.Options {
		fmt.Fprint(w, " -"+o.Name)
		if o.Value != "" {
			fmt.Fprint(w, " "+shellQuoted(o.Value))
		}
	}
	fmt.Fprintln(w)
}

// shellQuoted is a word as a shell reads it.
func shellQuoted(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool {
		return !strings.ContainsRune("-_./:,=@%+", c) && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
	}) && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// write prints the lines of a route. One that the proxy's parser does not read is printed as closed.
func (r *Route) write(w io.Writer) {
	for _, line := range r.Lines() {
		if r.Offered {
			fmt.Fprintf(w, "# %s: ", r.Offer)
		}
		fmt.Fprintln(w, line)
	}
}

// Lines are those of the routes file. Servers with the same options share one.
func (r *Route) Lines() (out []string) {
	for _, group := range grouped(r.Servers) {
		lead := make([]Word, len(group))
		for i := range group {
			lead[i] = group[i].address()
		}
		line, err := printed(r.line(lead, r.Words, group[0].Words), operator)
		if err != nil {
			return r.closedLines()
		}
		out = append(out, line)
	}
	if len(r.Servers) == 0 {
		line, err := printed(r.line(r.Words), operator)
		if err != nil {
			return r.closedLines()
		}
		out = append(out, line)
	}
	return out
}

// closedLines are those of the route as Close makes it; none where not even what it matches can be read.
func (r *Route) closedLines() []string {
	line, err := printed(r.line(r.matching(closing)), operator)
	if err != nil {
		return nil
	}
	return []string{line}
}

// grouped puts servers with the same options together, in their order.
func grouped(servers []Server) (out [][]Server) {
	for _, s := range servers {
		at := slices.IndexFunc(out, func(g []Server) bool { return slices.Equal(g[0].Words, s.Words) })
		if at < 0 {
			out = append(out, nil)
			at = len(out) - 1
		}
		out[at] = append(out[at], s)
	}
	return out
}
