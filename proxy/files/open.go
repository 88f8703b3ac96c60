package files

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/pointsman/pointsman/proxy/filter"
)

// open opens the file of a name below root, or one beside it that was compressed before and that the client takes.
func open(root *os.Root, name, accept string) (*File, error) {
	if hidden(name) {
		return nil, ErrNone
	}
	name = strings.TrimPrefix(path.Clean(name), "/")
	plain, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	plain.Type = typeOf(name)
	return compressed(root, name, accept, plain), nil
}

// suffixes are what names of compressed files end with.
var suffixes = map[filter.Coding]string{filter.Brotli: ".br", filter.Zstd: ".zst", filter.Gzip: ".gz"}

// compressed is the best of the files that stand beside a plain one, else the plain one itself. As with nginx it is for
// who puts them there to see that they are of one version: times tell nothing of it where files were checked out or copied.
func compressed(root *os.Root, name, accept string, plain *File) *File {
	var there []filter.Coding
	for _, c := range []filter.Coding{filter.Brotli, filter.Zstd, filter.Gzip} {
		if at, err := root.Stat(name + suffixes[c]); err == nil && at.Mode().IsRegular() {
			there = append(there, c)
		}
	}
	plain.Varies = len(there) > 0
	list, n := filter.Accepted(accept, there)
	for _, c := range list[:n] {
		if f, err := openRegular(root, name+suffixes[c]); err == nil {
			f.Type, f.Coding, f.Varies = plain.Type, c.String(), true
			plain.Close()
			return f
		}
	}
	return plain
}

// openRegular opens a file, and no pipe, device or folder.
func openRegular(root *os.Root, name string) (*File, error) {
	at, err := root.Stat(name)
	if err != nil {
		return nil, failure(err)
	}
	if !at.Mode().IsRegular() {
		return nil, ErrNone
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, failure(err)
	}
	at, err = f.Stat()
	if err != nil || !at.Mode().IsRegular() { // another one by now
		f.Close()
		return nil, ErrNone
	}
	return &File{File: f, Size: at.Size(), Modified: at.ModTime(), Tag: fmt.Sprintf(`"%x-%x"`, at.ModTime().UnixNano(), at.Size())}, nil
}

// failure tells what a client may ask for and not get from what the operator has to know of.
func failure(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EIO) {
		return fmt.Errorf("open file: %w", err)
	}
	return ErrNone // also for what leads out of the folder
}

// typeOf is a file's content type by its name. What is not known is bytes: nothing is guessed from what stands in it.
func typeOf(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t := moreTypes[ext]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

// moreTypes are those that systems without a list of their own do not know, or each one otherwise.
var moreTypes = map[string]string{
	".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".map": "application/json",
	".webmanifest": "application/manifest+json", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf",
	".mp4": "video/mp4", ".webm": "video/webm", ".mp3": "audio/mpeg", ".zip": "application/zip", ".gz": "application/gzip", ".csv": "text/csv; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".rss": "application/rss+xml",
}
