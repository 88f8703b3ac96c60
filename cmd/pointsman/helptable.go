package main

import (
	"slices"
	"strings"
)

const (
	// columnGap stands between the columns of a table.
	columnGap = 2
	// leastText is the room that texts in the last column need at least.
	leastText = 30
)

// table lays a table out: columns as wide as what is in them, as long as that fits; else those with the longest texts give way, and have several lines.
// Where nothing is left for the last one, which has the texts, the rows are a list.
func (p *pageText) table(lines []string) {
	var rows [][]string
	for i, line := range lines {
		if i != 1 { // |---|---|
			rows = append(rows, p.cells(line))
		}
	}
	for i, cell := range rows[0] {
		rows[0][i] = markOn + strings.NewReplacer(markOn, "", markOff, "").Replace(cell) + markOff
	}
	widths, fits := p.columns(rows)
	if !fits {
		for _, row := range rows[1:] {
			p.listed(row, rows[0])
		}
		return
	}
	for _, row := range rows {
		p.row(row, widths)
	}
}

// listed is a row in a list: its first cell, the others with the heads of their columns, and the last one.
func (p *pageText) listed(row, heads []string) {
	var others []string
	for i := 1; i < len(row)-1; i++ {
		if row[i] != "" {
			others = append(others, strings.NewReplacer(markOn, "", markOff, "").Replace(heads[i])+": "+row[i])
		}
	}
	p.lines("  ", row[0])
	p.lines("      ", strings.Join(others, ", "))
	if len(row) > 1 {
		p.lines("      ", row[len(row)-1])
	}
}

// cells are those of a row.
func (p *pageText) cells(line string) []string {
	const bar = "\x03"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, bar)
	cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
	for i := range cells {
		cells[i] = p.inline(strings.ReplaceAll(strings.TrimSpace(cells[i]), bar, "|"))
	}
	return cells
}

// columns are the widths of the columns, and whether the last one has room for texts.
func (p *pageText) columns(rows [][]string) (widths []int, fits bool) {
	widths = make([]int, len(rows[0]))
	least := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row[:min(len(row), len(widths))] {
			widths[i] = max(widths[i], seen(cell))
			for _, word := range strings.Fields(cell) {
				least[i] = max(least[i], min(seen(word), leastCell))
			}
		}
	}
	last := len(widths) - 1
	text := min(widths[last], leastText)
	sum := 2 + columnGap*(len(widths)-1)
	for _, w := range widths {
		sum += w
	}
	for ; sum > p.width; sum-- {
		widest := -1
		for i := range widths {
			if widths[i] > least[i] && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return nil, false
		}
		widths[widest]--
	}
	return widths, widths[last] >= text
}

// row is a row, of as many lines as its longest cell.
func (p *pageText) row(cells []string, widths []int) {
	wrapped := make([][]string, len(widths))
	height := 0
	for i := range wrapped {
		if i < len(cells) {
			wrapped[i] = wrap(cells[i], max(1, widths[i]))
		}
		height = max(height, len(wrapped[i]))
	}
	for y := range height {
		line := "  "
		for i, cell := range wrapped {
			text := ""
			if y < len(cell) {
				text = cell[y]
			}
			line += text
			if slices.ContainsFunc(wrapped[i+1:], func(c []string) bool { return y < len(c) && c[y] != "" }) {
				line += strings.Repeat(" ", widths[i]-seen(text)+columnGap)
			}
		}
		p.text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
