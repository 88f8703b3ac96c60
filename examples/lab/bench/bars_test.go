//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// measured is a result of one case from its contenders' CPU samples.
func measured(name string, samples map[string][]float64) *result {
	r := &result{job: &job{}, Name: name, Title: name}
	for _, c := range []contender{the(event).logged(), the(nginx).logged(), the(nginx).lean()} {
		if v, ok := samples[c.Name]; ok {
			r.rows = append(r.rows, &row{contender: c, Samples: map[metric][]float64{cpu: v, failed: {0, 1}}})
		}
	}
	return r
}

func TestRatioIsTheMedianOfTheRounds(t *testing.T) {
	// In the second round the machine was twice as slow for everybody.
	r := measured(keep64, map[string][]float64{the(event).logged().Name: {7, 14, 7.5}, the(nginx).logged().Name: {10, 20, 10}})
	v, chosen := bars()[0].judge([]*result{r})
	if !chosen || !v.Measured || math.Abs(v.Value-0.7) > 1e-9 || v.Low != 0.7 || v.High != 0.75 {
		t.Errorf("%+v, want the median 0.7 of 0.7, 0.7 and 0.75", v)
	}
	if !v.Holds || !strings.HasPrefix(v.String(), "holds") || !strings.Contains(v.String(), "1 errors") {
		t.Errorf("verdict %q, want that it holds, with the error", v)
	}
}

func TestVerdicts(t *testing.T) {
	e, n := the(event), the(nginx)
	of := func(c contender, m metric, v ...float64) *row {
		return &row{contender: c, Samples: map[metric][]float64{m: v}}
	}
	for _, c := range []struct {
		bar   bar
		rows  []*row
		holds bool
		want  string
	}{
		{bar{Theirs: n, Metric: cpu, AtMost: 0.8}, []*row{of(e, cpu, 10), of(n, cpu, 10)}, false, "missed by 25 %"},
		{bar{Theirs: n, Metric: cpu, AtMost: 0.8}, []*row{of(e, cpu, 8), of(n, cpu, 10)}, true, "holds"},
		{bar{Theirs: n, Metric: rps, AtLeast: 1.05}, []*row{of(e, rps, 100), of(n, rps, 100)}, false, "missed by 5 %"},
		{bar{Metric: growth, AtMost: 6}, []*row{of(e, growth, 6)}, true, "holds"},
		{bar{Metric: failed, Zero: true}, []*row{of(e, failed, 0, 0, 1)}, false, "missed (1 errors)"},
		{bar{Metric: failed, Zero: true}, []*row{of(e, failed, 0, 0)}, true, "holds"},
		{bar{Theirs: n, Metric: cpu, AtMost: 0.8}, []*row{of(e, cpu), of(n, cpu, 10)}, false, "not measured"},
	} {
		c.bar.Case, c.bar.Ours = "x", e
		v, chosen := c.bar.judge([]*result{{Name: "x", rows: c.rows}})
		if !chosen || v.Holds != c.holds || v.String() != strings.Replace(c.want, "missed (1 errors)", "missed", 1) {
			t.Errorf("%+v: %v %q, want %v %q", c.bar, v.Holds, v, c.holds, c.want)
		}
	}
}

// A bar that names what no case measures would never be judged, and nobody would notice.
func TestEveryBarIsMeasured(t *testing.T) {
	var results []*result
	names := map[string]bool{}
	for _, j := range cases() {
		if names[j.Name] {
			t.Errorf("two cases are called %s", j.Name)
		}
		names[j.Name] = true
		seen := map[string]bool{}
		for _, c := range j.contenders {
			if seen[c.Name] {
				t.Errorf("%s: two contenders are called %s", j.Name, c.Name)
			}
			seen[c.Name] = true
		}
		results = append(results, newResult(j))
	}
	for _, b := range bars() {
		if _, chosen := b.judge(results); !chosen {
			t.Errorf("no case measures %s: %s", b.Case, b.what())
		}
	}
	for _, l := range chartLines() {
		if !names[l.Case] {
			t.Errorf("the chart asks for a case %s", l.Case)
		}
	}
}

func TestReports(t *testing.T) {
	r := &report{bench: &bench{}, results: []*result{measured(keep64, map[string][]float64{
		the(event).logged().Name: {7, 8}, the(nginx).logged().Name: {10, 10}, the(nginx).lean().Name: nil})}}
	r.results[0].rows[2].Problem = "it | has ended\nbadly"
	text := r.markdown()
	for _, want := range []string{"| Pointsman, access log | 7.5 (7.0–8.0) | 0.75 |", "not measured: it \\| has ended badly |", "≤ 0.75 | holds"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Markdown lacks %q:\n%s", want, text)
		}
	}
	for line := range strings.SplitSeq(text[strings.Index(text, "### "):], "\n") {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|")-strings.Count(line, `\|`) != 5 {
			t.Errorf("a line of another width: %s", line)
		}
	}
	chart := r.chart()
	if want := fmt.Sprintf(`width="%.1f"`, 0.75/mostShown*barsWidth); !strings.Contains(chart, want) || !strings.Contains(chart, "prefers-color-scheme") {
		t.Errorf("the chart lacks %s, or its dark colours:\n%s", want, chart)
	}
}
