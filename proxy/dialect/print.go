package dialect

import "strings"

// Line is the rule as one line of our own language: read again it makes the same rule. A Closed rule's says what it matches.
func (r *Rule) Line() string {
	line := r.Match.source()
	for _, w := range r.Words() {
		line += " " + w
	}
	return line
}

// Words are the options in effect, each as it stands in a line, in the order of the options' table.
func (r *Rule) Words() (out []string) {
	for i := range options {
		out = append(out, options[i].words(r)...)
	}
	return out
}

// Shown is Words for people, without what is secret in them.
func (r *Rule) Shown() (out []string) {
	for i := range options {
		out = append(out, options[i].shown(r)...)
	}
	return out
}

// source is the first word of a line.
func (m *Match) source() string {
	text := m.Host.Text
	if strings.HasSuffix(text, ".") { // of several at the end of a pattern, splitAuthority took one
		text += "."
	}
	if m.Port != "" {
		text += ":" + m.Port
	}
	return text + m.Path.Text
}
