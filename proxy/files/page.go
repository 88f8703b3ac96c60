package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"unicode"
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
	p := &Page{Type: typeOf(path), Body: body}
	if strings.HasSuffix(path, ".http") {
		if err := p.cutHead(); err != nil {
			return nil, fmt.Errorf("read page %s: %w", path, err)
		}
	}
	return p, nil
}

// cutHead makes a page of a whole response, which is what HAProxy's errorfile names (https://docs.haproxy.org/3.2/configuration.html#errorfile): the
// body behind its head, with its content type. Nothing else of the head counts.
func (p *Page) cutHead() error {
	in := bytes.NewReader(p.Body)
	head := bufio.NewReader(in)
	r := textproto.NewReader(head)
	line, err := r.ReadLine()
	if err == nil && !strings.HasPrefix(line, "HTTP/") {
		err = errors.New("it does not begin with HTTP/")
	}
	if err != nil {
		return fmt.Errorf("its name ends in .http, and it is no response: %w", err)
	}
	fields, err := r.ReadMIMEHeader()
	if err != nil {
		return fmt.Errorf("its name ends in .http, and it is no response: %w", err)
	}
	p.Type = "text/html"
	if t := fields.Get("Content-Type"); t != "" && !strings.ContainsFunc(t, unicode.IsControl) {
		p.Type = t
	}
	p.Body = p.Body[len(p.Body)-in.Len()-head.Buffered():]
	return nil
}
