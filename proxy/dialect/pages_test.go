package dialect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// row is a line of the page's table of options.
type row struct {
	example, nginx, of, def, meaning string
}

func rows(t testing.TB) (out []row) {
	t.Helper()
	for _, cells := range lab.Table(t, "options", "option, for example") {
		if len(cells) != 5 {
			t.Fatalf("options.md: %d cells in %q", len(cells), cells)
		}
		out = append(out, row{cells[0], cells[1], cells[2], cells[3], cells[4]})
	}
	return out
}

// line is the row as it is written.
func (r row) line() string {
	text := "|"
	for _, cell := range []string{r.example, r.nginx, r.of, r.def, r.meaning} {
		if cell != "" {
			text += " " + strings.ReplaceAll(cell, "|", `\|`)
		}
		text += " |"
	}
	return text + "\n"
}

// about is what an option is of, and who may write it.
func (o *option) about() string {
	of := []string{"route", "instance", "request"}[o.scope]
	if o.fabio {
		of += ", Fabio"
	}
	if o.operator {
		of += ", operator"
	}
	return of
}

// TestTablesOfRouteOptionsAreWhole: each option has a row in one table; what it is of comes from the code, the rest is written by hand.
func TestTablesOfRouteOptionsAreWhole(t *testing.T) {
	written := map[string]row{}
	for _, r := range rows(t) {
		name, _, _ := strings.Cut(strings.Trim(r.example, "`"), "=")
		written[name] = r
	}
	listed := lab.Make(t, "options", "route options", func(names []string) string {
		table := "| option, for example | nginx | of | default | meaning |\n|---|---|---|---|---|\n"
		for _, name := range names {
			o := optionByName[name]
			if o == nil {
				t.Errorf("options.md: %s is no option", name)
				continue
			}
			r, there := written[name]
			if !there {
				r.example = "`" + name + "`"
			}
			r.of = o.about()
			table += r.line()
		}
		return table
	})
	for i := range options {
		if !slices.Contains(listed, options[i].name) {
			t.Errorf("options.md lacks the option %s: add its name to a <!-- route options: … -->, and make docs", options[i].name)
		}
	}
	if slices.Sort(listed); len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("options.md lists an option twice: %v", listed)
	}
}

// What the page says of each option is so.
func TestPageHasAnExampleOfEachOption(t *testing.T) {
	for _, r := range rows(t) {
		example, ok := strings.CutPrefix(r.example, "`")
		example, last := strings.CutSuffix(example, "`")
		name, _, _ := strings.Cut(example, "=")
		if o := optionByName[name]; !ok || !last || o == nil {
			t.Errorf("options.md: %s is not an option with an example", r.example)
		} else if r.meaning == "" || !works(t, o, example) {
			t.Errorf("options.md: %s has no effect, or no meaning", example)
		}
	}
}

// works says whether an example is in effect as written, by itself or beside something that it needs, and is printed so that it
// is read again.
func works(t *testing.T, o *option, example string) bool {
	for _, line := range []string{"ex.com/", "/", "/ proto=https", "/ redirect=301,/x", "/ compress", "/ on=502:404", "/ files=/srv",
		"/ cors=https://a.test", "/ auth=basic:bob:" + aSHA, "/ forward-auth=service:gate", "/ service=web"} {
		rule, verdicts := ParseLine(line+" "+example, PathSegments, Env{Writer: WriterOperator})
		if rule != nil && len(verdicts) == 0 && len(o.words(rule)) > 0 {
			checkPrint(t, rule, Env{Writer: WriterOperator})
			return true
		}
	}
	rule, verdicts := ParseLine("/ health-check=/up "+example, PathSegments, Env{Writer: WriterOperator})
	return rule != nil && len(verdicts) == 0 && len(o.words(rule)) > 0
}

// The page's bounds are those of the code.
func TestPageTellsTheBounds(t *testing.T) {
	text := lab.Page(t, "limits")
	for _, want := range []string{
		fmt.Sprintf("| length of a routing tag; of a line of the routes file | %d,%03d bytes; %d KiB |", maxTag/1000, maxTag%1000, maxOperatorLine>>10),
		fmt.Sprintf("; routing tags together | %d; %d; %d KiB |", maxRoutes, maxDefaults, maxTagBytes>>10),
		fmt.Sprintf("| host patterns of one instance | %d; each with %d stars, %d alternatives |", maxPatterns, maxStars, maxAlternatives),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("limits.md lacks %s", want)
		}
	}
}
