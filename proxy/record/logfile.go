package record

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// lookForFile is how often it is looked, while lines are written, whether a log's file still stands at its path.
const lookForFile = time.Second

// LogFile is a file that lines are appended to. It follows its path: where the file was moved or removed a new one is made there. One
// goroutine writes; any may call Reopen and Close, which wait for no write. Make it with OpenLogFile.
type LogFile struct {
	path string

	// of who writes
	looked time.Time
	last   *os.File // that was written to
	cut    bool     // its last write ended inside a line

	mu   sync.Mutex // never held while something is written, opened or closed
	file *os.File
}

// OpenLogFile opens a file, or makes it, readable for its owner and group. A pipe needs somebody who reads it.
func OpenLogFile(path string) (*LogFile, error) {
	f, err := openLog(path)
	if err != nil {
		return nil, err
	}
	return &LogFile{path: path, file: f, looked: time.Now()}, nil
}

// openLog waits for nobody who would read a pipe.
func openLog(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	return f, nil
}

// Write appends whole lines. What could not be written of them is lost: n says how much was written.
func (l *LogFile) Write(p []byte) (n int, err error) {
	if now := time.Now(); now.Sub(l.looked) >= lookForFile {
		l.looked = now
		if l.moved() {
			_ = l.Reopen() // an error leaves the file as it is; it is tried again
		}
	}
	for f := l.current(); ; {
		n, err = l.append(f, p)
		next := l.current()
		if n > 0 || next == f || !errors.Is(err, os.ErrClosed) {
			return n, err
		}
		f = next // it was opened again between the two
	}
}

func (l *LogFile) append(f *os.File, p []byte) (n int, err error) {
	if f == l.last && l.cut { // by a full disk, say: what follows is a line of its own
		if _, err := f.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
	}
	n, err = f.Write(p)
	l.last, l.cut = f, n > 0 && p[n-1] != '\n'
	return n, err
}

func (l *LogFile) current() *os.File {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file
}

// moved says whether another file, or none, stands at the path.
func (l *LogFile) moved() bool {
	at, err := os.Stat(l.path)
	if err != nil {
		return os.IsNotExist(err)
	}
	is, err := l.current().Stat()
	return err == nil && !os.SameFile(at, is)
}

// Reopen opens what stands at the path now, or makes it. With an error the file stays that it was.
func (l *LogFile) Reopen() error {
	f, err := openLog(l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	before := l.file
	l.file = f
	l.mu.Unlock()
	return before.Close()
}

// Close closes the file. A write that waits for who reads a pipe ends with it.
func (l *LogFile) Close() error { return l.current().Close() }
