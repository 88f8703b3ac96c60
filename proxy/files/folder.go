package files

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Folder answers requests with the files below a folder. Immutable. The folder is opened for each request, so that another one may be put in
// its place at any time.
type Folder struct {
	folder       string
	try          []string
	cacheControl string // "" says nothing
}

// New compiles what a rule asks for; nil where it asks for no files.
func New(asked *dialect.Files) *Folder {
	if asked.Folder == "" {
		return nil
	}
	f := &Folder{folder: asked.Folder, try: asked.Try}
	if f.try == nil {
		f.try = dialect.DefaultTry()
	}
	switch {
	case asked.Cache == dialect.NoCache:
		f.cacheControl = "no-cache"
	case asked.Cache > 0:
		f.cacheControl = "max-age=" + strconv.FormatInt(int64(asked.Cache/time.Second), 10)
	}
	return f
}

// File is what was found: an open file, which the caller closes, or where the client is to ask instead.
type File struct {
	*os.File
	// Slash says that a folder was asked for without the slash at its end. There is no open file then.
	Slash bool
	// Size is in bytes.
	Size     int64
	Modified time.Time
	// Type is the content type; Coding is gzip, zstd or br for a file that was compressed before, else "".
	Type, Coding string
	// Varies says that clients that accept other codings get another file.
	Varies bool
	// Tag is the entity tag (RFC 9110 section 8.8.3).
	Tag string
	// CacheControl is the value of that field; "" for none.
	CacheControl string
}

// Close closes the file, if there is one.
func (f *File) Close() {
	if f.File != nil {
		f.File.Close()
	}
}

// ErrNone says that there is no such file, or none that may be served.
var ErrNone = errors.New("no such file")

// index is what a folder is answered with.
const index = "index.html"

// Open finds what answers a request for a path, which begins with a slash and is still percent-encoded; accept is the request's
// Accept-Encoding. It fails with ErrNone, or with what keeps the folder from being read.
func (f *Folder) Open(encoded, accept string) (*File, error) {
	root, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	defer root.Close()
	uri, ok := decode(encoded)
	if !ok {
		return nil, ErrNone
	}
	for _, try := range f.try {
		if try == dialect.TryNone {
			break
		}
		name := strings.ReplaceAll(try, dialect.TryURI, uri)
		folder := strings.HasSuffix(name, "/")
		if folder {
			name += index
		}
		file, err := open(root, name, accept)
		switch {
		case errors.Is(err, ErrNone):
			continue
		case err != nil:
			return nil, err
		case folder && try == dialect.TryURI+"/" && !strings.HasSuffix(uri, "/"): // else its page's own links would lead elsewhere
			file.Close()
			return &File{Slash: true}, nil
		}
		file.CacheControl = f.cacheControl
		return file, nil
	}
	return nil, ErrNone
}

// decode takes a path's percent-encoding away. It is not ok for a path that could mean another one: an encoded slash or backslash, a zero
// byte, empty or dotted segments. Hidden files are none of the client's business, but for /.well-known (RFC 8615).
func decode(encoded string) (uri string, ok bool) {
	uri, err := url.PathUnescape(encoded)
	if err != nil || strings.Count(uri, "/") != strings.Count(encoded, "/") || strings.ContainsAny(uri, "\\\x00") {
		return "", false
	}
	if !strings.HasPrefix(uri, "/") || uri != "/" && strings.Contains(uri, "//") {
		return "", false
	}
	return uri, !hidden(uri)
}

// hidden says whether any segment of a path begins with a dot.
func hidden(name string) bool {
	if rest, ok := strings.CutPrefix(name, "/.well-known/"); ok {
		name = "/" + rest
	}
	return strings.Contains(name, "/.")
}
