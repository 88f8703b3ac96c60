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

// Shown is Words for people: of a secret it says that it is set.
func (r *Rule) Shown() (out []string) {
	for i := range options {
		if o := &options[i]; o.secret && len(o.print(r)) > 0 {
			out = append(out, o.name+"="+hidden)
		} else {
			out = append(out, o.words(r)...)
		}
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
