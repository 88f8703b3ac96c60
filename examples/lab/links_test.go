package lab

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	// pageLines and readmeLines are what a person reads in one go.
	pageLines, readmeLines = 200, 150
)

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```")
	code     = regexp.MustCompile("`[^`\n]*`")
	linked   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headed   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchored = regexp.MustCompile(`<a id="([^"]+)">`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// document is a Markdown file as its links see it.
type document struct {
	links   []string
	anchors map[string]bool
	lines   int
}

func readDocument(text string) document {
	d := document{anchors: map[string]bool{}, lines: strings.Count(text, "\n")}
	prose := fenced.ReplaceAllString(text, "")
	for _, m := range headed.FindAllStringSubmatch(prose, -1) { // as GitHub makes them
		d.anchors[strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	for _, m := range anchored.FindAllStringSubmatch(prose, -1) {
		d.anchors[m[1]] = true
	}
	for _, m := range linked.FindAllStringSubmatch(code.ReplaceAllString(prose, ""), -1) {
		d.links = append(d.links, m[1])
	}
	return d
}

// documents are all Markdown files that somebody is sent to, by their paths below Root.
func documents(t *testing.T) map[string]document {
	t.Helper()
	all := map[string]document{}
	for _, pattern := range []string{"README.md", PagesFolder + "/*.md", "examples/*/README.md", "examples/*/*/README.md", "examples/lab/bench/*.md", ".github/*.md"} {
		files, err := filepath.Glob(filepath.Join(Root(), pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, _ := filepath.Rel(Root(), file)
			all[name] = readDocument(string(text))
		}
	}
	return all
}

// broken says of a link in the document from why it leads nowhere, or nothing.
func broken(all map[string]document, from, link string) string {
	if strings.Contains(link, "://") {
		return ""
	}
	path, anchor, hasAnchor := strings.Cut(link, "#")
	to := from
	if path != "" {
		to = filepath.Join(filepath.Dir(from), path)
		if _, err := os.Stat(filepath.Join(Root(), to)); err != nil {
			return "no such file"
		}
	}
	if hasAnchor && !all[to].anchors[anchor] {
		return "no such heading"
	}
	return ""
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := documents(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, link := range all[name].links {
			if why := broken(all, name, link); why != "" {
				t.Errorf("%s: %s: %s", name, link, why)
			}
		}
	}
	for _, bad := range []string{"none.md", "#none", "cmd/pointsman/docs/start.md#none"} {
		if broken(all, "README.md", bad) == "" {
			t.Errorf("%s passes", bad)
		}
	}
}

func TestPagesAreShortAndReachable(t *testing.T) {
	all := documents(t)
	if n := all["README.md"].lines; n >= readmeLines {
		t.Errorf("README.md has %d lines, want fewer than %d", n, readmeLines)
	}
	linked := map[string]bool{}
	for _, link := range all["README.md"].links {
		path, _, _ := strings.Cut(link, "#")
		linked[path] = true
	}
	for _, page := range PageNames(t) {
		name := filepath.Join(PagesFolder, page+".md")
		if n := all[name].lines; n >= pageLines {
			t.Errorf("%s has %d lines, want fewer than %d", name, n, pageLines)
		}
		if !linked[name] {
			t.Errorf("README.md has no link to %s", name)
		}
		if !strings.HasPrefix(Page(t, page), "# ") {
			t.Errorf("%s does not begin with its title", name)
		}
	}
}
