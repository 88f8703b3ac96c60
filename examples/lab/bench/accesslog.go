//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"time"
)

// logDelay is how long the last lines may take to the file: nginx's buffer is flushed every second.
const logDelay = 1500 * time.Millisecond

// unlogged counts the requests that were answered and left no line: a log that drops is cheap.
func (r *running) unlogged() sample {
	if !r.Log {
		return nil
	}
	name := "access.log"
	if r.Kind == haproxy {
		name = "output"
	}
	path, lines := filepath.Join(r.dir, name), 0
	for end := time.Now().Add(logDelay); lines < r.sent && time.Now().Before(end); time.Sleep(logDelay / 5) {
		lines = countLines(path)
	}
	return sample{unlogged: float64(max(0, r.sent-lines))}
}

// countLines reads a file that may be as large as the disk is patient.
func countLines(path string) (n int) {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	for {
		got, err := f.Read(buf)
		n += bytes.Count(buf[:got], []byte("\n"))
		if err != nil {
			return n
		}
	}
}
