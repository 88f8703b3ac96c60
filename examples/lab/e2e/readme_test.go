package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// typed is what newcomers type at one time: each list by one of them, in order, and the lists side by side. The first list has the ports as they are
// written, the others have ports of their own.
type typed [][]string

// pages stands at the end of a list for all guides that no list names: they need no container.
const pages = "the pages"

// times are the times, one after another. All registrators hear of all containers of this machine, so that two lists of one time must not have a
// service in common, nor one of them a route that takes what the other one asks for: every host (coming-over/traefik3), or every path of it
// (coming-over/fabio, coming-over/nginx).
var times = []typed{
	{{"README.md", lab.PagesFolder + "/start.md"}}, // the first builds what the others use, from a clean clone
	{
		{"examples/web", "examples/watching", pages},
		{"examples/coming-over/fabio", "examples/coming-over/nginx", "examples/coming-over/traefik3", "examples/coming-over/nginx-proxy"},
		{"examples/coming-over/alibaba", "examples/coming-over/traefik1"},
		{"examples/weighted"},
	},
	{
		{"examples/published", "examples/labels"}, // the Consul of the first has the ports of the host
		{"examples/replaced"},
		{"examples/zones"},
		{"examples/hundred"},
	},
}

// TestREADMECommands are newcomers with a clean clone who type what README, pages and the examples' READMEs say, in order, and compare what they show.
func TestREADMECommands(t *testing.T) {
	lab.Limit(t, 2*commandLimit)
	lab.FindDocker(t)
	composeV1(t)
	clone := cleanClone(t)
	for i, lists := range allTimes(t, clone) {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			for j, list := range lists {
				t.Run(fmt.Sprint(j+1), func(t *testing.T) {
					t.Parallel()
					for k, name := range list {
						t.Run(name, func(t *testing.T) {
							newReader(t, clone, fmt.Sprintf("readme%dn%d%d%d", os.Getpid(), i, j, k), j == 0).read(name)
						})
					}
				})
			}
		})
	}
}

// allTimes are the times with the files in place of their short names. Every guide is in one list.
func allTimes(t *testing.T, root string) (all []typed) {
	t.Helper()
	rest := guides(t, root)
	take := func(name string) string {
		if !strings.HasSuffix(name, ".md") {
			name += "/README.md"
		}
		i := slices.Index(rest, name)
		if i < 0 {
			t.Fatalf("%s is no guide, or is in two lists", name)
		}
		rest = slices.Delete(rest, i, i+1)
		return name
	}
	for _, time := range times {
		var lists typed
		for _, names := range time {
			var list []string
			for _, name := range names {
				if name == pages {
					list = append(list, pages)
				} else {
					list = append(list, take(name))
				}
			}
			lists = append(lists, list)
		}
		all = append(all, lists)
	}
	for _, lists := range all {
		for i, list := range lists {
			if n := len(list) - 1; list[n] == pages {
				lists[i] = append(list[:n], rest...)
			}
		}
	}
	return all
}

// guides are the files that somebody follows who begins: README.md, the pages with commands, and the READMEs of the examples.
func guides(t *testing.T, root string) (all []string) {
	t.Helper()
	for _, pattern := range []string{"README.md", lab.PagesFolder + "/*.md", "examples/*/README.md", "examples/coming-over/*/README.md"} {
		some, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(some) == 0 {
			t.Fatalf("%s: %v, %v", pattern, some, err)
		}
		for _, file := range some {
			if name, _ := filepath.Rel(root, file); filepath.Base(file) == "README.md" || hasCommands(t, file) {
				all = append(all, name)
			}
		}
	}
	return all
}

// typedByNone are files whose commands no test types, and why.
var typedByNone = map[string]string{
	"examples/lab/bench/README.md": "they measure for half an hour",
}

// Whoever adds a page with commands, anywhere, has them typed or says why they are not.
func TestREADMECommandsAreAllTyped(t *testing.T) {
	t.Parallel()
	var all []string
	for _, lists := range allTimes(t, lab.Root()) {
		all = append(all, slices.Concat(lists...)...)
	}
	out, err := exec.Command("git", "-C", lab.Root(), "ls-files", "*.md").Output()
	if err != nil {
		lab.Missing(t, "not a repository: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		_, none := typedByNone[name]
		if hasCommands(t, filepath.Join(lab.Root(), name)) && slices.Contains(all, name) == none {
			t.Errorf("%s has commands: it is typed by a list of times, or says in typedByNone why not", name)
		}
	}
}

// hasCommands says whether a file has commands that a reader types.
func hasCommands(t *testing.T, file string) bool {
	t.Helper()
	return slices.ContainsFunc(fences(t, file), func(f fence) bool { return strings.HasPrefix(f.kind, "sh") })
}

// cleanClone is what somebody gets who clones the repository's present commit.
func cleanClone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pointsman")
	if out, err := exec.Command("git", "clone", "-q", lab.Root(), dir).CombinedOutput(); err != nil {
		lab.Missing(t, "no clean clone of this repository: %v: %s", err, out)
	}
	return dir
}
