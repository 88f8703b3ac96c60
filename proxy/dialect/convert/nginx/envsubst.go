package nginx

import "regexp"

// shellVariable is one of the environment, in the form that envsubst knows; nginx's own are in small letters.
var shellVariable = regexp.MustCompile(`\$(?:\{([A-Z][A-Z0-9_]*)\}|([A-Z][A-Z0-9_]*))`)

// substituted is a text with the variables of the environment that are set, as envsubst puts them in. ${DOLLAR} is a dollar sign where nobody
// says otherwise. Line breaks in values are left out, so that lines keep their numbers.
func (r *reader) substituted(text string) string {
	return shellVariable.ReplaceAllStringFunc(text, func(word string) string {
		m := shellVariable.FindStringSubmatch(word)
		name := m[1] + m[2]
		if r.env != nil {
			if value, ok := r.env(name); ok {
				return lineBreaks.ReplaceAllString(value, " ")
			}
		}
		if name == "DOLLAR" {
			return "$"
		}
		return word
	})
}

var lineBreaks = regexp.MustCompile(`[\r\n]+`)

// unset is the first variable of the environment in a text that has no value, "" for none.
func unset(text string) string {
	m := shellVariable.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}
