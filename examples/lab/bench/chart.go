//go:build linux

package main

import (
	"fmt"
	"html"
	"strings"
)

// line is one case of the chart: ours, nginx and HAProxy, alike.
type line struct {
	Case, Label string
	Bars        [3]contender
}

// chartLines are the cases that the chart shows. Where a peer can be set up better for a case than it comes, the chart has it so.
func chartLines() []line {
	e, n, h := the(event), the(nginx), the(haproxy)
	same := func(name, label string) line { return line{name, label, [3]contender{e, n, h}} }
	logged := [3]contender{e.logged(), n.logged(), h.logged()}
	return []line{
		{keep64, "28 bytes, 64 connections, access log", logged},
		same(keep64, "28 bytes, 64 connections"),
		same(keep1, "1 connection"),
		same(keep16, "16 connections"),
		same(keep512, "512 connections"),
		same(offered, "1,000 requests/s"),
		same(halfLoad, "half of nginx's maximum"),
		same(browser, "a browser's head"),
		same(connect, "a connection per request"),
		{answer64k, "64 KiB, big buffers, splice", [3]contender{e, n.allBuffered(), h.splice("response")}},
		{answer1m, "1 MiB, big buffers, splice", [3]contender{e, n.allBuffered(), h.splice("response")}},
		{post16k, "POST 16 KiB, big body buffer", [3]contender{e, n.bodyBuffered(), h}},
		same(routes10k, "10,000 routes"),
		{everyone, "10,000 routes, 100 instances, log", logged},
	}
}

// The chart's measures in pixels.
const (
	labelWidth = 250
	barsWidth  = 430
	barHeight  = 12
	lineGap    = 14
	chartTop   = 54
	chartWide  = labelWidth + barsWidth + 110
	mostShown  = 1.5 // of nginx; longer bars are cut and say so
)

// style works on light and dark pages: no background, and text that follows the page.
const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-size:14px;font-weight:600}.small{font-size:10.5px;fill:#59636e}.grid{stroke:#59636e;stroke-opacity:.35}
.b0{fill:#1a7f8e}.b1{fill:#8c959f}.b2{fill:#b5824a}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#9198a1}.b0{fill:#35b3c4}.b1{fill:#6e7781}.b2{fill:#a9784a}}
</style>
`

// chart is CPU time per request beside nginx's, as SVG that depends on nothing.
func (r *report) chart() string {
	var body strings.Builder
	y := chartTop
	for _, l := range chartLines() {
		y = r.chartLine(&body, l, y)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="CPU time per request beside nginx's">`+"\n%s", chartWide, y+10, style)
	fmt.Fprintf(&b, `<text class="title" x="0" y="16">CPU time of the proxy per request, nginx = 1</text>`+"\n")
	for i, k := range []kind{event, nginx, haproxy} {
		x := labelWidth + i*110
		fmt.Fprintf(&b, `<rect class="b%d" x="%d" y="27" width="11" height="11"/><text x="%d" y="37">%s</text>`+"\n", i, x, x+16, k)
	}
	for _, at := range []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5} {
		x := labelWidth + at/mostShown*barsWidth
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text class="small" x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			x, x, chartTop-6, y-lineGap+4, x, y+4, at)
	}
	b.WriteString(body.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// chartLine draws one case at y and returns where the next one begins; a case that was not measured takes no room.
func (r *report) chartLine(b *strings.Builder, l line, y int) int {
	res := r.result(l.Case)
	if res == nil {
		return y
	}
	base := res.find(l.Bars[1].Name)
	if base == nil || !base.has(cpu) {
		return y
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-10, y+3*barHeight/2+5, html.EscapeString(l.Label))
	for i, c := range l.Bars {
		row := res.find(c.Name)
		if row == nil || !row.has(cpu) {
			continue
		}
		ratio := median(ratios(row, base, cpu))
		width, cut := ratio/mostShown*barsWidth, ""
		if ratio > mostShown {
			width, cut = barsWidth, " →"
		}
		top := y + i*barHeight
		fmt.Fprintf(b, `<rect class="b%d" x="%d" y="%d" width="%.1f" height="%d"/><text class="small" x="%.1f" y="%d">%s %.2f · %s µs</text>`+"\n",
			i, labelWidth, top, width, barHeight-1, labelWidth+width+4, top+barHeight-2, cut, ratio, figure(cpu, row.median(cpu)))
	}
	return y + 3*barHeight + lineGap
}

func (r *report) result(name string) *result {
	for _, res := range r.results {
		if res.Name == name {
			return res
		}
	}
	return nil
}
