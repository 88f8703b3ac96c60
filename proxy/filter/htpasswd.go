package filter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const (
	// maxFile bounds an htpasswd file: some ten thousand users.
	maxFile = 1 << 20
	// lookEvery is how often a file is looked at for changes, when it is asked at all.
	lookEvery = time.Second
)

// htpasswd is a file of users, read when it is first asked and again when it has changed. Safe for concurrent use.
type htpasswd struct {
	path  string
	turns turns // of all its routes together

	mu     sync.Mutex
	looked time.Time
	stamp  os.FileInfo // of what was read; nil where there is no file
	users  map[string]dialect.User
	err    error
}

// sameVersion tells a file's versions apart. Another file in its place is one, also with the size and the time of the old one.
func sameVersion(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// read is the users of the file. One that can't be read, or holds a line that is none, has no users, and says why: a half-read list
// would let in whom its owner has put out, or nobody knows whom.
func (h *htpasswd) read(now time.Time) (map[string]dialect.User, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.looked.IsZero() && now.Sub(h.looked) < lookEvery {
		return h.users, h.err
	}
	h.look(now)
	return h.users, h.err
}

// reload is read without waiting for its time.
func (h *htpasswd) reload() (changed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, broken := h.stamp, h.err != nil
	h.look(time.Now())
	return !sameVersion(h.stamp, was) || broken != (h.err != nil), h.err
}

// look reads the file if it has changed, or could not be read: for that there are causes that do not change it, as its mode. It needs h.mu.
func (h *htpasswd) look(now time.Time) {
	h.looked = now
	info, err := os.Stat(h.path)
	if err != nil {
		h.users, h.err, h.stamp = nil, err, nil
		return
	}
	if h.err != nil || !sameVersion(info, h.stamp) {
		h.stamp = info
		h.users, h.err = readUsers(h.path)
	}
}

func readUsers(path string) (map[string]dialect.User, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return parseUsers(path, text)
}

// parseUsers reads lines of NAME:HASH; empty ones and those that begin with # are passed over. Of two lines with a name the first counts,
// as with Apache.
func parseUsers(path string, text []byte) (map[string]dialect.User, error) {
	users := map[string]dialect.User{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		trimmed := strings.TrimSpace(string(line))
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		u, err := dialect.ParseUser(trimmed)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		if _, ok := users[u.Name]; !ok {
			users[u.Name] = u
		}
	}
	if len(users) == 0 {
		return nil, errors.New(path + " holds no user")
	}
	return users, nil
}
