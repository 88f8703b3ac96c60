package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
	"github.com/pointsman/pointsman/proxy/dialect/convert/ctmpl"
	"github.com/pointsman/pointsman/proxy/dialect/convert/haproxy"
	"github.com/pointsman/pointsman/proxy/dialect/convert/nginx"
)

// converted reads files as what they are: each template by itself, those of HAProxy together, and the rest as nginx's.
func converted(p program, files []convert.File) *convert.Result {
	o := nginx.Options{Include: includeFiles, Env: p.lookup}
	var ofHAProxy, ofNginx []convert.File
	var parts []*convert.Result
	for _, f := range files {
		switch {
		case strings.Contains(f.Text, "{{"):
			parts = append(parts, ctmpl.Convert(f, ctmpl.Options{Nginx: o, Read: listFile(f.Name)}))
		case haproxy.Is(f.Text):
			ofHAProxy = append(ofHAProxy, f)
		default:
			ofNginx = append(ofNginx, f)
		}
	}
	if ofHAProxy != nil {
		parts = append(parts, haproxy.Convert(ofHAProxy, listFile(ofHAProxy[0].Name)))
	}
	if ofNginx != nil {
		parts = append(parts, nginx.Convert(ofNginx, o))
	}
	all := parts[0]
	for _, part := range parts[1:] {
		all.Routes = append(all.Routes, part.Routes...)
		all.Report.Remarks = append(all.Report.Remarks, part.Report.Remarks...)
		for _, option := range part.Options {
			all.AddOption(option.Name, option.Value)
		}
	}
	return all
}

// listFile reads what HAProxy's file From names: as written, or beside it.
func listFile(from string) func(name string) (string, error) {
	return func(name string) (string, error) {
		files, err := includeFiles(from, escapedGlob(name))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("there is no %s", name)
		}
		if err != nil {
			return "", err
		}
		return files[0].Text, nil
	}
}

// escapedGlob is a name as a pattern for that name alone.
func escapedGlob(name string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(filepath.Clean(name))
}
