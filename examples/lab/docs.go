package lab

import (
	"os"
	"path/filepath"
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

// Table is the first table of a page whose heading row begins with one cell: its other rows, each a list of cells without blanks around
// them, in which \| has become |.
func Table(t testing.TB, page, first string) (rows [][]string) {
	t.Helper()
	_, after, found := strings.Cut(Page(t, page), "\n| "+first+" |")
	if !found {
		t.Fatalf("%s.md has no table that begins with %q", page, first)
	}
	for i, line := range strings.Split(after, "\n") {
		if i == 0 || strings.HasPrefix(line, "|---") {
			continue
		}
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		for k := range cells {
			cells[k] = strings.ReplaceAll(strings.TrimSpace(cells[k]), "\x00", "|")
		}
		rows = append(rows, cells[1:len(cells)-1])
	}
	return rows
}
