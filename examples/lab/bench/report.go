//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// report is what people get to read.
type report struct {
	bench   *bench
	machine machine
	results []*result
}

func newReport(b *bench) *report { return &report{bench: b, machine: thisMachine()} }

// verdicts are those of the cases that were run.
func (r *report) verdicts() []verdict {
	var out []verdict
	for _, b := range bars() {
		if v, chosen := b.judge(r.results); chosen {
			out = append(out, v)
		}
	}
	return out
}

// Names of the files; the Markdown shows the chart.
const (
	markdownFile = "RESULTS.md"
	chartFile    = "RESULTS.svg"
)

// write writes both into a directory; "" means nowhere.
func (r *report) write(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, markdownFile), []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, chartFile), []byte(r.chart()), 0o644)
}

// text prints everything for a terminal.
func (r *report) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, res := range r.results {
		fmt.Fprintf(w, "\n%s\n", res.Title)
		for _, line := range res.table() {
			for _, cell := range line {
				fmt.Fprintf(w, "  %s\t", cell)
			}
			fmt.Fprintln(w)
		}
		w.Flush()
	}
	fmt.Fprint(w, "\nWhat must hold\n")
	for _, v := range r.verdicts() {
		fmt.Fprintf(w, "  %s\t  %s\t  %s\t  %s\t  %s\n", v.Title, v.what(), v.got(), v.want(), v)
	}
	fmt.Fprintf(w, "\n%s\n", r.machine)
	return w.Flush()
}

// table is one case: a head line, then a line for each contender.
func (r *result) table() [][]string {
	var shown []metric
	for _, m := range metrics {
		if slices.ContainsFunc(r.rows, func(row *row) bool { return row.has(m) && (!m.rare() || row.sum(m) > 0) }) {
			shown = append(shown, m)
		}
	}
	head := []string{""}
	for _, m := range shown {
		if head = append(head, string(m)); m == cpu {
			head = append(head, "of "+r.base())
		}
	}
	lines := [][]string{head}
	for _, row := range r.rows {
		lines = append(lines, row.line(shown, r.find(r.base())))
	}
	return lines
}

func (r *row) line(shown []metric, base *row) []string {
	line := []string{r.Name}
	for _, m := range shown {
		switch {
		case !r.has(m):
			line = append(line, "–")
		case m.rare():
			line = append(line, figure(m, r.sum(m)))
		default:
			v := r.Samples[m]
			line = append(line, fmt.Sprintf("%s (%s–%s)", figure(m, r.median(m)), figure(m, slices.Min(v)), figure(m, slices.Max(v))))
		}
		if m == cpu {
			line = append(line, r.of(base))
		}
	}
	if r.Problem != "" {
		line = append(line, "not measured: "+r.Problem)
	}
	return line
}

// of is the CPU time as a part of another's.
func (r *row) of(base *row) string {
	if base == nil {
		return "–"
	}
	if v := ratios(r, base, cpu); len(v) > 0 {
		return fmt.Sprintf("%.2f", median(v))
	}
	return "–"
}
