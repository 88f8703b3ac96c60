package dialect

import (
	"strings"
	"unicode/utf8"
)

// hidden stands where a secret was, hiddenField where the value of a header field was.
const hidden, hiddenField = "set", "hidden"

// hashMarks begin hashed passwords.
var hashMarks = []string{"$2a$", "$2b$", "$2y$", "$apr1$", "{SHA}"}

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

// concealSecretField is a change of a header field without the value where the field is one of credentials.
func concealSecretField(value string) string {
	kind, rest, _ := strings.Cut(strings.Trim(value, `"`), ":")
	name, _, valued := strings.Cut(rest, ":")
	switch {
	case (kind == "set" || kind == "add") && valued && isToken(name):
		if isSecretField(name) {
			return kind + ":" + name + ":" + hiddenField
		}
	case kind != "remove" && isSecretField(value):
		return hiddenField
	}
	return value
}

// Concealed is a tag, a label as KEY=VALUE or a line for people, without what is secret in it.
func Concealed(tag string) string {
	if key, value, ok := strings.Cut(tag, "="); ok && value != "" && (isSecretKey(key) || hasSecretField(key, value)) {
		return key + "=" + hidden
	}
	if line, ok := ownLine(tag); ok {
		if head := tag[:len(tag)-len(line)]; secretOption(optionName(strings.TrimSuffix(head, "="))) == nil {
			return head + concealed(line, false)
		}
	}
	return concealed(tag, strings.HasPrefix(strings.TrimLeft(tag, " \t"), "urlprefix-"))
}

// concealed is a line for people, without what is secret in it: the values of options that are, and hashed passwords wherever they stand,
// as the option's name may be misspelt. In Fabio's tags auth names a scheme, and is none.
func concealed(text string, fabio bool) string {
	var out strings.Builder
	before := ""
	for text != "" {
		n := wordEnd(text)
		if cutOff(before, text[:n]) {
			out.WriteString(hiddenField)
		} else {
			out.WriteString(concealedWord(text[:n], fabio))
			before = text[:n]
		}
		text = text[n:]
		blanks := len(text) - len(strings.TrimLeft(text, " \t"))
		out.WriteString(text[:blanks])
		text = text[blanks:]
	}
	return out.String()
}

// wordEnd is where the word at the front of a line ends: at a blank, or behind the second quote of a quoted value. It is that of splitWords, but
// that a quote which that refuses hides nothing: what stands behind it may be options all the same.
func wordEnd(text string) int {
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		end = len(text)
	}
	from := strings.IndexByte(text, '=') + 1
	if from == 0 || from >= end || text[from] != '"' {
		return end
	}
	for i := from + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
		}
	}
	if secretOption(optionName(text[:from-1])) != nil { // a quote without its second one
		return len(text)
	}
	return end
}

// optionName is the name of an option at the end of a text in front of =: a tag's name may stand in front, or what should not.
func optionName(key string) string {
	i := strings.LastIndexFunc(key, func(c rune) bool { return c >= utf8.RuneSelf || strings.ContainsRune(`".,;'`, c) })
	if i < 0 {
		return key
	}
	_, n := utf8.DecodeRuneInString(key[i:])
	return key[i+n:]
}

// password is where the password of a URL such as http://USER:PASSWORD@HOST stands in a text; end is 0 where none does.
func password(text string) (begin, end int) {
	for at := 0; ; {
		i := strings.Index(text[at:], "://")
		if i < 0 {
			return 0, 0
		}
		at += i + len("://")
		authority := text[at:]
		if n := strings.IndexAny(authority, "/?# \t"); n >= 0 {
			authority = authority[:n]
		}
		colon, sign := strings.IndexByte(authority, ':'), strings.LastIndexByte(authority, '@')
		if colon >= 0 && sign > colon+1 {
			return at + colon + 1, at + sign
		}
	}
}

// secretOption is the option with a secret that a key is, or is off by one sign; or nil.
func secretOption(key string) *option {
	key = strings.ToLower(key)
	if o := optionByName[key]; o != nil && o.conceal == nil {
		return nil
	}
	for i := range options {
		if o := &options[i]; o.conceal != nil && (o.name == key || near(key, o.name)) {
			return o
		}
	}
	return nil
}

// cutOff says whether a word behind one that changes a header field may be the rest of its value, which should have been quoted.
func cutOff(before, word string) bool {
	key, _, valued := strings.Cut(before, "=")
	if o := secretOption(optionName(key)); !valued || o == nil || o.name != "request-header" {
		return false
	}
	return optionByName[strings.ToLower(word)] == nil && !strings.Contains(strings.TrimRight(word, "="), "=")
}

func concealedWord(word string, fabio bool) string {
	key, value, valued := strings.Cut(word, "=")
	if o := secretOption(optionName(key)); valued && o != nil && !(fabio && o.fabio) {
		return word[:strings.IndexByte(word, '=')+1] + o.conceal(value)
	}
	if i, end := password(word); end > 0 {
		word = word[:i] + hidden + word[end:]
	}
	for _, mark := range hashMarks {
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
