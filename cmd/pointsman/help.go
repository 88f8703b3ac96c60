package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/mattn/go-isatty"
)

// pages are the documentation, a page for each topic: what the README links to, what `pointsman help TOPIC` prints, and what the admin address
// serves below /help/. They are carried in the binary, so that the pages that somebody reads are those of the version that runs.
//
//go:embed docs/*.md
var pages embed.FS

//go:generate env POINTSMAN_UPDATE=1 go test -count=1 -run ^TestTables . ../../proxy/dialect

// remark is a line of a page that says how a table is made.
var remark = regexp.MustCompile(`(?m)^<!--.*-->\n`)

// topic is the text of a page, as Markdown; "" is the list of all pages.
func topic(name string) (text string, found bool) {
	if name == "" {
		return contents(), true
	}
	if strings.ContainsAny(name, "/.") {
		return "", false
	}
	raw, err := pages.ReadFile("docs/" + name + ".md")
	return remark.ReplaceAllString(string(raw), ""), err == nil
}

// topics are the names of all pages, sorted, each with its title.
func topics() (list [][2]string) {
	all, err := fs.Glob(pages, "docs/*.md")
	if err != nil {
		panic(err) // the pattern is well-formed
	}
	for _, file := range all {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "docs/"), ".md")
		text, _ := topic(name)
		title, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
		list = append(list, [2]string{name, title})
	}
	return list
}

// morePages stands below each page.
const morePages = "\n[topic] is another page: pointsman help topic\n"

// pipedWidth is for pages that go into a pipe: the next program shows them in a terminal of at least that width, most times.
const pipedWidth = 80

func runHelp(ctx context.Context, p program) int {
	if len(p.args) == 0 {
		overview(p.stdout)
		return exitOK
	}
	word := p.args[0]
	if text, found := topic(word); found {
		width, bold := pipedWidth, false
		if screen, ok := p.stdout.(*os.File); ok && isatty.IsTerminal(screen.Fd()) {
			kind, _ := p.lookup("TERM")
			columns, _ := sizeOf(screen)
			width, bold = min(max(columns, leastWidth), widestPage), kind != "dumb"
		}
		fmt.Fprint(p.stdout, layOut(text, width, bold)+morePages)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == word {
			p.args = []string{"-help"}
			return c.run(ctx, p)
		}
	}
	fmt.Fprintf(p.stderr, "pointsman: unknown command or topic %q; see pointsman help\n", word)
	return exitUsage
}

func overview(w io.Writer) {
	fmt.Fprint(w, "Containers scale, and traffic follows.\n\nUsage: pointsman COMMAND [options]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nStart with 'pointsman demo'. 'pointsman COMMAND -help' lists a command's options.\n\n"+
		"Pages, which 'pointsman help TOPIC' prints:\n")
	fmt.Fprint(w, contents())
}

// contents is a line for each page.
func contents() string {
	var all strings.Builder
	for _, t := range topics() {
		fmt.Fprintf(&all, "  %-20s %s\n", t[0], t[1])
	}
	return all.String()
}
