package conformance

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// script is the hostile instance: play gets each connection, and how many came before it, and does with it what the test wants.
type script = fixture.Script

func play(t testing.TB, with func(n int64, c *net.TCPConn, in *bufio.Reader)) *script {
	t.Helper()
	return fixture.Play(t, with)
}

// answering is an instance that gives every request the same answer.
func answering(t testing.TB, body string) *script {
	text := sized(body)
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			if _, err := readMessage(in); err != nil {
				return
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	})
}

// sized is an answer of known length.
func sized(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// message is a request as an instance reads it.
type message struct {
	line    string
	fields  []string
	body    string
	trailer []string
}

func (m *message) field(name string) string { return fieldOf(m.fields, name) }

// path is the target without its query.
func (m *message) path() string {
	_, target, _ := strings.Cut(m.line, " ")
	target, _, _ = strings.Cut(target, " ")
	target, _, _ = strings.Cut(target, "?")
	return target
}

// text is the head as it came.
func (m *message) text() string {
	return m.line + "\r\n" + strings.Join(append(m.fields, "", ""), "\r\n")
}

func (m *message) method() string {
	method, _, _ := strings.Cut(m.line, " ")
	return method
}

// readMessage reads one whole request, as strictly as a client reads an answer.
func readMessage(in *bufio.Reader) (*message, error) {
	m, err := readRequestHead(in)
	if err != nil {
		return nil, err
	}
	return m, m.readBody(in)
}

func readRequestHead(in *bufio.Reader) (*message, error) {
	lines, err := readLines(in)
	if err != nil {
		return nil, err
	}
	return &message{line: lines[0], fields: lines[1:]}, nil
}

func (m *message) readBody(in *bufio.Reader) error {
	a := &answer{fields: m.fields}
	if a.field("Content-Length") == "" && a.field("Transfer-Encoding") == "" {
		return nil
	}
	err := a.readBody(in, "")
	m.body, m.trailer = a.body, a.trailer
	return err
}

// recorder keeps what is sent to it, and answers each whole request with 200 "ok". One to /early... it answers before its body.
type recorder struct {
	*script
	record sync.Mutex
	heads  []*message // also those of requests that never became whole
	whole  []*message
	broken []string // what is no message, and why
}

func newRecorder(t testing.TB) *recorder {
	r := &recorder{}
	r.script = play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) { r.serve(c, in) })
	return r
}

func (r *recorder) serve(c net.Conn, in *bufio.Reader) {
	for {
		m, err := readRequestHead(in)
		if err == io.EOF {
			return
		}
		if !r.note(m, err) {
			return
		}
		early := strings.HasPrefix(m.path(), "/early")
		if early {
			_, _ = io.WriteString(c, sized("early"))
		}
		if err := m.readBody(in); err != nil {
			var number *strconv.NumError
			if errors.As(err, &number) {
				r.note(nil, err)
			}
			return
		}
		r.record.Lock()
		r.whole = append(r.whole, m)
		r.record.Unlock()
		if early {
			continue
		}
		if _, err := io.WriteString(c, sized("ok")); err != nil {
			return
		}
	}
}

// note keeps a head, or that there was none.
func (r *recorder) note(m *message, err error) bool {
	r.record.Lock()
	defer r.record.Unlock()
	if err != nil {
		r.broken = append(r.broken, err.Error())
		return false
	}
	head := *m // its body is read later
	r.heads = append(r.heads, &head)
	return true
}

// take returns what has come since the last time: heads, whole requests, and what was none.
func (r *recorder) take() (heads, whole []*message, broken []string) {
	r.record.Lock()
	defer r.record.Unlock()
	heads, whole, broken = r.heads, r.whole, r.broken
	r.heads, r.whole, r.broken = nil, nil, nil
	return heads, whole, broken
}
