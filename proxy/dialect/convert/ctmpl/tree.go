package ctmpl

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
)

// Bounds on a template. What people write has some kilobytes.
const (
	maxTemplate = 1 << 20
	maxDepth    = 64
)

// piece is a text or an action of a template, as it stands there.
type piece struct {
	line    int
	text    string // "" for an action
	forNone bool   // it stands for a service that has no instance
}

// tree is a template that was read: each piece announces itself as it is rendered.
type tree struct {
	source string
	set    map[string]*parse.Tree
	pieces []piece
	// actions are those of which the report has a line.
	actions []action
	// words are texts that conditions compare with: tags, names.
	words []string
	// names are functions that are called.
	names map[string]bool
	// tainted are variables whose value is known elsewhere.
	tainted map[string]bool
}

// action is one of a template.
type action struct {
	line int
	text string // as written, but for blanks
	// condition says that it decides what is rendered.
	condition bool
	// pipe is what it evaluates.
	pipe *parse.PipeNode
}

// errDepth is a template that nobody writes.
var errDepth = fmt.Errorf("its blocks stand more than %d deep in one another", maxDepth)

// read reads a template.
func read(name, source string) (t *tree, err error) {
	if len(source) > maxTemplate {
		return nil, errors.New("the template is longer than 1 MiB")
	}
	t = &tree{source: unmarked.Replace(source), set: map[string]*parse.Tree{}, names: map[string]bool{}, tainted: map[string]bool{}}
	one := parse.New(name)
	one.Mode = parse.SkipFuncCheck
	if _, err = one.Parse(t.source, "", "", t.set); err != nil {
		return nil, err
	}
	for _, each := range t.set {
		if each.Root == nil {
			continue
		}
		for range 2 { // a variable may be set behind the place where it counts
			t.taint(each.Root)
		}
		if err = t.list(each.Root, 0, false); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Marks around the number of a piece, which no template holds.
const markBegin, markEnd = "\x01", "\x02"

var unmarked = strings.NewReplacer(markBegin, " ", markEnd, " ", "\r\n", "\n")

func (t *tree) line(n parse.Node) int {
	at := min(int(n.Position()), len(t.source))
	return 1 + strings.Count(t.source[:at], "\n")
}

// mark is a node that announces the piece behind it.
func (t *tree) mark(p piece, at parse.Pos) parse.Node {
	t.pieces = append(t.pieces, p)
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: fmt.Appendf(nil, "%s%d%s", markBegin, len(t.pieces)-1, markEnd)}
}

// list marks what stands in a list, and reads what its actions say.
func (t *tree) list(l *parse.ListNode, depth int, forNone bool) error {
	if l == nil {
		return nil
	}
	if depth > maxDepth {
		return errDepth
	}
	out := []parse.Node{t.mark(piece{line: t.line(l)}, l.Pos)} // even an empty one counts
	for _, n := range l.Nodes {
		var err error
		switch n := n.(type) {
		case *parse.TextNode:
			out = append(out, t.mark(piece{line: t.line(n), text: string(n.Text), forNone: forNone}, n.Pos))
		case *parse.ActionNode:
			out = append(out, t.mark(piece{line: t.line(n)}, n.Pos))
			t.action(n, "", n.Pipe, false)
		case *parse.IfNode:
			err = t.branch(n, "if ", &n.BranchNode, depth, forNone)
		case *parse.WithNode:
			err = t.branch(n, "with ", &n.BranchNode, depth, forNone)
		case *parse.RangeNode:
			err = t.branch(n, "range ", &n.BranchNode, depth, forNone)
		case *parse.TemplateNode:
			if n.Pipe != nil {
				t.action(n, "template ", n.Pipe, false)
			}
		}
		if err != nil {
			return err
		}
		out = append(out, n)
	}
	l.Nodes = out
	return nil
}

func (t *tree) branch(n parse.Node, word string, b *parse.BranchNode, depth int, forNone bool) error {
	t.action(n, word, b.Pipe, true)
	if word == "range " {
		whole(b)
	}
	if err := t.list(b.List, depth+1, forNone); err != nil {
		return err
	}
	return t.list(b.ElseList, depth+1, forNone || word == "range " && b.ElseList != nil && isForNone(b.ElseList))
}

// noServer is how templates write a server that takes nothing, for a service without an instance.
var noServer = regexp.MustCompile(`127\.0\.0\.1:(?:65535|1\b|9\b)|0\.0\.0\.0:|\bdown\b|\bdisabled\b|return\s+50[0-9]`)

// isForNone says whether a list is such a server and nothing else.
func isForNone(l *parse.ListNode) bool {
	for _, n := range l.Nodes {
		if n.Type() != parse.NodeText {
			return false
		}
	}
	text := strings.TrimSpace(l.String())
	return noServer.MatchString(text) && strings.Count(text, ";") <= 1 && !restricts.MatchString(text)
}

// restricts finds words of nginx and HAProxy that narrow who may use a route.
var restricts = regexp.MustCompile(`(?i)\b(?:deny|allow|auth_basic|auth_request|auth|limit_req|limit_conn|limit_except|satisfy|internal|ssl_verify_client|valid_referers|secure_link|http_auth|reject|tarpit|block|acl|http-request|reqdeny|reqideny|verify|return\s+4[0-9][0-9])\b`)

// action notes one, and the functions and texts in it.
func (t *tree) action(n parse.Node, word string, pipe *parse.PipeNode, condition bool) {
	calls := 0
	t.pipe(pipe, condition, &calls)
	if calls > 0 || condition {
		t.actions = append(t.actions, action{line: t.line(n), text: "{{" + word + pipe.String() + "}}", condition: condition, pipe: pipe})
	}
}

// pipe walks through a pipeline.
func (t *tree) pipe(n parse.Node, condition bool, calls *int) {
	switch n := n.(type) {
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			t.command(c, condition, calls)
		}
	case *parse.IdentifierNode:
		*calls++
		t.names[n.Ident] = true
	case *parse.ChainNode:
		t.pipe(n.Node, condition, calls)
	case *parse.StringNode:
		if condition && len(t.words) < maxWords && len(n.Text) <= 128 && n.Text != "" {
			t.words = append(t.words, n.Text)
		}
	}
}

// maxWords bounds the texts that conditions compare with.
const maxWords = 32

// command walks through a call. What queries are asked is no tag and no name that anything is compared with.
func (t *tree) command(c *parse.CommandNode, condition bool, calls *int) {
	for i, a := range c.Args {
		name, ok := c.Args[0].(*parse.IdentifierNode)
		asked := ok && i > 0 && (outside[name.Ident] || name.Ident == "service" || name.Ident == "printf" || name.Ident == "print")
		t.pipe(a, condition && !asked, calls)
	}
}

// outside are functions whose value is known elsewhere.
var outside = map[string]bool{"env": true, "mustEnv": true, "envOrDefault": true, "key": true, "keyOrDefault": true, "keyExists": true, "ls": true, "safeLs": true, "tree": true, "safeTree": true,
	"secret": true, "secrets": true, "file": true, "plugin": true, "nodes": true, "node": true, "datacenters": true, "timestamp": true, "caRoots": true, "caLeaf": true}

// taint notes which variables hold what is known elsewhere.
func (t *tree) taint(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, c := range n.Nodes {
				t.taint(c)
			}
		}
	case *parse.ActionNode:
		t.declared(n.Pipe)
	case *parse.IfNode:
		t.taintBranch(&n.BranchNode)
	case *parse.WithNode:
		t.taintBranch(&n.BranchNode)
	case *parse.RangeNode:
		t.taintBranch(&n.BranchNode)
	}
}

func (t *tree) taintBranch(b *parse.BranchNode) {
	t.declared(b.Pipe)
	t.taint(b.List)
	t.taint(b.ElseList)
}

func (t *tree) declared(p *parse.PipeNode) {
	if p != nil && len(t.asks(p)) > 0 {
		for _, v := range p.Decl {
			t.tainted[v.Ident[0]] = true
		}
	}
}

// asks is what a pipeline asks that is known elsewhere, for people.
func (t *tree) asks(n parse.Node) (out []string) {
	switch n := n.(type) {
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			if name, ok := c.Args[0].(*parse.IdentifierNode); ok && t.elsewhere(name.Ident) {
				out = append(out, c.String())
				continue
			}
			for _, a := range c.Args {
				out = append(out, t.asks(a)...)
			}
		}
	case *parse.ChainNode:
		if name, ok := n.Node.(*parse.IdentifierNode); ok && t.elsewhere(name.Ident) {
			return []string{n.String()}
		}
		return t.asks(n.Node)
	case *parse.VariableNode:
		if t.tainted[n.Ident[0]] {
			return []string{n.Ident[0]}
		}
	}
	return out
}

// elsewhere says whether a function's value is known elsewhere, or not at all.
func (t *tree) elsewhere(name string) bool { return outside[name] || !isKnown(name) }

// builtins are functions of the template language itself that are not replaced.
var builtins = map[string]bool{"and": true, "or": true, "not": true, "len": true, "index": true, "slice": true}

var knownFunctions = functions(nil)

func isKnown(name string) bool { return builtins[name] || knownFunctions[name] != nil }

// template is the tree as one that can be rendered with functions.
func (t *tree) template(name string, c catalogue) (*template.Template, error) {
	all := functions(c)
	for f := range t.names {
		if !isKnown(f) {
			all[f] = func(...any) any { return c.outside(f, "") }
		}
	}
	if t.names["scratch"] {
		all["scratch"] = func() scratchpad { return scratchpad{c} }
	}
	out := template.New(name).Funcs(all)
	for n, each := range t.set {
		if _, err := out.AddParseTree(n, each); err != nil {
			return nil, err
		}
	}
	return out, nil
}
