package haproxy

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// rewrite is a change of the path: a text that is removed from its front, a text that is put there, or an expression and what replaces its
// first match.
type rewrite struct {
	strip, prepend string
	// slash says that strip is removed only where a slash follows it.
	slash      bool
	expr, with string
}

// words are the options of a route that do the same for the requests of a context.
func (w *rewrite) words(c context) []convert.Word {
	switch {
	case w.prepend != "":
		return []convert.Word{{Name: "prepend", Value: w.prepend}}
	case w.strip == "":
		return []convert.Word{{Name: "replace-path", Value: w.expr + " " + w.with}}
	}
	c.rewritten = false
	prefix := w.strip
	if w.slash {
		prefix += "/"
	}
	switch t, _ := c.tells(atom{kind: kindPath, how: howBegin, text: prefix}); {
	case t == yes:
		return []convert.Word{{Name: "strip", Value: w.strip}}
	case t == no:
		return nil
	case w.slash:
		return []convert.Word{{Name: "replace-path", Value: "^" + regexp.QuoteMeta(prefix) + " /"}}
	}
	return []convert.Word{{Name: "replace-path", Value: "^" + regexp.QuoteMeta(w.strip) + "/? /"}}
}

// plainPrefix is a text that an expression with ^ in front stands for, where it is one.
var plainPrefix = regexp.MustCompile(`^\^(/[A-Za-z0-9/_~-]*(?:\\\.[A-Za-z0-9/_~-]*)*)$`)

// prefixOf is the plain text that an expression begins with and is: "" for none.
func prefixOf(expr string) string {
	m := plainPrefix.FindStringSubmatch(expr)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], `\.`, ".")
}

// group is a reference to a group of an expression, as HAProxy writes it.
var group = regexp.MustCompile(`\\([0-9])`)

// replacement is a replacement as replace-path= has it. It is false where it holds more than groups and plain text.
func replacement(text string) (string, bool) {
	if strings.Contains(strings.ReplaceAll(text, "%%", ""), "%") || strings.ContainsAny(text, " \t?#$") {
		return "", false
	}
	out := group.ReplaceAllString(strings.ReplaceAll(text, "%%", "%"), "$$$1")
	return out, !strings.Contains(out, `\`)
}

// whole is http-request replace-path: where the expression matches, the whole path is replaced.
func whole(expr, with string) (*rewrite, bool) {
	with, ok := replacement(with)
	expr = fromPCRE(expr)
	if !ok || !readable(expr) || with == "" || strings.Contains(expr, " ") {
		return nil, false
	}
	for tail, same := range map[string]string{"/(.*)": "/$1", "(/.*)": "$1"} {
		front, ok := strings.CutSuffix(strings.TrimSuffix(expr, "$"), tail)
		if prefix := prefixOf(front); ok && with == same && prefix != "" && prefix != "/" {
			return &rewrite{strip: prefix, slash: true}, true
		}
	}
	if !strings.HasPrefix(expr, "^") {
		expr = "^.*?" + bracketed(expr)
	} else {
		expr = "^" + bracketed(expr[1:])
	}
	if !strings.HasSuffix(expr, "$") {
		expr += ".*$"
	}
	return &rewrite{expr: expr, with: with}, readable(expr)
}

// bracketed keeps alternatives of an expression together.
func bracketed(expr string) string {
	if strings.Contains(expr, "|") {
		return "(?:" + expr + ")"
	}
	return expr
}

// setPath is http-request set-path.
func setPath(format string) (*rewrite, bool) {
	if front, ok := strings.CutSuffix(format, "%[path]"); ok && !strings.Contains(front, "%") {
		if front == "" {
			return &rewrite{expr: "^/", with: "/"}, true
		}
		return &rewrite{prepend: front}, strings.HasPrefix(front, "/") && !strings.ContainsAny(front, " ?#")
	}
	inner, ok := strings.CutPrefix(format, "%[path,regsub(")
	if inner, ok = cut(inner, ")]", ok); ok {
		return regsub(inner)
	}
	with, ok := replacement(format)
	return &rewrite{expr: "^.*$", with: with}, ok && strings.HasPrefix(with, "/") && !strings.Contains(with, "$")
}

func cut(text, suffix string, before bool) (string, bool) {
	out, ok := strings.CutSuffix(text, suffix)
	return out, ok && before
}

// regsub reads what stands in regsub(…): an expression, a replacement, flags.
func regsub(args string) (*rewrite, bool) {
	parts := strings.Split(strings.ReplaceAll(args, `\,`, "\x00"), ",")
	flags := ""
	if n := len(parts); n == 3 && strings.Trim(parts[2], "gi") == "" {
		flags, parts = parts[2], parts[:2]
	}
	if len(parts) != 2 || strings.Contains(flags, "g") {
		return nil, false
	}
	for i := range parts {
		parts[i] = strings.Trim(strings.ReplaceAll(parts[i], "\x00", ","), `"'`)
	}
	expr := fromPCRE(parts[0])
	if prefix := prefixOf(expr); prefix != "" && flags == "" {
		switch {
		case parts[1] == "" && prefix != "/":
			return &rewrite{strip: strings.TrimSuffix(prefix, "/")}, true
		case parts[1] == "/" && strings.HasSuffix(prefix, "/") && prefix != "/":
			return &rewrite{expr: "^" + regexp.QuoteMeta(prefix), with: "/"}, true
		}
	}
	with, ok := replacement(parts[1])
	if strings.Contains(flags, "i") {
		expr = "(?i)" + expr
	}
	return &rewrite{expr: expr, with: with}, ok && with != "" && readable(expr) && !strings.Contains(expr, " ")
}

// requestLine is the part of an expression over the request line that takes the method, with the slash behind it or not.
var requestLine = regexp.MustCompile(`^\^?\(\[\^[^\]]*\]\*( ?/?)\)( ?)(.*)$`)

// reqrep is reqrep: an expression over the whole request line.
func reqrep(expr, with string, fold bool) (*rewrite, bool) {
	m := requestLine.FindStringSubmatch(fromPCRE(strings.ReplaceAll(expr, `\ `, " ")))
	if m == nil || !strings.Contains(m[1]+m[2], " ") {
		return nil, false
	}
	rest, with := m[3], strings.ReplaceAll(with, `\ `, " ")
	with, ok := strings.CutPrefix(with, `\1`)
	if slash := strings.HasSuffix(m[1], "/"); slash {
		rest, with = "/"+rest, "/"+with
	} else if with, ok = cutSpace(with, m[1], ok); !ok {
		return nil, false
	}
	with = lowered(with)
	if n := strings.TrimSuffix(rest, "$"); strings.HasSuffix(n, " HTTP/.*") || strings.HasSuffix(n, "( HTTP/.*)") {
		return nil, false
	}
	for _, tail := range []string{"[/]?(.*)", "/?(.*)", "/(.*)"} {
		plain, found := strings.CutSuffix(rest, tail)
		if prefix := prefixOf("^" + plain); ok && found && prefix != "" && prefix != "/" && !fold && with == "/$1" {
			return &rewrite{strip: prefix, slash: tail == "/(.*)"}, true
		}
	}
	expr = "^" + rest
	if fold {
		expr = "(?i)" + expr
	}
	return &rewrite{expr: expr, with: with}, ok && readable(expr) && !strings.ContainsAny(expr+with, " ") && strings.HasPrefix(with, "/")
}

func cutSpace(with, method string, before bool) (string, bool) {
	if strings.HasSuffix(method, " ") {
		return with, before
	}
	return cutFront(with, " ", before)
}

func cutFront(text, prefix string, before bool) (string, bool) {
	out, ok := strings.CutPrefix(text, prefix)
	return out, ok && before
}

// lowered numbers groups from 1 where they are numbered from 2.
func lowered(text string) string {
	return group.ReplaceAllStringFunc(text, func(g string) string {
		n, _ := strconv.Atoi(g[1:])
		return "$" + strconv.Itoa(max(n-1, 0))
	})
}
