package dialect

import "strings"

// hidden stands where a secret was, hiddenField where the value of a header field was.
const hidden, hiddenField = "set", "hidden"

func concealAll(string) string { return hidden }

// concealField is a change of a header field without the value, which may be a token or a password. What is no change may be one as a whole.
func concealField(value string) string {
	kind, rest, _ := strings.Cut(strings.Trim(value, `"`), ":")
	name, _, valued := strings.Cut(rest, ":")
	switch {
	case !isToken(name):
	case kind == "remove" && !valued:
		return kind + ":" + name
	case (kind == "set" || kind == "add") && valued:
		return kind + ":" + name + ":" + hiddenField
	}
	return hiddenField
}

// Concealed is a tag or a line for people, without what is secret in it.
func Concealed(tag string) string {
	return concealed(tag, strings.HasPrefix(strings.TrimLeft(tag, " \t"), "urlprefix-"))
}

// concealed is a line for people, without what is secret in it: the values of options that are, and hashed passwords wherever they stand,
// as the option's name may be misspelt. In Fabio's tags auth names a scheme, and is none.
func concealed(text string, fabio bool) string {
	var out strings.Builder
	for text != "" {
		n := wordEnd(text)
		out.WriteString(concealedWord(text[:n], fabio))
		text = text[n:]
		blanks := len(text) - len(strings.TrimLeft(text, " \t"))
		out.WriteString(text[:blanks])
		text = text[blanks:]
	}
	return out.String()
}

// wordEnd is where the word at the front of a line ends: at a blank that is not quoted.
func wordEnd(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return i
		}
	}
	return len(text)
}

func concealedWord(word string, fabio bool) string {
	key, value, valued := strings.Cut(word, "=")
	if i := strings.LastIndexAny(key, `".`); valued && i >= 0 { // a tag's name may stand in front
		key = key[i+1:]
	}
	if o := optionByName[strings.ToLower(key)]; valued && o != nil && o.conceal != nil && !(fabio && o.fabio) {
		return word[:strings.IndexByte(word, '=')+1] + o.conceal(value)
	}
	for _, mark := range [...]string{"$2a$", "$2b$", "$2y$", "$apr1$", "{SHA}"} {
		for {
			i := strings.Index(word, mark)
			if i < 0 {
				break
			}
			end := i + len(mark)
			if n := strings.IndexAny(word[end:], `,|"`); n >= 0 {
				end += n
			} else {
				end = len(word)
			}
			word = word[:i] + hidden + word[end:]
		}
	}
	return word
}
