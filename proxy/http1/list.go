package http1

// optionsInline is how many options of Connection fields are kept without allocation; real clients send one or two.
const optionsInline = 4

// maxOptions bounds the options of a message's Connection fields: each of its fields is compared with each of them. One more is
// kept, to tell.
const maxOptions = 64

// ConnectionOptions is the set of field names and options that a message's Connection fields name. What it holds is bounded; one that
// was given too many takes every name for one of them, and no message with such a set is accepted.
type ConnectionOptions struct {
	first   [optionsInline]string
	n       int
	rest    []string
	options option
}

// option is one that says something about the connection itself.
type option uint8

const (
	closeOption option = 1 << iota
	keepAliveOption
	upgradeOption
)

func optionOf(token string) option {
	switch {
	case sameFold(token, "close"):
		return closeOption
	case sameFold(token, "keep-alive"):
		return keepAliveOption
	case sameFold(token, "upgrade"):
		return upgradeOption
	}
	return 0
}

// Add takes the options of one Connection field's value.
func (h *ConnectionOptions) Add(value string) {
	for value != "" {
		var token string
		token, value = NextToken(value)
		h.options |= optionOf(token)
		switch {
		case token == "":
		case h.n < optionsInline:
			h.first[h.n] = token
			h.n++
		case h.Len() <= maxOptions:
			h.rest = append(h.rest, token)
		}
	}
}

// Has says whether name was named, in any case.
func (h *ConnectionOptions) Has(name string) bool {
	for i := range h.n {
		if bothFold(h.first[i], name) {
			return true
		}
	}
	for _, token := range h.rest {
		if bothFold(token, name) {
			return true
		}
	}
	return h.Len() > maxOptions
}

// Len is how many options there are, up to one too many.
func (h *ConnectionOptions) Len() int { return h.n + len(h.rest) }

// reset forgets all, but keeps the room.
func (h *ConnectionOptions) reset() { h.n, h.rest, h.options = 0, h.rest[:0], 0 }

// includes whether an option was named.
func (h *ConnectionOptions) includes(o option) bool { return h.options&o != 0 }

// HasToken says whether a comma-separated list holds a token, in any case; parameters behind a semicolon are not looked at.
func HasToken(list, token string) bool {
	for list != "" {
		var t string
		t, list = NextToken(list)
		for i := 0; i < len(t); i++ {
			if t[i] == ';' {
				t = TrimBlanks(t[:i])
				break
			}
		}
		if bothFold(t, token) {
			return true
		}
	}
	return false
}

// NextToken cuts the first member from a comma-separated list, without blanks around it; it may be empty (RFC 9110 section 5.6.1).
func NextToken(list string) (token, rest string) {
	for i := 0; i < len(list); i++ {
		if list[i] == ',' {
			return TrimBlanks(list[:i]), list[i+1:]
		}
	}
	return TrimBlanks(list), ""
}

// TrimBlanks is s without the blanks and tabs around it.
func TrimBlanks(s string) string {
	for s != "" && blank(s[0]) {
		s = s[1:]
	}
	for s != "" && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
