package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// directive is one of a file, with its block.
type directive struct {
	name   string
	args   []string
	file   *convert.File
	line   int
	block  []*directive
	braces bool
	// unended says that the ; behind it is missing, and that it has the block of another directive.
	unended bool
	// remark is what became of it.
	remark *convert.Remark
}

// arg is an argument, "" where there are not as many.
func (d *directive) arg(i int) string {
	if i < len(d.args) {
		return d.args[i]
	}
	return ""
}

// is says whether it has one of the names.
func (d *directive) is(names ...string) bool {
	for _, n := range names {
		if d.name == n {
			return true
		}
	}
	return false
}

func (d *directive) carried(why string)          { d.remark.Mark(convert.Carried, why, "") }
func (d *directive) implied(why string)          { d.remark.Mark(convert.Implied, why, "") }
func (d *directive) partly(why, advice string)   { d.remark.Mark(convert.Partly, why, advice) }
func (d *directive) unfit(why, advice string)    { d.remark.Mark(convert.Unsupported, why, advice) }
func (d *directive) all(mark func(d *directive)) { mark(d); each(d.block, mark) }
func (d *directive) marked() bool                { return d.remark.Outcome != convert.None }

// each calls mark with all directives, and those in their blocks.
func each(list []*directive, mark func(d *directive)) {
	for _, d := range list {
		d.all(mark)
	}
}

// secretWords are in names that stand in front of what is not to be shown.
var secretWords = []string{"authorization", "cookie", "token", "secret", "password", "credential", "api-key", "apikey", "api_key"}

// text is the directive for people. What stands behind a word that sounds like a secret is not shown.
func (d *directive) text() string {
	out := d.name
	if out == "" {
		out = `""`
	}
	for i, a := range d.args {
		switch {
		case d.is("if") && i > 0:
			a = d.compared(i)
		case i > 0 && secret(d.args[i-1]) && !strings.HasPrefix(a, "$") && a != "":
			a = "hidden"
		}
		if a == "" || strings.ContainsAny(a, " \t;{}") {
			a = `"` + a + `"`
		}
		out += " " + a
	}
	return out
}

var operators = []string{"=", "!=", "~", "!~", "~*", "!~*"}

// compared is a word of an if for people: what a variable that sounds like a secret is compared with is not shown.
func (d *directive) compared(i int) string {
	a := d.args[i]
	text := strings.TrimSuffix(a, ")")
	at := slices.IndexFunc(d.args[:i], func(w string) bool { return slices.Contains(operators, w) })
	if slices.Contains(operators, a) && at < 0 || text == "" || !slices.ContainsFunc(d.args[:i], secret) {
		return a
	}
	return "hidden" + a[len(text):]
}

func secret(text string) bool {
	text = strings.ToLower(text)
	for _, w := range secretWords {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
