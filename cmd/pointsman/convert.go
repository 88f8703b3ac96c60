package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// Bounds on what convert reads.
const (
	maxConvertFile  = 4 << 20
	maxConvertFiles = 256
)

// runConvert prints other programs' configuration as routes, and what became of each directive: the exit code is 1 where anything is not in
// effect as written.
func runConvert(ctx context.Context, p program) int {
	f := newFlags(p, "convert", "print configuration of nginx and HAProxy, and templates of consul-template, as routes, and on stderr what became of each directive; exit code 1 says that something is not in effect as written", "FILE...")
	f.noVariables = true
	form := choice{"labels", []string{"labels", "routes"}}
	f.Var(&form, "o", "`FORM` of the result: labels of Compose services, or routes, a file for -routes-file")
	file := f.String("compose", "", "the Compose `FILE` whose services the files name; without it each name without a dot is one")
	files, code, done := convertFiles(f)
	if done {
		return code
	}
	names, err := composeNames(ctx, *file)
	if err != nil {
		fmt.Fprintf(p.stderr, "pointsman convert: %v\n", err)
		return exitFatal
	}
	result := converted(p, files)
	if form.value == "routes" {
		result.WriteRoutes(p.stdout)
	} else {
		result.WriteLabels(p.stdout, names)
	}
	result.Report.Write(p.stderr)
	if !result.Report.Whole() {
		return exitFatal
	}
	return exitOK
}

// convertFiles reads the command line, in which options may stand behind files, and then the files.
func convertFiles(f *flags) (files []convert.File, code int, done bool) {
	var names []string
	for {
		if code, done = f.parse(-1); done {
			return nil, code, true
		}
		if f.NArg() == 0 {
			break
		}
		names = append(names, f.Arg(0))
		f.p.args = f.Args()[1:]
	}
	if names == nil {
		return nil, f.refuse(errors.New("FILE is missing")), true
	}
	for _, name := range names {
		text, err := readConvertFile(name)
		if err != nil {
			fmt.Fprintf(f.p.stderr, "pointsman convert: %v\n", err)
			return nil, exitFatal, true
		}
		files = append(files, convert.File{Name: name, Text: text})
	}
	return files, exitOK, false
}

func readConvertFile(name string) (string, error) {
	file := os.Stdin
	if name != "-" {
		at, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		if !at.Mode().IsRegular() { // opening a pipe waits for its writer
			return "", fmt.Errorf("%s is no regular file; - reads stdin", name)
		}
		opened, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer opened.Close()
		file = opened
	}
	text, err := io.ReadAll(io.LimitReader(file, maxConvertFile+1))
	if err == nil && len(text) > maxConvertFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxConvertFile)
	}
	return string(text), err
}

// includeFiles are the files that a pattern names: as written, or, of a path that is none here, those beside the file that includes them.
func includeFiles(from, pattern string) (out []convert.File, err error) {
	names := []string{pattern}
	if !filepath.IsAbs(pattern) {
		names = []string{filepath.Join(filepath.Dir(from), pattern)}
	} else {
		parts := strings.Split(strings.Trim(pattern, "/"), "/")
		for i := range parts { // conf.d/x.conf beside nginx.conf for /etc/nginx/conf.d/x.conf
			names = append(names, filepath.Join(filepath.Dir(from), filepath.Join(parts[i:]...)))
		}
	}
	for _, name := range names {
		found, err := filepath.Glob(name)
		if err != nil {
			return nil, err
		}
		if len(found) > maxConvertFiles {
			return nil, fmt.Errorf("more than %d files", maxConvertFiles)
		}
		slices.Sort(found)
		for _, one := range found {
			if at, err := os.Stat(one); err != nil || !at.Mode().IsRegular() {
				continue
			}
			text, err := readConvertFile(one)
			if err != nil {
				return nil, err
			}
			out = append(out, convert.File{Name: one, Text: text})
		}
		if out != nil {
			break
		}
	}
	return out, nil
}
