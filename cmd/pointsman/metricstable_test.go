package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/examples/lab"
)

// described are the name, the labels and the help of a metric, as a Desc prints them.
var described = regexp.MustCompile(`fqName: "(pointsman_\w+)", help: "(.*?)"(?:, unit: "[^"]*")?, constLabels: .*, variableLabels: \{([^}]*)\}`)

// metricsOf are the lines of a table of what a registry has, by the metrics' names.
func metricsOf(t *testing.T, r *prometheus.Registry) map[string]string {
	t.Helper()
	all := map[string]string{}
	descs := make(chan *prometheus.Desc)
	go func() { r.Describe(descs); close(descs) }()
	for d := range descs {
		m := described.FindStringSubmatch(d.String())
		if m == nil {
			continue // Go's own
		}
		labels := m[3]
		if labels != "" {
			labels = "{" + labels + "}"
		}
		help := strings.ReplaceAll(strings.ReplaceAll(m[2], `\"`, `"`), "|", `\|`)
		all[m[1]] = fmt.Sprintf("| `%s%s` | %s |\n", m[1], labels, helpCode.ReplaceAllString(help, "$1`$2$3`"))
	}
	return all
}

// proxysMetrics are those of a proxy with all options that add some.
func proxysMetrics(t *testing.T) map[string]string {
	t.Helper()
	p := program{args: []string{"-listen", "127.0.0.1:0", "-tls-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-acme-dir", t.TempDir(), "-metrics-instances", "-slow", "1s", "-otlp", "http://127.0.0.1:1"},
		lookup: func(string) (string, bool) { return "", false }, stdout: os.Stderr, stderr: os.Stderr}
	f := newFlags(p, "metrics", "", "")
	var c proxyFlags
	c.listeners(f)
	c.routing(f, "registered")
	c.traffic(f)
	if _, done := f.parse(0); done {
		t.Fatal("bad options")
	}
	h := &dataPath{flags: &c, log: zerolog.Nop(), registry: newRegistry()}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		h.runWith(ctx, func(a *actors) error {
			_, err := embedded(h, a)
			return errors.Join(err, h.assemble(a))
		})
	})
	defer ended.Wait()
	defer cancel()
	lab.Eventually(t, 10*time.Second, "the watcher runs", func() bool { return metricsOf(t, h.registry)["pointsman_discovery_services"] != "" })
	return metricsOf(t, h.registry)
}

func registratorsMetrics(t *testing.T) map[string]string {
	t.Helper()
	registry := newRegistry()
	_, err := consul.NewAgent(consul.Options{Registerer: registry})
	_, err2 := consul.NewCatalogue(consul.Options{Registerer: registry}) // of the proxy's
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	c := registratorFlags{dockerHost: "unix:///none"}
	if _, err := c.build(memory.NewCatalogue(memory.Options{}), registry, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	return metricsOf(t, registry)
}

// TestTablesOfMetricsAreWhole: each metric stands in one table, with the help that Prometheus gets.
func TestTablesOfMetricsAreWhole(t *testing.T) {
	all := proxysMetrics(t)
	for name, line := range registratorsMetrics(t) {
		all[name] = line
	}
	listed := lab.Make(t, "metrics", "metrics", func(names []string) string {
		table := "| metric | meaning |\n|---|---|\n"
		for _, name := range names {
			line, there := all["pointsman_"+name]
			if !there {
				t.Errorf("metrics.md: there is no metric pointsman_%s", name)
			}
			table += line
		}
		return table
	})
	for name := range all {
		if !slices.Contains(listed, strings.TrimPrefix(name, "pointsman_")) {
			t.Errorf("metrics.md lacks %s: add its name without pointsman_ to a <!-- metrics: … -->, and make docs", name)
		}
	}
	for _, page := range lab.PageNames(t) {
		for _, name := range regexp.MustCompile(`pointsman_[a-z_]+`).FindAllString(lab.Page(t, page), -1) {
			if _, there := all[strings.TrimSuffix(name, "_bucket")]; !there {
				t.Errorf("%s.md names the metric %s, which does not exist", page, name)
			}
		}
	}
}
