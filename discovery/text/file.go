// Package text watches files that the operator writes, the routes file and those of other languages, and hands on what they hold as a discovery.Text:
// lines, which nobody here reads.
//
// The file is looked at each second, by its name. That finds what editors put in its place, works on file systems and bind mounts that tell
// nothing of changes, and needs nothing of the system. A file that is being written is not taken: it must have looked the same twice. One
// that can't be read, or is empty, changes nothing: what was last read stays, and that is said once.
package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

const (
	// interval is how often the file is looked at: what it holds is in effect within two of them.
	interval = time.Second
	// maxBytes bounds the file: 8 MiB are 80,000 lines of a hundred bytes.
	maxBytes = 8 << 20
)

// File is a watched file. Make it with Open. All methods may be called from several goroutines.
type File struct {
	path    string
	of      string // the language
	publish func(*discovery.Text)
	log     zerolog.Logger

	mu      sync.Mutex
	text    *discovery.Text
	content []byte
	read    look  // of content
	last    look  // at the latest look
	problem error // told; nil while there is none
}

// look is what the file looked like. Two that are equal are of one content, unless it was changed twice within the clock's grain.
type look struct {
	size    int64
	changed time.Time
	inode   uint64
}

// Open reads the file, which is in our own lines or in a language of that name, and publishes what it holds; an error is that it can't be read, or holds what no text does. Each later content is
// published too, from the goroutine that found it.
func Open(path, language string, publish func(*discovery.Text), log zerolog.Logger) (*File, error) {
	f := &File{path: path, of: language, publish: publish, log: log}
	f.mu.Lock()
	defer f.mu.Unlock()
	at, err := f.look()
	if err == nil {
		err = f.take(at)
	}
	if err != nil && !errors.Is(err, errEmpty) {
		return nil, err
	}
	if f.text == nil { // an empty file at the start is a file without routes
		f.text = f.holding("")
	}
	f.last = at
	publish(f.text)
	return f, nil
}

// Run looks at the file until ctx ends. It always returns nil.
func (f *File) Run(ctx context.Context) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.check()
		}
	}
}

// check takes what is new, once it has looked the same twice.
func (f *File) check() {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, err := f.look()
	if err == nil {
		settled := at == f.last
		f.last = at
		if at == f.read {
			f.tell(nil)
			return
		}
		if !settled {
			return
		}
		var changed bool
		if changed, err = f.replace(at); changed {
			f.log.Info().Str("file", f.path).Int("lines", len(f.text.Lines)).Msg(f.what() + " has changed")
		}
	}
	f.tell(err)
}

// Reload reads the file now. An error leaves what was read before.
func (f *File) Reload() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, err := f.look()
	if err != nil {
		return false, err
	}
	f.last = at
	return f.replace(at)
}

// replace takes and publishes what the file holds, where that is something else.
func (f *File) replace(at look) (changed bool, err error) {
	was := f.text
	if err := f.take(at); err != nil || f.text == was {
		return false, err
	}
	f.publish(f.text)
	return true, nil
}

var errEmpty = errors.New("the file is empty: to have no routes, write a line that begins with #")

// take reads the file.
func (f *File) take(at look) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	switch {
	case err != nil:
		return err
	case len(content) > maxBytes:
		return fmt.Errorf("%s has more than %d bytes", f.path, maxBytes)
	case len(content) == 0:
		return errEmpty
	case bytes.IndexByte(content, 0) >= 0: // what a crash leaves of a file, or no text at all
		return fmt.Errorf("%s holds a zero byte, which no text does", f.path)
	}
	f.read = at
	if f.text == nil || !bytes.Equal(content, f.content) {
		f.content, f.text = content, f.holding(string(content))
	}
	return nil
}

// what is the file for people.
func (f *File) what() string {
	if f.of != "" {
		return "the file of " + f.of
	}
	return "the routes file"
}

// holding is the file's text.
func (f *File) holding(content string) *discovery.Text {
	t := discovery.NewText(discovery.TextFile, f.path, content, 0)
	t.Language = f.of
	return t
}

func (f *File) look() (look, error) {
	at, err := os.Stat(f.path)
	if err != nil {
		return look{}, err
	}
	if !at.Mode().IsRegular() { // a pipe would never end
		return look{}, fmt.Errorf("%s is not a regular file", f.path)
	}
	return look{at.Size(), at.ModTime(), inode(at)}, nil
}

// tell says once that the file can't be used, and that it can be again.
func (f *File) tell(err error) {
	switch {
	case err != nil && (f.problem == nil || f.problem.Error() != err.Error()):
		f.log.Error().Err(err).Str("file", f.path).Msg(f.what() + " can't be used; its routes stay as they are")
	case err == nil && f.problem != nil:
		f.log.Info().Str("file", f.path).Msg(f.what() + " can be used again")
	}
	f.problem = err
}
