package traefik1

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Each file of testdata holds the labels of one container as people write them, and for ports of it what becomes of them there.
func TestLabelsAsPeopleWriteThem(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(strings.TrimSpace(string(text)), "\n\n")
		tags := strings.Split(parts[0], "\n")
		for _, part := range parts[1:] {
			head, want, _ := strings.Cut(part, "\n")
			at := env
			at.ContainerPort, _ = strconv.Atoi(strings.TrimPrefix(head, "port "))
			if got := outcome(dialect.Languages{Options{}.Language()}.Parse(tags, at)); got != want {
				t.Errorf("%s: %s\n%s\n\nwant\n%s", file, head, got, want)
			}
		}
	}
}

// outcome is a result for people: its routes, then each label that is not simply used, and why.
func outcome(r dialect.Result) string {
	var out, others []string
	for _, rule := range r.Rules {
		line := "route " + rule.Line()
		if rule.Policy.Closed {
			line += " closed"
		}
		out = append(out, line)
	}
	for _, v := range r.Verdicts {
		if v.Kind != dialect.VerdictUsed {
			first, _, _ := strings.Cut(strings.TrimPrefix(v.Sources[0], prefix), "=")
			others = append(others, v.Kind.String()+" "+first+": "+v.Reason)
		}
	}
	slices.Sort(others)
	return strings.Join(append(out, others...), "\n")
}
