package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// widestPage is from where on lines are no longer easy to read; leastCell is below what a column of a table breaks words.
const (
	widestPage = 100
	leastCell  = 40
)

// Marks of emphasis in laid-out text: they take no room, and become what the terminal takes at the end. No page has control characters.
const (
	markOn  = "\x01"
	markOff = "\x02"
)

// pageText lays a page of the documentation out for a terminal: headings at its left, all else a little to the right, paragraphs and tables within
// its width, code as it is.
type pageText struct {
	text  strings.Builder
	width int
	bold  bool // emphasis is shown as ECMA-48 has it; else code keeps its marks, and nothing else has any
}

// layOut is the Markdown of a page (what the pages use of it) as text.
func layOut(page string, width int, bold bool) string {
	p := pageText{width: width, bold: bold}
	for lines := strings.Split(page, "\n"); len(lines) > 0; {
		lines = lines[p.block(lines):]
	}
	marks := strings.NewReplacer(markOn, "", markOff, "")
	if bold {
		marks = strings.NewReplacer(markOn, "\x1b[1m", markOff, "\x1b[m")
	}
	return marks.Replace(strings.Trim(p.text.String(), "\n") + "\n")
}

// bullet is the beginning of a line of a list.
var bullet = regexp.MustCompile(`^( *(?:[*-]|\d+\.) )(.*)`)

// block lays out what begins with the first line, and says of how many lines it is.
func (p *pageText) block(lines []string) (n int) {
	first := lines[0]
	until := func(ends func(string) bool) int {
		for n = 1; n < len(lines) && !ends(lines[n]); n++ {
		}
		return n
	}
	switch m := bullet.FindStringSubmatch(first); {
	case first == "":
		p.text.WriteString("\n")
		return 1
	case strings.HasPrefix(first, "```"):
		n = until(func(s string) bool { return strings.HasPrefix(s, "```") })
		for _, s := range lines[1:n] {
			p.text.WriteString(strings.TrimRight("      "+s, " ") + "\n")
		}
		return min(n+1, len(lines))
	case strings.HasPrefix(first, "#"):
		p.text.WriteString(markOn + p.inline(strings.TrimLeft(first, "# ")) + markOff + "\n")
		return 1
	case strings.HasPrefix(first, "|"):
		n = until(func(s string) bool { return !strings.HasPrefix(s, "|") })
		p.table(lines[:n])
		return n
	case m != nil:
		n = until(func(s string) bool { return !strings.HasPrefix(s, " ") || bullet.MatchString(s) })
		p.paragraph("  "+m[1], strings.Join(append([]string{m[2]}, lines[1:n]...), " "))
		return n
	}
	n = until(func(s string) bool {
		return s == "" || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "|") || strings.HasPrefix(s, "```") || bullet.MatchString(s)
	})
	p.paragraph("  ", strings.Join(lines[:n], " "))
	return n
}

// paragraph is text behind a beginning, with as much room in front of its other lines.
func (p *pageText) paragraph(beginning, text string) { p.lines(beginning, p.inline(text)) }

// lines is paragraph for what has no Markdown any more.
func (p *pageText) lines(beginning, text string) {
	for _, line := range wrap(text, p.width-len(beginning)) {
		p.text.WriteString(beginning + line + "\n")
		beginning = strings.Repeat(" ", len(beginning))
	}
}

// What stands within a line: code, pictures, links, addresses, and what is important.
var (
	spans     = regexp.MustCompile("(`[^`]+`)|\\[?!\\[([^]]*)\\]\\([^)]*\\)(?:\\]\\([^)]*\\))?|\\[((?:`[^`]*`|[^]`])*)\\]\\(([^)]*)\\)|<(https?://[^>]*)>|\\*\\*|\\*([^* ]+)\\*")
	otherPage = regexp.MustCompile(`^([a-z0-9-]+)\.md(#.*)?$`)
)

// inline is a line without Markdown. Pages that it leads to have their topic behind it, in brackets.
func (p *pageText) inline(s string) string {
	on := false
	return spans.ReplaceAllStringFunc(s, func(span string) string {
		m := spans.FindStringSubmatch(span)
		switch {
		case m[1] != "":
			return p.code(m[1])
		case m[2] != "":
			return "(a picture: " + m[2] + ")"
		case m[3] != "":
			return p.link(m[3], m[4])
		case m[5] != "":
			return m[5]
		case m[6] != "":
			return markOn + m[6] + markOff
		}
		if on = !on; on {
			return markOn
		}
		return markOff
	})
}

func (p *pageText) code(s string) string {
	if p.bold {
		return markOn + strings.Trim(s, "`") + markOff
	}
	return s
}

func (p *pageText) link(text, to string) string {
	text = p.inline(text)
	page := otherPage.FindStringSubmatch(to)
	switch {
	case page != nil && strings.EqualFold(text, page[1]):
		return "[" + page[1] + "]"
	case page != nil:
		return text + " [" + page[1] + "]"
	case strings.HasPrefix(to, "http"):
		return text + " (" + to + ")"
	}
	return text
}

// wrap breaks text into lines. A word that is too long for one is broken, too.
func wrap(text string, width int) (lines []string) {
	var line strings.Builder
	room, on := width, false
	end := func() {
		if on {
			line.WriteString(markOff)
		}
		lines = append(lines, line.String())
		line.Reset()
		if room = width; on {
			line.WriteString(markOn)
		}
	}
	for _, word := range strings.Fields(text) {
		long := seen(word)
		switch {
		case room == width:
		case long < room:
			line.WriteByte(' ')
			room--
		default:
			end()
		}
		for _, r := range word {
			switch string(r) {
			case markOn, markOff:
				on = string(r) == markOn
			default:
				if room == 0 {
					end()
				}
				room--
			}
			line.WriteRune(r)
		}
	}
	if line.Len() > 0 {
		end()
	}
	return lines
}

// seen is how many columns a text takes.
func seen(s string) int {
	return utf8.RuneCountInString(s) - strings.Count(s, markOn) - strings.Count(s, markOff)
}
