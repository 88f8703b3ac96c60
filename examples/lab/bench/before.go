//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// With -before an old binary runs beside the new one, twice: how much it differs from itself is how much of the difference between
// the two means nothing.
const (
	oldA = "old A"
	oldB = "old B"
)

// old is a contender of ours as the old binary is.
func (c contender) old(which string) contender {
	c.Old = which
	return c.called(which)
}

// withOld puts the old binary twice beside each contender of ours. Others stay only where one of them says how much load there is.
func withOld(j *job) {
	var all []contender
	for _, c := range j.contenders {
		switch {
		case c.Kind.ours():
			all = append(all, c.old(oldA), c, c.old(oldB))
		case c.Kind == nginx && j.traffic.HalfOfNginx:
			all = append(all, c)
		}
	}
	j.contenders = all
}

// comparison is the new binary over the old one in a case, and the old one over itself: CPU time, a ratio for each round.
type comparison struct {
	title    string
	new, old []float64
}

func compared(results []*result) (all []comparison) {
	for _, res := range results {
		for _, row := range res.rows {
			a, b := res.find(row.contender.old(oldA).Name), res.find(row.contender.old(oldB).Name)
			if row.Old != "" || a == nil || b == nil {
				continue
			}
			c := comparison{title: res.Name + ": " + row.Name, old: ratios(b, a, cpu)}
			c.new = append(ratios(row, a, cpu), ratios(row, b, cpu)...)
			if len(c.new) > 0 && len(c.old) > 0 {
				all = append(all, c)
			}
		}
	}
	return all
}

// compare prints what new binary and old one cost beside each other, case by case and over all of them.
func compare(out io.Writer, results []*result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\nCPU time, median (least–most) of the rounds\n  case\tnew ÷ old\told ÷ old\n")
	var news, olds []float64
	for _, c := range compared(results) {
		news, olds = append(news, median(c.new)), append(olds, median(c.old))
		fmt.Fprintf(w, "  %s\t%s\t%s\n", c.title, spread(c.new), spread(c.old))
	}
	if news == nil {
		fmt.Fprint(w, "  no case of these measures CPU time\n")
		return w.Flush()
	}
	fmt.Fprintf(w, "  median over %d cases\t%s\t%s\n", len(news), spread(news), spread(olds))
	return w.Flush()
}

func spread(values []float64) string {
	return fmt.Sprintf("%.3f (%.3f–%.3f)", median(values), slices.Min(values), slices.Max(values))
}
