package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// What stands in a tag in place of a value, or of the end of it, that the registrator did not publish. A line with it closes the route that
// it names, an option that all routes have closes all of them: nobody knows what it was to keep from whom.
const (
	WithheldSecret  = withheldMark + "secret)"
	WithheldTooLong = withheldMark + "too-long)"
	WithheldText    = withheldMark + "text)"
	// WithheldMany is a tag of its own, where labels are beyond the bounds: it closes all routes of its instance.
	WithheldMany = ownPrefix + "deny=" + withheldMark + "too-many)"

	// WithheldTwice likewise, where two labels have one name.
	WithheldTwice = ownPrefix + "deny=" + withheldMark + "twice)"

	// WithheldPort likewise, where labels don't tell which port of the container their routes lead to.
	WithheldPort = ownPrefix + "deny=" + withheldMark + "port)"

	withheldMark = "(withheld:"
)

// Withheld says why a value was not published, "" where it was: for the languages, which refuse what has such a value.
func Withheld(value string) string {
	_, rest, ok := strings.Cut(value, withheldMark)
	if !ok {
		return ""
	}
	switch reason, _, _ := strings.Cut(rest, ")"); reason {
	case "secret":
		return "the label holds a secret, which the registrator publishes with -labels-secrets only"
	case "too-long":
		return "the value is too long for a tag"
	case "text":
		return "the value has a character that no tag may have, such as the end of a line"
	case "too-many":
		return "the container has more routing labels or tags than the registrator publishes: all its routes are closed"
	case "twice":
		return "several labels of the container have the same name: all its routes are closed"
	case "port":
		return "the container's label " + ownPrefix + "port names no port: all its routes are closed"
	default:
		return "the value was not published"
	}
}

// errWithheld is why a line or an option is refused, or nil.
func errWithheld(what, value string) error {
	if why := Withheld(value); why != "" {
		return fmt.Errorf("%s: %s", what, why)
	}
	return nil
}

// Withhold is the value of a label with WithheldSecret in place of what is a credential, and whether anything is. Which labels hold one is
// told by their keys, and in our own language by the options: auth=basic, and changes of header fields that are named like a credential. What
// may be a misspelt one counts as one.
func Withhold(key, value string) (string, bool) {
	if isSecretKey(key) {
		return WithheldSecret, value != ""
	}
	own, _, ok := ownTag(key + "=")
	switch {
	case !ok && hasSecretField(key, value):
		return WithheldSecret, true
	case !ok:
		return withholdHashes(value)
	case own == "route" || strings.HasPrefix(own, "route."):
		return withholdLine(value)
	}
	word, secret := withholdWord(own + "=" + value)
	if !secret {
		return value, false
	}
	if _, rest, ok := strings.Cut(word, "="); ok {
		return rest, true
	}
	return WithheldSecret, true
}

// isSecretKey says whether a label is named like one with a credential.
func isSecretKey(key string) bool {
	key = strings.ToLower(strings.TrimSpace(key))
	for _, end := range [...]string{"basicauth.users", "digestauth.users", "auth.basic", "auth.basic.users", "auth.digest", "auth.digest.users"} {
		if strings.HasSuffix(key, "."+end) {
			return true
		}
	}
	rest, field, ok := cutLast(key, '.')
	return ok && strings.HasSuffix(rest, "headers") && isSecretField(field)
}

// hasSecretField says whether a label of Traefik 1 holds a header field that is named like a credential: NAME:VALUE||NAME:VALUE.
func hasSecretField(key, value string) bool {
	key = strings.ToLower(strings.TrimSpace(key))
	if !strings.HasSuffix(key, "headers.customrequestheaders") && !strings.HasSuffix(key, "headers.customresponseheaders") {
		return false
	}
	for part := range strings.SplitSeq(value, "||") {
		if name, _, _ := strings.Cut(part, ":"); isSecretField(name) {
			return true
		}
	}
	return false
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// IsSecretName says whether what is called so may be a password, a token or the like.
func IsSecretName(name string) bool {
	return isSecretField(name) && !strings.EqualFold(name, "cookie")
}

// isSecretField says whether a header field is one that carries credentials, by its name.
func isSecretField(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"authorization", "cookie", "token", "secret", "password", "passwd", "credential", "api-key", "apikey"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// withholdLine is a line without its secrets. Words behind one that are no options may be the rest of it, which should have been quoted.
func withholdLine(text string) (string, bool) {
	var out strings.Builder
	found, rest := false, false
	for text != "" {
		n := wordEnd(text)
		word := text[:n]
		next, secret := withholdWord(word)
		key, _, _ := strings.Cut(word, "=")
		switch {
		case secret:
			found, rest = true, true
			out.WriteString(next)
		case rest && optionByName[strings.ToLower(key)] == nil:
		default:
			rest = false
			out.WriteString(word)
		}
		text = text[n:]
		blanks := len(text) - len(strings.TrimLeft(text, " \t"))
		out.WriteString(text[:blanks])
		text = text[blanks:]
	}
	return out.String(), found
}

// withholdWord is one option without its secret.
func withholdWord(word string) (string, bool) {
	word, secret := withholdOption(word)
	left, more := withholdHashes(word)
	return left, secret || more
}

func withholdOption(word string) (string, bool) {
	key, value, _ := strings.Cut(word, "=")
	o := secretOption(optionName(key))
	switch {
	case o == nil || value == "":
		return word, false
	case o.name == "auth":
		if kind, _, _ := strings.Cut(strings.Trim(value, `"`), ":"); kind == "file" {
			return word, false
		}
		return key + "=" + WithheldSecret, true
	}
	kind, rest, _ := strings.Cut(strings.Trim(value, `"`), ":")
	field, _, valued := strings.Cut(rest, ":")
	switch {
	case kind == "remove" && !valued && isToken(field):
		return word, false
	case kind != "set" && kind != "add" || !isToken(field): // it may be a field's value, or all of it
		return key + "=" + WithheldSecret, true
	case valued && isSecretField(field):
		return key + "=" + kind + ":" + field + ":" + WithheldSecret, true
	}
	return word, false
}

// withholdHashes withholds the value of KEY=VALUE, or all of a text, that holds a hashed password or a URL with one.
func withholdHashes(text string) (string, bool) {
	hashed := func(text string) bool {
		_, end := password(text)
		return end > 0 || slices.ContainsFunc(hashMarks, func(mark string) bool { return strings.Contains(text, mark) })
	}
	key, _, ok := strings.Cut(text, "=")
	switch {
	case !hashed(text):
		return text, false
	case ok && isToken(key) && !hashed(key):
		return key + "=" + WithheldSecret, true
	}
	return WithheldSecret, true
}
