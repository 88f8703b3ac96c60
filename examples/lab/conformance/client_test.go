package conformance

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

const (
	// patience is how long a client waits for what must come. Much more than it takes, as the machine may be loaded.
	patience = lab.RaceFactor * 20 * time.Second
	// warmHost is the host of requests that an event loop serves by itself.
	warmHost = "warm.test"
)

// conn is a client's connection, in bytes.
type conn struct {
	net.Conn
	t   testing.TB
	tcp *net.TCPConn
	in  *bufio.Reader
	// told: the answer before the test's first request said that the connection ends with it.
	told bool
}

// dial opens a connection that ends with the test. On a listener that hands over, an event loop has served a request on it.
func (r *rig) dial(t testing.TB) *conn {
	t.Helper()
	c, err := r.tryDial(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.tcp.Close() })
	return c
}

// tryDial is dial for those who close by themselves, from any goroutine.
func (r *rig) tryDial(t testing.TB) (*conn, error) {
	return dialKind(t, r.kind, r.addr)
}

// dialPlain opens a connection and says nothing.
func dialPlain(t testing.TB, addr string) (*conn, error) {
	raw, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, t: t, tcp: raw.(*net.TCPConn), in: bufio.NewReader(raw)}
	c.wait(patience)
	return c, nil
}

func dialKind(t testing.TB, k *kind, addr string) (*conn, error) {
	c, err := dialPlain(t, addr)
	if err != nil {
		return nil, err
	}
	if k.secure {
		secure := tls.Client(c.tcp, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err := secure.Handshake(); err != nil {
			_ = c.tcp.Close()
			return nil, err
		}
		c.Conn = secure
		c.in.Reset(secure)
	}
	if !k.handsOver {
		return c, nil
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+warmHost+"\r\n\r\n"); err != nil {
		return c, nil // a server that ends it at once; the test will see
	}
	a, err := readAnswer(c.in, "GET")
	switch {
	case err != nil:
	case a.status != 200 || a.body != "warm":
		_ = c.tcp.Close()
		return nil, fmt.Errorf("%w: %d %q", errNotWarm, a.status, a.body)
	default:
		c.told = a.closes()
	}
	return c, nil
}

// errNotWarm: the event loop did not serve the request before the test.
var errNotWarm = errors.New("the event loop's local reply")

// send writes, and does not mind that the other side has ended the connection.
func (c *conn) send(parts ...string) {
	for _, p := range parts {
		if _, err := io.WriteString(c, p); err != nil {
			return
		}
	}
}

// wait gives the rest of the test so much time.
func (c *conn) wait(d time.Duration) { _ = c.SetDeadline(time.Now().Add(d)) }

// halfClose ends what the client sends.
func (c *conn) halfClose() {
	_ = c.Conn.(interface{ CloseWrite() error }).CloseWrite()
	_ = c.tcp.CloseWrite()
}

// reset ends the connection with RST.
func (c *conn) reset() {
	_ = c.tcp.SetLinger(0)
	_ = c.tcp.Close()
}

// answer reads the final answer to a request.
func (c *conn) answer(method string) *answer {
	c.t.Helper()
	a, err := readAnswer(c.in, method)
	if err != nil {
		c.t.Fatalf("an answer to %s: %v, got %+v", method, err, a)
	}
	return a
}

// want reads the answer to a GET, and checks it.
func (c *conn) want(status int, body string) *answer {
	c.t.Helper()
	a := c.answer("GET")
	if a.status != status || a.body != body {
		c.t.Errorf("got %d %.100q, want %d %.100q", a.status, a.body, status, body)
	}
	return a
}

// ends checks that nothing comes but the end of the connection.
func (c *conn) ends() {
	c.t.Helper()
	if b, err := c.in.ReadByte(); err == nil {
		rest, _ := c.in.Peek(c.in.Buffered())
		c.t.Errorf("more came: %.200q", string(b)+string(rest))
	} else if isTimeout(err) {
		c.t.Errorf("the connection stays open")
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// answer is what a client reads, strictly: anything that is not exactly one well-formed message is an error.
type answer struct {
	line    string
	status  int
	fields  []string // "Name: value" as they came
	body    string
	trailer []string
	interim []*answer // 1xx before it
	chunked bool
	toEnd   bool // the body ended with the connection
}

// field is the value of a field, "" when it is absent.
func (a *answer) field(name string) string { return fieldOf(a.fields, name) }

// closes says whether the connection ends after it, by what it says.
func (a *answer) closes() bool { return strings.EqualFold(a.field("Connection"), "close") || a.toEnd }

func fieldOf(fields []string, name string) string {
	for _, f := range fields {
		if n, value, _ := strings.Cut(f, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// readAnswer reads one final answer and what goes before it. The answer is not nil where a head was read.
func readAnswer(in *bufio.Reader, method string) (*answer, error) {
	var interim []*answer
	for {
		a, err := readHead(in)
		if err != nil {
			return nil, err
		}
		if a.status >= 200 || a.status == 101 {
			a.interim = interim
			return a, a.readBody(in, method)
		}
		interim = append(interim, a)
	}
}

func readHead(in *bufio.Reader) (*answer, error) {
	lines, err := readLines(in)
	if err != nil {
		return nil, err
	}
	a := &answer{line: lines[0], fields: lines[1:]}
	// An answer to an HTTP/1.0 request may bear either version.
	if len(a.line) < len("HTTP/1.1 200 ") || !strings.HasPrefix(a.line, "HTTP/1.1 ") && !strings.HasPrefix(a.line, "HTTP/1.0 ") || a.line[12] != ' ' {
		return nil, fmt.Errorf("status line %q", a.line)
	}
	if a.status, err = strconv.Atoi(a.line[9:12]); err != nil {
		return nil, err
	}
	for _, f := range a.fields {
		if name, _, ok := strings.Cut(f, ":"); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("field %q", f)
		}
	}
	return a, nil
}

// readLines reads lines up to an empty one. The first is never missing.
func readLines(in *bufio.Reader) (lines []string, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			if len(lines) > 0 || line != "" {
				return nil, errors.Join(io.ErrUnexpectedEOF, err)
			}
			return nil, err
		}
		text, ok := strings.CutSuffix(line, "\r\n")
		if !ok || strings.ContainsAny(text, "\r\x00") {
			return nil, fmt.Errorf("line %q", line)
		}
		if text == "" {
			if lines == nil {
				return nil, errors.New("an empty line where a head begins")
			}
			return lines, nil
		}
		lines = append(lines, text)
	}
}

func (a *answer) readBody(in *bufio.Reader, method string) error {
	length, coding := a.field("Content-Length"), a.field("Transfer-Encoding")
	switch {
	case method == "HEAD" || a.status == 204 || a.status == 304 || a.status == 101:
		return nil
	case coding == "chunked" && length == "":
		a.chunked = true
		return a.readChunks(in)
	case coding != "":
		return fmt.Errorf("coding %q, length %q", coding, length)
	case length == "":
		a.toEnd = true
		all, err := io.ReadAll(in)
		a.body = string(all)
		return err
	}
	n, err := strconv.Atoi(length)
	if err != nil {
		return err
	}
	var all bytes.Buffer
	_, err = io.CopyN(&all, in, int64(n))
	a.body = all.String()
	return noEnd(err)
}

func (a *answer) readChunks(in *bufio.Reader) error {
	var all bytes.Buffer
	defer func() { a.body = all.String() }()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return noEnd(err)
		}
		n, err := strconv.ParseUint(strings.TrimSuffix(line, "\r\n"), 16, 31)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&all, in, int64(n)); err != nil {
			return noEnd(err)
		}
		if end, err := in.ReadString('\n'); err != nil || end != "\r\n" {
			return fmt.Errorf("a chunk ends with %q: %w", end, noEnd(err))
		}
	}
	if end, err := in.Peek(2); err == nil && string(end) == "\r\n" {
		_, err = in.Discard(2)
		return err
	}
	var err error
	a.trailer, err = readLines(in)
	return noEnd(err)
}

func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
