package ctmpl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds on what a template is rendered to.
const (
	maxOutput = 1 << 20
	maxWrites = 200_000
)

var errOutput = errors.New("what it is rendered to is longer than 1 MiB, or takes more than 200,000 steps")

// rendering is what a template became.
type rendering struct {
	text string
	// lines are those of the template, for each line of the text.
	lines []int
	// seen are the pieces that were rendered.
	seen map[int]bool
}

// output takes what is rendered, up to the bounds.
type output struct {
	strings.Builder
	writes int
}

func (o *output) Write(p []byte) (int, error) {
	if o.writes++; o.writes > maxWrites || o.Len()+len(p) > maxOutput {
		return 0, errOutput
	}
	return o.Builder.Write(p)
}

// render renders a template with what a catalogue holds.
func (t *tree) render(name string, c catalogue) (r *rendering, err error) {
	tpl, err := t.template(name, c)
	if err != nil {
		return nil, err
	}
	main := tpl.Lookup(name)
	if main == nil {
		return nil, errors.New("the template is empty")
	}
	var out output
	defer func() {
		if p := recover(); p != nil { // a function of the template language itself
			r, err = nil, fmt.Errorf("it can't be rendered: %v", p)
		}
	}()
	if err := main.Execute(&out, nil); err != nil {
		return nil, err
	}
	return t.unmark(out.String()), nil
}

// unmark takes the marks out, and keeps where each line comes from.
func (t *tree) unmark(marked string) *rendering {
	r := &rendering{seen: map[int]bool{}}
	var b strings.Builder
	at, line, blank := 1, 1, true // the line of the template, and of what the current line of the text began with
	for i := 0; i < len(marked); i++ {
		switch c := marked[i]; {
		case c == markBegin[0]:
			end := strings.IndexByte(marked[i:], markEnd[0])
			if end < 0 {
				continue
			}
			if n, err := strconv.Atoi(marked[i+1 : i+end]); err == nil && n < len(t.pieces) {
				r.seen[n] = true
				at = t.pieces[n].line
			}
			i += end
		case c == '\n':
			if blank {
				line = at
			}
			r.lines = append(r.lines, line)
			b.WriteByte(c)
			at, blank = at+1, true
		default:
			if blank && c != ' ' && c != '\t' {
				line, blank = at, false
			}
			b.WriteByte(c)
		}
	}
	r.lines = append(r.lines, line)
	r.text = b.String()
	return r
}
