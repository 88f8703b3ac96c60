// Package page serves the dashboard: one page of plain HTML, CSS and JavaScript modules, readable as they stand, without a build step and
// without a request to anybody but the admin address that served it.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed *.html *.js *.css *.svg
var files embed.FS

// Policy lets the page load what stands beside it and ask the API, and nothing else. There is no inline script and no inline style in it, so
// what gets into it as markup does nothing (https://www.w3.org/TR/CSP3/).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Path is where the files stand, besides the page itself at "/".
const Path = "/page/"

// file is one of the page's, ready to be sent.
type file struct {
	kind, tag string
	body      []byte
}

// Handler serves the page at "/" and its files below Path. Browsers keep them and ask whether they are still the same.
func Handler() http.Handler {
	list, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // they are in the program
	}
	all := map[string]file{}
	for _, f := range list {
		body, err := files.ReadFile(f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		all[f.Name()] = file{kind: kindOf(f.Name()), tag: `"` + hex.EncodeToString(sum[:16]) + `"`, body: body}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		if r.URL.Path == "/" {
			name = "index.html"
		} else if r.URL.Path != Path+name || name == "index.html" {
			name = ""
		}
		f, ok := all[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Content-Security-Policy", Policy)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", f.tag)
		h.Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
	})
}

// kindOf is the media type of a file. It does not depend on what the host's own tables say.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
