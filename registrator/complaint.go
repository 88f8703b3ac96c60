package registrator

import (
	"strconv"
	"strings"
)

// Complaint is one clear line about one bad input: whose it is, what is wrong, and what was done instead.
type Complaint struct {
	Container string // id
	Name      string // container name
	Variable  string // SERVICE_... or a flag, "" when no variable is to blame
	Problem   string
	Done      string // what was done instead
	// Fatal says that Registrator ended here and that -compat has to as well (a -tags template that fails).
	Fatal bool
}

// maxShown bounds a foreign text within a log line: long enough to recognise, short enough for one line.
const maxShown = 64

// String is the line, escaped and bounded whatever the fields hold.
func (c Complaint) String() string {
	var b strings.Builder
	id := c.Container
	if len(id) > 12 {
		id = id[:12]
	}
	b.WriteString("container " + Shown(c.Name) + " (" + Shown(id) + ")")
	if c.Variable != "" {
		b.WriteString(": " + Shown(c.Variable))
	}
	b.WriteString(": " + c.Problem)
	if c.Done != "" {
		b.WriteString("; " + c.Done)
	}
	return b.String()
}

// Shown quotes foreign text for a log line: control characters and invalid UTF-8 escaped, at most 64 bytes of it.
func Shown(s string) string {
	if len(s) <= maxShown {
		return strconv.Quote(s)
	}
	return strconv.Quote(cutAtRune(s, maxShown)) + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// complaintCollector collects the complaints about one container, a bounded number of them.
type complaintCollector struct {
	container Container
	list      []Complaint
	left      int // how many did not fit
}

func (g *complaintCollector) add(variable, problem, done string) {
	if len(g.list) >= maxComplaints {
		g.left++
		return
	}
	g.list = append(g.list, Complaint{Container: g.container.ID, Name: g.container.PlainName(),
		Variable: variable, Problem: problem, Done: done})
}

// all returns the complaints, with one more line when some did not fit.
func (g *complaintCollector) all() []Complaint {
	if g.left == 0 {
		return g.list
	}
	return append(g.list, Complaint{Container: g.container.ID, Name: g.container.PlainName(),
		Problem: strconv.Itoa(g.left) + " more problems of this container", Done: "not listed"})
}
