package traefik

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Each file of testdata holds the labels of one container as people write them, what they need, and for ports of it what becomes of them there.
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
		t.Run(filepath.Base(file), func(t *testing.T) { follow(t, string(text)) })
	}
}

func follow(t *testing.T, text string) {
	parts := strings.Split(strings.TrimSpace(text), "\n\n")
	labels, tags := map[string]string{}, strings.Split(parts[0], "\n")
	for _, tag := range tags {
		key, value, _ := strings.Cut(tag, "=")
		labels[key] = value
	}
	for _, part := range parts[1:] {
		head, want, _ := strings.Cut(part, "\n")
		if head == "needs" {
			if got := needed(language{}.Needs(labels)); got != want {
				t.Errorf("needs\n%s\n\nwant\n%s", got, want)
			}
			continue
		}
		at := env
		at.ContainerPort, _ = strconv.Atoi(strings.TrimPrefix(head, "port "))
		if got := outcome(dialect.Languages{Options{}.Language()}.Parse(tags, at)); got != want {
			t.Errorf("%s\n%s\n\nwant\n%s", head, got, want)
		}
	}
}

func needed(n dialect.Needs) string {
	var out []string
	for _, port := range n.Ports {
		out = append(out, "port "+strconv.Itoa(port))
	}
	if n.Network != "" {
		out = append(out, "network "+n.Network)
	}
	if n.OnePort != nil {
		out = append(out, "the lowest port for "+strconv.Itoa(len(n.OnePort))+" labels")
	}
	return strings.Join(out, "\n")
}

// outcome is a result for people: its routes, then each label that is not simply used, and why.
func outcome(r dialect.Result) string {
	var out []string
	for _, rule := range r.Rules {
		line := "route " + rule.Line()
		if rule.Policy.Closed {
			line += " closed"
		}
		out = append(out, line)
	}
	var others []string
	for _, v := range r.Verdicts {
		if v.Kind != dialect.VerdictUsed {
			first, _, _ := strings.Cut(strings.TrimPrefix(v.Sources[0], prefix), "=")
			others = append(others, v.Kind.String()+" "+first+": "+v.Reason)
		}
	}
	slices.Sort(others)
	return strings.Join(append(out, others...), "\n")
}
