package lab

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// PagesFolder has the pages of the documentation, a file NAME.md for each topic, below Root. The binary carries them.
const PagesFolder = "cmd/pointsman/docs"

// PageFile is the file of the page NAME.
func PageFile(name string) string { return filepath.Join(Root(), PagesFolder, name+".md") }

// Page is the text of the page NAME.
func Page(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(PageFile(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// PageNames are the names of all pages, sorted.
func PageNames(t testing.TB) (names []string) {
	t.Helper()
	files, err := filepath.Glob(PageFile("*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages in %s: %v", PagesFolder, err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".md"))
	}
	return names
}

// Table is what stands in all tables of a page whose first cell is first: their other rows, each a list of cells without blanks around them,
// in which \| has become |.
func Table(t testing.TB, page, first string) (rows [][]string) {
	t.Helper()
	inside := false
	for line := range strings.SplitSeq(Page(t, page), "\n") {
		switch {
		case strings.HasPrefix(line, "| "+first+" |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|---"):
			rows = append(rows, cells(line))
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s.md has no table that begins with %q", page, first)
	}
	return rows
}

func cells(line string) []string {
	all := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
	for i := range all {
		all[i] = strings.ReplaceAll(strings.TrimSpace(all[i]), "\x00", "|")
	}
	return all[1 : len(all)-1]
}

// made is a part of a page that is made from the program: <!-- KIND: WORDS --> in front of it, <!-- end --> behind it, a line each.
var made = regexp.MustCompile(`(?s)(<!-- ([a-z ]+): ([^>]*) -->\n)(.*?)(<!-- end -->\n)`)

// Make compares each part of a kind in a page with what part returns for its words: lines, each with its end. Where POINTSMAN_UPDATE=1 is
// set it writes the page instead. It returns the words of all these parts.
func Make(t testing.TB, page, kind string, part func(words []string) string) (all []string) {
	t.Helper()
	text := Page(t, page)
	next := made.ReplaceAllStringFunc(text, func(old string) string {
		m := made.FindStringSubmatch(old)
		if m[2] != kind {
			return old
		}
		words := strings.Fields(m[3])
		all = append(all, words...)
		return m[1] + part(words) + m[5]
	})
	switch {
	case len(all) == 0:
		t.Errorf("%s.md has no part with <!-- %s: … -->", page, kind)
	case next == text:
	case os.Getenv("POINTSMAN_UPDATE") == "1":
		if err := os.WriteFile(PageFile(page), []byte(next), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s.md is not what the program says, first at %q: make docs writes it", page, difference(text, next))
	}
	return all
}

// difference is the first line of b that is another one in a.
func difference(a, b string) string {
	old := strings.Split(a, "\n")
	for i, line := range strings.Split(b, "\n") {
		if i >= len(old) || old[i] != line {
			return line
		}
	}
	return "its end"
}
