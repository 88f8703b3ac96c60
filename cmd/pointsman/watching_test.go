package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/pointsman/pointsman/examples/lab"
)

// metricName is a metric in an expression: of ours, or of those that every Go program has.
var metricName = regexp.MustCompile(`\b(?:pointsman|process|go)_[a-z0-9_]+\b`)

// promtool runs it in the folder of the example. Without it the test is left out, but not in CI.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	bin, err := exec.LookPath("promtool")
	if err != nil {
		lab.Missing(t, "no promtool: Debian's package prometheus has it")
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = filepath.Join(lab.Root(), "examples", "watching")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v: %s", args, err, out)
	}
}

func watchingFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(lab.Root(), "examples", "watching", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// panel is one of a dashboard, as far as the test reads it.
type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

// dashboard reads the dashboard, and holds its panels to what Grafana needs.
func dashboard(t *testing.T) (expressions []string) {
	t.Helper()
	var d struct {
		Title         string  `json:"title"`
		SchemaVersion int     `json:"schemaVersion"`
		Panels        []panel `json:"panels"`
	}
	if err := json.Unmarshal(watchingFile(t, "dashboard.json"), &d); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	if d.Title == "" || d.SchemaVersion == 0 || len(expressions) < 20 {
		t.Errorf("%+v", d)
	}
	return expressions
}

func TestWatchingsFilesAreValid(t *testing.T) {
	promtool(t, "check", "config", "prometheus.yml")
	promtool(t, "check", "rules", "alerts.yml")
	promtool(t, "test", "rules", "alerts_test.yml")
	rules := map[string]any{}
	var list []any
	plain := strings.NewReplacer("$__rate_interval", "5m", "$service", ".*")
	for i, e := range dashboard(t) { // as rules, promtool reads the dashboard's expressions, too
		list = append(list, map[string]string{"record": fmt.Sprintf("panel:%d", i), "expr": plain.Replace(e)})
	}
	rules["groups"] = []any{map[string]any{"name": "dashboard", "rules": list}}
	text, err := yaml.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// TestWatchingNamesMetricsThatThereAre: each metric in the dashboard and in the alerts stands in a scrape of a running proxy or registrator.
func TestWatchingNamesMetricsThatThereAre(t *testing.T) {
	w := startWatched(t)
	proxy, registrator := w.metrics()
	there := map[string]bool{}
	for line := range strings.Lines(proxy + registrator) {
		if name, found := strings.CutPrefix(line, "# TYPE "); found {
			there[strings.Fields(name)[0]] = true
		}
	}
	there["pointsman_start_to_first_answer_seconds"] = true // comes with the first container that is seen to start
	text := strings.Join(dashboard(t), "\n") + string(watchingFile(t, "alerts.yml")) + string(watchingFile(t, "alerts_test.yml"))
	names := metricName.FindAllString(text, -1)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		base := name
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, part)
		}
		if !there[name] && !there[base] {
			t.Errorf("%s is no metric of a proxy or a registrator", name)
		}
	}
	if len(names) < 30 {
		t.Errorf("only %d names of metrics found", len(names))
	}
}
