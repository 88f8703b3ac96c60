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
	path string

	mu     sync.Mutex
	looked time.Time
	stamp  stamp
	users  map[string]dialect.User
	err    error
}

// stamp tells a file's versions apart.
type stamp struct {
	modified time.Time
	size     int64
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
	was := h.stamp
	h.look(time.Now())
	return h.stamp != was, h.err
}

// look reads the file if it has changed. It needs h.mu.
func (h *htpasswd) look(now time.Time) {
	h.looked = now
	info, err := os.Stat(h.path)
	if err != nil {
		h.users, h.err, h.stamp = nil, err, stamp{}
		return
	}
	if s := (stamp{info.ModTime(), info.Size()}); s != h.stamp {
		h.stamp = s
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
