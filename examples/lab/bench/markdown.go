//go:build linux

package main

import (
	"fmt"
	"strings"
)

// markdown is the whole report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Pointsman beside nginx, HAProxy, Caddy and net/http\n\nWritten by `make bench-proxy`. %s\n\n![CPU time per request](%s)\n\n",
		r.machine, chartFile)
	fmt.Fprintf(&b, "%s\n\n", r.conditions())
	b.WriteString("## What must hold\n\n")
	lines := [][]string{{"case", "compared", "measured", "bar", "verdict"}}
	for _, v := range r.verdicts() {
		lines = append(lines, []string{v.Title, v.what(), v.got(), v.want(), v.String()})
	}
	writeTable(&b, lines)
	for _, res := range r.results {
		if res.profile != nil {
			fmt.Fprintf(&b, "\n## Where our time goes: %s\n\n", res.Title)
			writeTable(&b, profileTable(res.profile))
		}
	}
	b.WriteString("\n## All figures\n")
	for _, res := range r.results {
		fmt.Fprintf(&b, "\n### %s\n\n", upperFirst(res.Title))
		writeTable(&b, res.table())
	}
	return b.String()
}

func profileTable(parts []part) [][]string {
	lines := [][]string{{"part", "share of the process's CPU time"}}
	for _, p := range parts {
		share := fmt.Sprintf("%.1f %%", p.share)
		if p.note {
			share = "(" + share + ")"
		}
		lines = append(lines, []string{p.name, share})
	}
	return lines
}

// conditions is how it was measured.
func (r *report) conditions() string {
	return fmt.Sprintf("%d rounds of %s, in turns, so that what the machine does in a round it does to all; medians, with the lowest and the highest "+
		"in brackets. Ratios are medians of the rounds' ratios. The proxy has a CPU for itself; the load (`wrk`, for HTTP/2 `h2load`, for p50 and p99 an open loop at half of "+
		"nginx's maximum) and the one upstream (nginx) share the other; for two loops nothing is pinned. CPU is that of all threads and children of the "+
		"process. Unless something else is said: connections to the upstream are kept, X-Forwarded-For, -Proto and -Host, X-Real-IP, X-Request-ID and "+
		"Forwarded are set by all, no access log. *lean* leaves out the fields as well. The configurations stand in [configs](configs).",
		r.bench.rounds, r.bench.span)
}

// writeTable writes a table whose first line is its head. Shorter lines are filled up, longer ones keep what they say.
func writeTable(b *strings.Builder, lines [][]string) {
	width := len(lines[0])
	for i, line := range lines {
		cells := make([]string, max(width, len(line)))
		for k, cell := range line {
			cells[k] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
		}
		if len(cells) > width { // a remark takes the last column
			cells[width-1] = strings.Join(cells[width-1:], " ")
			cells = cells[:width]
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(b, "|%s\n", strings.Repeat("---|", width))
		}
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
