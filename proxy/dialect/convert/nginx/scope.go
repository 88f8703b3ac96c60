package nginx

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// scope is one level of the configuration: what a directive means hangs on those around it.
type scope struct {
	up         *scope
	directives []*directive
}

// own are the directives of this level with one of the names.
func (s *scope) own(names ...string) (out []*directive) {
	for _, d := range s.directives {
		if d.is(names...) {
			out = append(out, d)
		}
	}
	return out
}

// get are those of the next level that has any: as nginx inherits.
func (s *scope) get(names ...string) []*directive {
	for ; s != nil; s = s.up {
		if out := s.own(names...); out != nil {
			return out
		}
	}
	return nil
}

// one is the last of get, nil for none.
func (s *scope) one(names ...string) *directive {
	if list := s.get(names...); list != nil {
		return list[len(list)-1]
	}
	return nil
}

// on says whether a switch is on.
func (s *scope) on(name string) bool {
	d := s.one(name)
	return d != nil && d.arg(0) == "on"
}

// expand puts the values of variables that set gives a plain text into a text. What a condition sets is no such value.
func (s *scope) expand(text string) string {
	for range 4 { // a value may hold another variable
		if !strings.Contains(text, "$") {
			return text
		}
		next := replaceVariables(text, func(name string) (string, bool) {
			value, ok := s.variable(name)
			return value, ok && !strings.Contains(value, "$"+name) && len(value) < 256
		})
		if next == text {
			break
		}
		text = next
	}
	return text
}

// variable is the value that set gives to a variable.
func (s *scope) variable(name string) (string, bool) {
	for ; s != nil; s = s.up {
		for _, d := range s.own("if") {
			for _, in := range d.block {
				if in.is("set") && in.arg(0) == "$"+name {
					return "", false
				}
			}
		}
		list := s.own("set")
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].arg(0) == "$"+name {
				list[i].carried("its value is put where it is used")
				return list[i].arg(1), true
			}
		}
	}
	return "", false
}

// replaceVariables replaces $name and ${name} where value knows it.
func replaceVariables(text string, value func(name string) (string, bool)) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '$' {
			b.WriteByte(text[i])
			i++
			continue
		}
		begin, braces := i+1, false
		if begin < len(text) && text[begin] == '{' {
			begin, braces = begin+1, true
		}
		end := begin
		for end < len(text) && isVariable(text[end]) {
			end++
		}
		name := text[begin:end]
		if braces && end < len(text) && text[end] == '}' {
			end++
		}
		if v, ok := value(name); ok && name != "" {
			b.WriteString(v)
		} else {
			b.WriteString(text[i:end])
		}
		i = end
	}
	return b.String()
}

func isVariable(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// add adds an option to all routes for a directive, and marks what became of it.
func add(routes []*convert.Route, d *directive, name, value string) bool {
	ok := true
	for _, r := range routes {
		if r.Closed() {
			continue
		}
		if err := r.Add(name, value); err != nil {
			d.partly("not carried over: "+err.Error(), "")
			ok = false
		}
	}
	if ok {
		d.carried(name)
	}
	return ok
}

// must is add for an option that restricts: where it can't be carried over, the routes let nobody in.
func must(routes []*convert.Route, d *directive, name, value string) {
	for _, r := range routes {
		if r.Closed() {
			continue
		}
		if err := r.Add(name, value); err != nil {
			refuse([]*convert.Route{r}, d, err.Error(), "")
		}
	}
	d.carried(name)
}

// refuse closes routes because of a directive.
func refuse(routes []*convert.Route, d *directive, why, advice string) {
	for _, r := range routes {
		r.Close()
	}
	d.unfit("refused: "+why+"; its routes let nobody in", advice)
}
