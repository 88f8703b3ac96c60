package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// The bounds of a token for actions.
const (
	leastToken = 16
	mostToken  = 512
)

// adminToken is the token that actions of the admin API need. Safe for concurrent use.
type adminToken struct {
	file string
	text atomic.Pointer[string]
}

// reload reads the file again. With an error the token stays.
func (a *adminToken) reload() (changed bool, err error) {
	text, err := readToken(a.file)
	if err != nil {
		return false, fmt.Errorf("-admin-token: %w", err)
	}
	old := a.text.Swap(&text)
	return old == nil || *old != text, nil
}

// value is the token.
func (a *adminToken) value() string { return *a.text.Load() }

// readToken reads a token from a file: visible ASCII characters, with white space around them.
func readToken(file string) (string, error) {
	f, _, err := openToken(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return tokenIn(f)
}

// openToken opens a file first and looks at what was opened then, so that nobody can put another one in its place in between. A pipe is opened without
// a wait for who writes into it, and refused.
func openToken(file string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	at, err := f.Stat()
	if err == nil && !at.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", file)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, at, nil
}

// tokenIn is the token that an open file holds.
func tokenIn(f *os.File) (string, error) {
	file := f.Name()
	text, err := io.ReadAll(io.LimitReader(f, 2*mostToken))
	if err != nil {
		return "", err
	}
	text = bytes.TrimSpace(text)
	if len(text) < leastToken || len(text) > mostToken {
		return "", fmt.Errorf("%s: want %d to %d characters", file, leastToken, mostToken)
	}
	for _, c := range text {
		if c <= ' ' || c >= 0x7f {
			return "", fmt.Errorf("%s: want letters, digits and signs without blanks", file)
		}
	}
	return string(text), nil
}

// keepToken makes a token for this run of the demo, and leaves it where scale finds it. forget removes it. Where no file can be written the token is
// good all the same, for who reads it on the screen.
func (p program) keepToken(admin string) (token *adminToken, forget func()) {
	text := rand.Text()
	token = &adminToken{file: p.tokenFile(admin)}
	token.text.Store(&text)
	_ = os.Remove(token.file) // of a run that was killed; who else's it is, it stays, and ours is not written
	f, err := os.OpenFile(token.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return token, func() {}
	}
	_, _ = f.WriteString(text + "\n")
	_ = f.Close()
	return token, func() { _ = os.Remove(token.file) }
}

// tokenFile is where the demo with an admin address leaves its token: in the user's folder of that purpose, or else in the one for temporary files
// (https://specifications.freedesktop.org/basedir-spec/latest/).
func (p program) tokenFile(admin string) string {
	folder, _ := p.lookup("XDG_RUNTIME_DIR")
	if at, err := os.Stat(folder); err != nil || !at.IsDir() {
		folder = os.TempDir()
	}
	_, port, _ := net.SplitHostPort(admin)
	return filepath.Join(folder, "pointsman-demo-"+port+".token")
}

// actionFlags say where an action is asked for, and with which token.
type actionFlags struct {
	admin address
	token string
}

func (a *actionFlags) register(f *flags, whose string) {
	a.admin = "127.0.0.1:8090"
	f.Var(&a.admin, "admin", "`ADDRESS` of "+whose+" admin API")
	f.StringVar(&a.token, "admin-token", "", "`FILE` with the token that the proxy has as -admin-token; pointsman demo on this host needs none")
}

// find is the token of the file, or that of a demo here.
func (a *actionFlags) find(p program) (string, error) {
	if a.token != "" {
		text, err := readToken(a.token)
		if err != nil {
			return "", fmt.Errorf("-admin-token: %w", err)
		}
		return text, nil
	}
	file := p.tokenFile(dialable(string(a.admin)))
	named, _ := os.Lstat(file)
	f, opened, err := openToken(file)
	if err == nil {
		defer f.Close()
	}
	// A link, a file that was put in the place of another, and one that others may read are none of a demo: who made them would be sent what is in them.
	if err != nil || !os.SameFile(named, opened) || opened.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("no demo of yours runs at %s on this host; -admin-token FILE names the token of another proxy", a.admin)
	}
	return tokenIn(f)
}

// actionTimeout is longer than the proxy takes for an action.
const actionTimeout = 30 * time.Second

// act asks for an action, and reads what was done into done, unless that is nil.
func (a *actionFlags) act(ctx context.Context, p program, action string, wish, done any) error {
	token, err := a.find(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, actionTimeout)
	defer cancel()
	body, err := json.Marshal(wish)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+dialable(string(a.admin))+"/api/actions/"+action, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := direct().Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxExplanation))
	switch {
	case err != nil:
		return err
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w; the proxy needs -admin-token for actions", refusal(answer.Status, text))
	case answer.StatusCode != http.StatusOK:
		return refusal(answer.Status, text)
	case done == nil:
		return nil
	}
	return json.Unmarshal(text, done)
}
