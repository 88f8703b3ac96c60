package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Page is a small file, whole.
type Page struct {
	Type string // the content type
	Body []byte
}

// MaxPage bounds a page, in bytes: it is held in memory while it is sent.
const MaxPage = 1 << 20

// ReadPage reads a file of at most MaxPage bytes, as it stands on the disk now. The path is the operator's.
func ReadPage(path string) (*Page, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open page: %w", err)
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil || !at.Mode().IsRegular() {
		return nil, fmt.Errorf("open page %s: not a regular file", path)
	}
	body, err := io.ReadAll(io.LimitReader(f, MaxPage+1))
	if err == nil && len(body) > MaxPage {
		err = errors.New("more than 1 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("read page %s: %w", path, err)
	}
	return &Page{Type: typeOf(path), Body: body}, nil
}
