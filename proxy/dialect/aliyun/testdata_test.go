package aliyun

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Each file of testdata holds the labels of one container, what they need, and for several ports of it what becomes of them there: the
// routes, the verdicts, and the labels that are used once for each rule.
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
	labels, tags := map[string]string{}, []string(nil)
	for line := range strings.SplitSeq(parts[0], "\n") {
		key, value, ok := strings.Cut(line, "=")
		switch needs, is := strings.CutPrefix(line, "needs "); {
		case is:
			if got := needed(language{}.Needs(labels)); got != needs {
				t.Errorf("needs %s\nwant %s", got, needs)
			}
		case ok:
			labels[key], tags = value, append(tags, line)
		}
	}
	for _, part := range parts[1:] {
		head, want, _ := strings.Cut(part, "\n")
		head, more, _ := strings.Cut(strings.TrimPrefix(head, "port "), ", ")
		port := dialect.AnyPort
		if head != "any" {
			port, _ = strconv.Atoi(head)
		}
		with := tags
		if more != "" {
			with = append(slices.Clone(tags), more)
		}
		r := dialect.Languages{Language()}.Parse(with, dialect.Env{Domain: "lab.test", ContainerPort: port})
		if got := outcome(r); got != strings.TrimSpace(want) {
			t.Errorf("port %s\n%s\n\nwant\n%s", head, got, want)
		}
	}
}

func needed(n dialect.Needs) string {
	var out []string
	for _, port := range n.Ports {
		out = append(out, fmt.Sprintf("port %d", port))
	}
	if p := n.Probe; p != nil {
		how := "by TCP"
		if p.Path != "" {
			how = "GET " + p.Path
		}
		out = append(out, fmt.Sprintf("probe of port %d %s timeout %s", p.Port, how, p.Timeout))
	}
	for _, p := range n.Problems {
		out = append(out, fmt.Sprintf("%s: %s, %s", p.Key, p.Problem, p.Done))
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

// outcome is a result in short: routes, then what is used, then the other verdicts, each group in its order.
func outcome(r dialect.Result) string {
	var routes, used, others []string
	for _, rule := range r.Rules {
		line := "route " + rule.Line()
		if rule.Policy.Closed {
			line += " closed"
		}
		routes = append(routes, line)
	}
	for _, v := range r.Verdicts {
		var keys []string
		for _, source := range v.Sources {
			key, _, _ := strings.Cut(strings.TrimPrefix(source, prefix), "=")
			keys = append(keys, key)
		}
		about := strings.Join(keys, "+")
		if v.Kind == dialect.VerdictUsed {
			used = append(used, about)
			continue
		}
		line := v.Kind.String() + " " + about + ": " + v.Reason
		if v.Quiet {
			line = "quietly " + line
		}
		if v.Advice != "" {
			line += "; " + v.Advice
		}
		others = append(others, line)
	}
	if used != nil {
		others = append([]string{"used " + strings.Join(used, ", ")}, others...)
	}
	slices.SortStableFunc(others, func(a, b string) int { return rank(a) - rank(b) })
	return strings.Join(append(routes, others...), "\n")
}

// rank puts first what matters first.
func rank(line string) int {
	for i, begin := range []string{"used", "partly", "refused", "ignored", "quietly"} {
		if strings.HasPrefix(line, begin) {
			return i
		}
	}
	return 0
}
