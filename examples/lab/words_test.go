package lab

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// source is one Go file that is no test, with its package's folder as the module knows it ("proxy/event").
type source struct {
	pkg, file string
	*ast.File
}

// sources parses every Go file of the module that is no test, for all systems alike.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	root := Root()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if path != root && (strings.HasPrefix(d.Name(), ".") || err == nil) {
				return filepath.SkipDir // a nested module has its own words
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		list = append(list, source{pkg: filepath.ToSlash(folder), file: d.Name(), File: file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func parsed(t *testing.T, pkg, text string) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{pkg: pkg, file: "x.go", File: file}
}

// Every package says at its head what it is for, so that `go doc` answers a newcomer.
func TestPackagesHaveComments(t *testing.T) {
	for _, complaint := range uncommented(sources(t)) {
		t.Error(complaint)
	}
}

func TestPackagesHaveCommentsCanFail(t *testing.T) {
	bad := []string{
		"package x",
		"// Package y is another one's.\npackage x",
		"// Package x is cut off from its package.\n\npackage x",
		"// Package main is for people who read code, not for those who run it.\npackage main",
	}
	for _, text := range bad {
		if len(uncommented([]source{parsed(t, "proxy/x", text)})) == 0 {
			t.Errorf("no complaint about %q", text)
		}
	}
	good := []source{
		parsed(t, "proxy/x", "package x"), parsed(t, "proxy/x", "// Package x frames.\npackage x"),
		parsed(t, "cmd/y", "// Command y serves.\npackage main"),
	}
	if list := uncommented(good); len(list) > 0 {
		t.Errorf("complaints about good comments: %q", list)
	}
}

func uncommented(files []source) []string {
	commented := map[string]bool{}
	for _, f := range files {
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command " + f.pkg[strings.LastIndexByte(f.pkg, '/')+1:] + " "
		}
		commented[f.pkg] = commented[f.pkg] || strings.HasPrefix(f.Doc.Text(), want)
	}
	var list []string
	for pkg, ok := range commented {
		if !ok {
			list = append(list, pkg+` has no comment that begins "Package …" ("Command …" for a main package)`)
		}
	}
	slices.Sort(list)
	return list
}

// Words that once had several meanings here, or that only we used, stay away from names and from the JSON that users read.
func TestWordsStayAway(t *testing.T) {
	used := map[string]bool{}
	for _, f := range sources(t) {
		for _, complaint := range banned(f, used) {
			t.Error(complaint)
		}
	}
	for where := range allowed {
		if !used[where] {
			t.Errorf("nothing needs the exception for %q any more: remove it", where)
		}
	}
}

func TestWordsStayAwayCanFail(t *testing.T) {
	bad := []string{
		"type Manager struct{}",
		"type Targets []int",
		"type taskManager struct{}",
		"type HTTPBackend struct{}",
		"func pickEndpoint() {}",
		"func (l *loop) bury() {}",
		"type x struct { asker int }",
		"type x interface { Farewell() }",
		"const workerCount = 1",
		"var first, someLetters int",
		"type x struct { Ejected bool `json:\"left_out\"` }",
		"type x struct { Ejected bool `json:\"leftOut,omitempty\"` }",
	}
	for _, text := range bad {
		if len(banned(parsed(t, "proxy/x", "package x\n"+text), map[string]bool{})) == 0 {
			t.Errorf("no complaint about %s", text)
		}
	}
	good := "package x\nfunc left() { worker := 1; _ = worker }\ntype RequestTarget struct { requestTarget, out int }\nconst Doorbell = 1\n"
	if list := banned(parsed(t, "proxy/x", good), map[string]bool{}); len(list) > 0 {
		t.Errorf("complaints about good words: %q", list)
	}
}

// banned returns what is wrong with the names that a file declares, and marks the exceptions that it needed.
func banned(f source, used map[string]bool) []string {
	var list []string
	declared(f.File, func(name string) {
		words := split(name)
		for _, b := range bans {
			if !b.in(words) {
				continue
			}
			if key, ok := exception(f.pkg, name, b); ok {
				used[key] = true
				continue
			}
			list = append(list, fmt.Sprintf("%s/%s: %s: not %q (%s); say %s", f.pkg, f.file, name, b.word, b.why, b.say))
		}
	})
	return list
}

func exception(pkg, name string, b ban) (string, bool) {
	for _, key := range []string{pkg + " " + name, pkg + " " + b.word} {
		if _, ok := allowed[key]; ok {
			return key, true
		}
	}
	return "", false
}

// declared calls say with each name of a package's own types, functions, methods, fields, constants and variables, and with each JSON key.
func declared(file *ast.File, say func(name string)) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			say(f.Name.Name)
		}
		if g, ok := d.(*ast.GenDecl); ok {
			for _, spec := range g.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range v.Names {
						say(name.Name)
					}
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool { // types and their fields are declared in functions too
		switch n := n.(type) {
		case *ast.TypeSpec:
			say(n.Name.Name)
		case *ast.StructType:
			fields(n.Fields, say)
		case *ast.InterfaceType:
			fields(n.Methods, say)
		}
		return true
	})
}

func fields(list *ast.FieldList, say func(name string)) {
	for _, f := range list.List {
		for _, name := range f.Names {
			say(name.Name)
		}
		if f.Tag == nil {
			continue
		}
		key, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		if key != "" && key != "-" {
			say(key)
		}
	}
}

// split cuts a name into its words, in small letters: "leftOut", "left_out" and "LeftOUT" are left and out.
func split(name string) []string {
	var words []string
	letters := []rune(name)
	begin := 0
	cut := func(end int) {
		if end > begin {
			words = append(words, strings.ToLower(string(letters[begin:end])))
		}
		begin = end
	}
	for i, r := range letters {
		switch {
		case r == '_' || r == '-':
			cut(i)
			begin = i + 1
		case i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])):
			cut(i)
		}
	}
	cut(len(letters))
	return words
}
