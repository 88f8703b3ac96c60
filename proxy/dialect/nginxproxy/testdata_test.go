package nginxproxy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Each file of testdata holds the variables and labels of one container, with what they need for the ports that it exposes, and for ports of it what becomes
// of them there: the routes, and the verdicts on what is not in effect as written.
func TestVariablesAsPeopleWriteThem(t *testing.T) {
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
	in := map[string]string{}
	var needs dialect.Needs
	for line := range strings.SplitSeq(parts[0], "\n") {
		if head, want, ok := strings.Cut(line, " needs "); ok && strings.HasPrefix(line, "exposed") {
			var exposed []int
			for _, port := range strings.Fields(head)[1:] {
				n, _ := strconv.Atoi(port)
				exposed = append(exposed, n)
			}
			needs = language{}.NeedsWith(in, exposed)
			if got := needed(needs); got != want {
				t.Errorf("%s needs %s\nwant %s", head, got, want)
			}
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		value, ok := language{}.Variable(key, strings.ReplaceAll(value, `\n`, "\n"))
		if !ok {
			_, value, _ = strings.Cut(line, "=")
		}
		in[key] = value
	}
	for _, part := range parts[1:] {
		head, want, _ := strings.Cut(part, "\n")
		port, _ := strconv.Atoi(strings.TrimPrefix(head, "port "))
		var tags []string
		for _, key := range slices.Sorted(maps.Keys(in)) {
			value := in[key]
			if v, ok := needs.Values[key]; ok {
				value = v
			}
			if !slices.Contains(needs.Spent, key) && (needs.Port == port || !slices.Contains(needs.OnePort, key)) {
				tags = append(tags, key+"="+value)
			}
		}
		r := dialect.Languages{Options{}.Language()}.Parse(tags, dialect.Env{ContainerPort: port, Listeners: "http,https", SecureListeners: "https"})
		if got := outcome(r); got != strings.TrimSpace(want) {
			t.Errorf("port %d\n%s\n\nwant\n%s", port, got, want)
		}
		each(t, tags, r)
	}
}

// each has every tag told of.
func each(t *testing.T, tags []string, r dialect.Result) {
	t.Helper()
	for _, tag := range tags {
		if w, ok := cut(tag); ok && !slices.ContainsFunc(r.Verdicts, func(v dialect.Verdict) bool { return slices.Contains(v.Sources, w.source()) }) {
			t.Errorf("nothing is said of %q: %+v", tag, r.Verdicts)
		}
	}
}

func needed(n dialect.Needs) string {
	var out []string
	if n.Port != 0 {
		out = append(out, fmt.Sprintf("port %d", n.Port))
	} else if n.Ports != nil {
		out = append(out, fmt.Sprintf("ports %v", n.Ports))
	}
	if n.Spent != nil {
		out = append(out, fmt.Sprintf("without %s", strings.Join(n.Spent, " ")))
	}
	for _, p := range n.Problems {
		out = append(out, p.Key+": "+p.Problem+", "+p.Done)
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, "; ")
}

// outcome is a result in short: routes, then the verdicts on what is not in effect as written.
func outcome(r dialect.Result) string {
	var out []string
	for _, rule := range r.Rules {
		line := "route " + strings.ReplaceAll(rule.Line(), " prefer-https hsts=31536000", "")
		if rule.Policy.Closed {
			line += " closed"
		}
		out = append(out, line)
	}
	for _, v := range r.Verdicts {
		if v.Kind == dialect.VerdictUsed {
			continue
		}
		var keys []string
		for _, source := range v.Sources {
			key, _, _ := strings.Cut(source, "=")
			keys = append(keys, key)
		}
		line := v.Kind.String() + " " + strings.Join(keys, "+") + ": " + v.Reason
		if v.Quiet {
			line = "quietly " + line
		}
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
