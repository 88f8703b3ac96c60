//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// result is what a case showed.
type result struct {
	*job
	Name, Title string
	rows        []*row
	profile     []part // where our time goes; nil where that was not looked at
}

// row is one contender's samples, by metric and in the order of the rounds.
type row struct {
	contender
	Samples map[metric][]float64
	Problem string // why there are none, or no more
}

func newResult(j *job) *result {
	r := &result{job: j, Name: j.Name, Title: j.Title}
	for _, c := range j.contenders {
		r.rows = append(r.rows, &row{contender: c, Samples: map[metric][]float64{}})
	}
	return r
}

// base is the contender that the others' CPU time is shown as a part of: nginx, or its variant where it doesn't run as it comes.
func (r *result) base() string {
	name := ""
	for _, row := range r.rows {
		if row.Kind == nginx && (name == "" || row.Name == r.Base) {
			name = row.Name
		}
	}
	return name
}

func (r *result) find(name string) *row {
	for _, row := range r.rows {
		if row.Name == name {
			return row
		}
	}
	return nil
}

func (r *row) add(s sample) {
	for m, v := range s {
		r.Samples[m] = append(r.Samples[m], v)
	}
}

func (r *row) has(m metric) bool { return len(r.Samples[m]) > 0 }

// median of a metric; of an even number the mean of the two in the middle.
func (r *row) median(m metric) float64 { return median(r.Samples[m]) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Clone(values)
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// ratios are a's samples over b's of the same round: what the machine did in a round, it did to both.
func ratios(a, b *row, m metric) []float64 {
	var out []float64
	x, y := a.Samples[m], b.Samples[m]
	for i := range min(len(x), len(y)) {
		if y[i] != 0 {
			out = append(out, x[i]/y[i])
		}
	}
	return out
}

// sum over all rounds.
func (r *row) sum(m metric) (total float64) {
	for _, v := range r.Samples[m] {
		total += v
	}
	return total
}

// metrics in the order of the reports.
var metrics = [...]metric{cpu, rps, p50, p99, growth, resident, idle, meantime, letGo, balance, unlogged, ended, failed}

// rare says that a metric counts what should not be: it is summed up, and shown where it is not 0.
func (m metric) rare() bool { return m == failed || m == ended || m == unlogged }

func (s sample) String() string {
	var b strings.Builder
	for _, m := range metrics {
		if v, ok := s[m]; ok && (!m.rare() || v > 0) {
			fmt.Fprintf(&b, "%s %s  ", figure(m, v), m)
		}
	}
	return b.String()
}

// figure is a value with the digits that mean something.
func figure(m metric, v float64) string {
	switch {
	case m == balance, m == idle:
		return fmt.Sprintf("%.2f", v)
	case m == rps, m.rare(), m == letGo, v >= 1000:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}
