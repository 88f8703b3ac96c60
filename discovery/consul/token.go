package consul

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// token is the ACL token of every request. A token file is looked at before each request and read again when its size or
// time has changed, so that a rotated token works without a restart.
type token struct {
	file string

	mu      sync.Mutex
	value   string
	changed time.Time
	size    int64
}

// maxToken bounds a token file in bytes. A token is a UUID; a log file given by mistake is not.
const maxToken = 4096

// get returns the present token. An unreadable file is an error only while no token is known: rotation often replaces the
// file by removing it first.
func (t *token) get() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == "" {
		return t.value, nil
	}
	if err := t.refresh(); err != nil && t.value == "" {
		return "", fmt.Errorf("read token file: %w", err)
	}
	return t.value, nil
}

func (t *token) refresh() error {
	stat, err := os.Stat(t.file)
	if err != nil {
		return err
	}
	if t.value != "" && stat.ModTime().Equal(t.changed) && stat.Size() == t.size {
		return nil
	}
	if stat.Size() > maxToken {
		return fmt.Errorf("%s is larger than %d bytes", t.file, maxToken)
	}
	text, err := os.ReadFile(t.file)
	if err != nil {
		return err
	}
	value := strings.TrimSpace(string(text))
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("%s holds no token", t.file)
	}
	t.value, t.changed, t.size = value, stat.ModTime(), stat.Size()
	return nil
}
