package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// Bounds on what is read, far above what people write.
const (
	// maxDepth is how deep blocks may stand in one another; what is deeper is read as if it were not.
	maxDepth = 32
	// maxDirectives is how many are read of all files.
	maxDirectives = 20000
	// maxArgs is how many words a directive has.
	maxArgs = 512
)

// parser makes directives of tokens. It goes on after an error.
type parser struct {
	lexer
	file  *convert.File
	count *int
	// problems are what is wrong with the file, told at a line.
	problem func(line int, text, why string)
}

// block reads directives up to the } that ends the block, or the end of the file.
func (p *parser) block(depth int) (out []*directive) {
	for {
		d, sign := p.directive(depth)
		if d != nil {
			if *p.count++; *p.count > maxDirectives {
				if *p.count == maxDirectives+1 {
					p.problem(d.line, d.name, "there are more directives than are read: the rest of the files is not")
				}
				p.at = len(p.text)
				return out
			}
			out = append(out, d)
		}
		switch {
		case sign == kindEnd && depth > 0:
			p.problem(p.line, "{", "a block is not closed")
			return out
		case sign == kindEnd, sign == kindClose && depth > 0:
			return out
		case sign == kindClose:
			p.problem(p.line, "}", "it closes no block")
		}
	}
}

// directive reads one, and the sign that ends it. A } in place of the ; closes the block as well.
func (p *parser) directive(depth int) (d *directive, sign kind) {
	for {
		t := p.next()
		switch t.kind {
		case kindWord:
			switch {
			case d == nil:
				d = &directive{name: t.text, file: p.file, line: p.file.Line(t.line)}
			case len(d.args) < maxArgs:
				d.args = append(d.args, t.text)
			}
		case kindOpen:
			if d == nil {
				d = &directive{file: p.file, line: p.file.Line(t.line)}
			}
			d.braces = true
			d.unended = blockless(d.name)
			switch {
			case strings.HasSuffix(d.name, "_by_lua_block") || strings.HasSuffix(d.name, "_by_njs"):
				p.raw()
			case depth == maxDepth:
				p.problem(d.line, d.name, "blocks stand too deep in one another")
				p.raw()
			default:
				d.block = p.block(depth + 1)
			}
			return d, kindOpen
		default:
			if d != nil && t.kind != kindSemicolon {
				p.problem(d.line, d.name, "the ; behind it is missing")
			}
			return d, t.kind
		}
	}
}

// withBlock are known directives that have a block.
var withBlock = []string{"http", "events", "server", "location", "upstream", "map", "geo", "split_clients", "if", "limit_except", "types", "match", "geoip2", "stream", "mail"}

// blockless says whether a directive is known and has no block: one behind it means that its ; is missing, and that others are in its words.
func blockless(name string) bool {
	known := policyWords[name] || impliedWords[name] != "" || unsupportedWords[name] != "" || serverLevel[name] || slices.Contains(restrictingWords, name)
	return known && !slices.Contains(withBlock, name) && !strings.HasSuffix(name, "_block")
}
