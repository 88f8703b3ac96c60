package dialect

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// row is a line of the README's table of options.
type row struct {
	example, nginx, of, def, meaning string
}

func rows(t testing.TB) (out []row) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(lab.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n### Options of a route\n")
	_, after, _ = strings.Cut(after, "|---|---|---|---|---|\n")
	table, _, found := strings.Cut(after, "\n\n")
	if !found {
		t.Fatal("README.md has no table of options")
	}
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(cells) != 7 {
			t.Fatalf("README.md: %d cells in %s", len(cells)-2, line)
		}
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
		}
		out = append(out, row{cells[1], cells[2], cells[3], cells[4], cells[5]})
	}
	return out
}

// What the README says of each option is so.
func TestREADMEListsTheOptionsOfARoute(t *testing.T) {
	var listed []string
	for _, r := range rows(t) {
		example, ok := strings.CutPrefix(r.example, "`")
		example, last := strings.CutSuffix(example, "`")
		name, _, _ := strings.Cut(example, "=")
		o := optionByName[name]
		if !ok || !last || o == nil {
			t.Errorf("README.md: %s is not an option with an example", r.example)
			continue
		}
		listed = append(listed, name)
		of := []string{"route", "instance", "request"}[o.scope]
		for _, more := range []struct {
			on   bool
			word string
		}{{o.fabio, "Fabio"}, {o.operator, "operator"}} {
			if more.on {
				of += ", " + more.word
			}
		}
		if r.of != of {
			t.Errorf("README.md: %s is of %s, want %s", name, r.of, of)
		}
		if r.meaning == "" || !strings.HasPrefix(r.meaning, "not supported") && !works(t, o, example) {
			t.Errorf("README.md: %s has no effect, or no meaning", example)
		}
	}
	for i := range options {
		if !slices.Contains(listed, options[i].name) {
			t.Errorf("README.md lacks the option %s", options[i].name)
		}
	}
	if slices.Sort(listed); len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("README.md lists an option twice: %v", listed)
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

// The README's bounds are those of the code.
func TestREADMETellsTheBounds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(lab.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| length of a routing tag; of a line of the routes file | %d,%03d bytes; %d KiB |", maxTag/1000, maxTag%1000, maxOperatorLine>>10),
		fmt.Sprintf("; routing tags together | %d; %d; %d KiB |", maxRoutes, maxDefaults, maxTagBytes>>10),
		fmt.Sprintf("| host patterns of one instance | %d; each with %d stars, %d alternatives |", maxPatterns, maxStars, maxAlternatives),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("README.md lacks %s", want)
		}
	}
}
