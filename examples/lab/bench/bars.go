//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// bar is one thing that must hold: a figure of ours, or its ratio to somebody's.
type bar struct {
	Case    string
	Ours    contender
	Theirs  contender // compared with in the same case; no name for none
	Metric  metric
	AtMost  float64 // 0 for no upper bound, unless Exact
	AtLeast float64
	Zero    bool // must be 0 over all rounds
}

// bars is the whole of what must hold; reports and verdicts are made from it alone.
func bars() []bar {
	e, n, h := the(event), the(nginx), the(haproxy)
	list := []bar{
		{Case: keep64, Ours: e.logged(), Theirs: n.logged(), AtMost: 0.75},
		{Case: keep64, Ours: e.logged(), Theirs: h.logged(), AtMost: 0.75},
		{Case: keep64, Ours: e.logged(), Theirs: the(reverse).logged(), AtMost: 0.30},
		{Case: keep64, Ours: e.logged(), Theirs: n.lean(), AtMost: 0.85},
		{Case: keep64, Ours: e.logged(), Theirs: h.lean(), AtMost: 0.85},
	}
	for _, both := range []struct {
		name string
		most float64
	}{{keep1, 0.95}, {keep16, 0.90}, {keep512, 0.65}, {offered, 0.85}, {browser, 0.85}, {connect, 1.00}} {
		list = append(list, bar{Case: both.name, Ours: e, Theirs: n, AtMost: both.most}, bar{Case: both.name, Ours: e, Theirs: h, AtMost: both.most})
	}
	list = append(list,
		bar{Case: answer64k, Ours: e, Theirs: n, AtMost: 0.45},
		bar{Case: answer64k, Ours: e, Theirs: n.buffered(), AtMost: 0.75},
		bar{Case: answer1m, Ours: e, Theirs: n, AtMost: 0.30},
		bar{Case: answer1m, Ours: e, Theirs: n.buffered(), AtMost: 0.45},
		bar{Case: answer1m, Ours: e, Theirs: h.splice("response"), AtMost: 0.85},
		// With nginx's own default every such body goes through a file; the bar is against one that keeps it in memory.
		bar{Case: post16k, Ours: e, Theirs: n.bodyBuffered(), AtMost: 0.95},
		bar{Case: post16k, Ours: e, Theirs: h, AtMost: 0.70},
		bar{Case: everyone, Ours: e.logged(), Theirs: n.logged(), AtMost: 0.80},
		bar{Case: halfLoad, Ours: e, Theirs: n, Metric: p50, AtMost: 1.00},
		bar{Case: changes, Ours: e.changing(changeEvery), Theirs: e, AtMost: 1.05},
		bar{Case: changes, Ours: e.changing(changeEvery), Theirs: e, Metric: rps, AtLeast: 0.95},
		bar{Case: changes, Ours: e.changing(changeEvery), Metric: failed, Zero: true},
		bar{Case: twoCores, Ours: e.workers(2), Theirs: n.workers(2), Metric: rps, AtLeast: 1.05},
		bar{Case: twoCores, Ours: e.workers(2), Metric: balance, AtLeast: 0.90},
		bar{Case: idleMiB, Ours: e, Metric: growth, AtMost: 6},
		bar{Case: idlePart, Ours: e, Metric: idle, AtMost: 0.3},
		bar{Case: slowMiB, Ours: e, Metric: resident, AtMost: 256},
		bar{Case: slowMiB, Ours: e, Metric: meantime, AtMost: 10},
	)
	for i := range list {
		if list[i].Metric == "" {
			list[i].Metric = cpu
		}
	}
	return list
}

// verdict is a bar after the measurement.
type verdict struct {
	bar
	Title            string
	Value, Low, High float64 // of the ratio, or of the figure itself
	Measured, Holds  bool
	Why              string // not measured
	Errors           float64
}

// judge looks a bar's figures up. The ratio is the median of the rounds' ratios.
func (b bar) judge(results []*result) (v verdict, chosen bool) {
	i := slices.IndexFunc(results, func(r *result) bool { return r.Name == b.Case })
	if i < 0 {
		return v, false
	}
	v = verdict{bar: b, Title: results[i].Title}
	ours := results[i].find(b.Ours.Name)
	if ours == nil {
		return v, false
	}
	v.Errors = ours.sum(failed)
	values := ours.Samples[b.Metric]
	if b.Theirs.Name != "" {
		theirs := results[i].find(b.Theirs.Name)
		if theirs == nil {
			return v, false
		}
		v.Why = theirs.Problem
		values = ratios(ours, theirs, b.Metric)
	}
	if ours.Problem != "" {
		v.Why = ours.Problem
	}
	if len(values) == 0 {
		return v, true
	}
	v.Measured, v.Value, v.Low, v.High = true, median(values), slices.Min(values), slices.Max(values)
	if b.Zero {
		v.Value = ours.sum(b.Metric)
	}
	v.Holds = v.gap() <= 0
	return v, true
}

// gap is by how much of the bar it is missed; 0 or less where it holds.
func (v verdict) gap() float64 {
	switch {
	case v.Zero:
		return v.Value
	case v.AtLeast > 0:
		return 1 - v.Value/v.AtLeast
	}
	return v.Value/v.AtMost - 1
}

// String is the verdict in words.
func (v verdict) String() string {
	var text string
	switch {
	case !v.Measured:
		return "not measured"
	case v.Holds:
		text = "holds"
	case v.Zero:
		text = "missed"
	default:
		text = fmt.Sprintf("missed by %.0f %%", math.Ceil(100*v.gap()))
	}
	if v.Errors > 0 && v.Metric != failed {
		text += fmt.Sprintf(" (%.0f errors)", v.Errors)
	}
	return text
}

// want is the bar in words.
func (b bar) want() string {
	switch {
	case b.Zero:
		return "0"
	case b.AtLeast > 0:
		return fmt.Sprintf("≥ %.2f", b.AtLeast)
	case b.Theirs.Name != "":
		return fmt.Sprintf("≤ %.2f", b.AtMost)
	}
	return fmt.Sprintf("≤ %g", b.AtMost)
}

// what is compared, in words.
func (b bar) what() string {
	if b.Theirs.Name == "" {
		return fmt.Sprintf("%s: %s", b.Ours.Name, b.Metric)
	}
	return fmt.Sprintf("%s ÷ %s: %s", b.Ours.Name, b.Theirs.Name, b.Metric)
}

// got is the value with its range.
func (v verdict) got() string {
	switch {
	case !v.Measured:
		return "–"
	case v.Zero:
		return fmt.Sprintf("%.0f", v.Value)
	case v.Theirs.Name == "":
		return fmt.Sprintf("%s (%s–%s)", figure(v.Metric, v.Value), figure(v.Metric, v.Low), figure(v.Metric, v.High))
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", v.Value, v.Low, v.High)
}
