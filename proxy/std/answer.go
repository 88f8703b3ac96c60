package std

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy"
)

// Bounds of what an instance may send beside a body.
const (
	maxAnswerHead    = 64 << 10 // the largest that others accept by default is 16 to 64 KiB
	maxTrailers      = 16 << 10
	maxInterim       = 16 // 1xx answers; real ones come singly
	maxInterimFields = 256
)

// errMalformed marks an answer that is none: it is never repeated and never reused.
var errMalformed = errors.New("malformed answer")

func malformed(what string) error { return fmt.Errorf("%w: %s", errMalformed, what) }

// answer is the head of an instance's answer.
type answer struct {
	status  int
	fields  []proxy.Field
	length  int64 // of the body; -1 where chunked or ended by the connection
	chunked bool
	close   bool // the connection can't be used again
	ends    bool // because the instance says so
	old     bool // HTTP/1.0
	trailer []proxy.Field
}

// readAnswer reads one head from br, strictly: CRLF only, no folding, tokens as names, no controls in values, one meaning of the
// length. scratch is reused for the bytes; what the answer holds is copied from it. began says whether a byte came at all.
func readAnswer(br *bufio.Reader, scratch *[]byte, method string) (a answer, began bool, err error) {
	if _, err = br.Peek(1); err != nil {
		return a, false, err
	}
	head, err := readHead(br, (*scratch)[:0], maxAnswerHead)
	*scratch = head[:0]
	if err != nil {
		return a, true, err
	}
	text := string(head)
	line, rest, _ := strings.Cut(text, "\r\n")
	if err = a.statusLine(line); err != nil {
		return a, true, err
	}
	if a.fields, err = readFields(rest); err != nil {
		return a, true, err
	}
	return a, true, a.frame(method)
}

// readHead reads lines up to the empty one, which is left out.
func readHead(br *bufio.Reader, head []byte, limit int) ([]byte, error) {
	for {
		start := len(head)
		for {
			part, err := br.ReadSlice('\n')
			if len(head)+len(part) > limit {
				return head, malformed("its head is too long")
			}
			head = append(head, part...)
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return head, err
			}
		}
		line := head[start:]
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return head, malformed("a line does not end in CRLF")
		}
		if len(line) == 2 {
			return head[:start], nil
		}
		if bytes.IndexByte(line[:len(line)-2], '\r') >= 0 {
			return head, malformed("a bare CR in its head")
		}
	}
}

// statusLine reads HTTP/1.x SP 3DIGIT [SP reason]. The reason is not kept: net/http and HTTP/2 have no place for it.
func (a *answer) statusLine(line string) error {
	const version = "HTTP/1."
	if len(line) < len("HTTP/1.1 200") || line[:len(version)] != version || line[8] != ' ' || line[7] != '0' && line[7] != '1' {
		return malformed("no HTTP/1 status line")
	}
	a.old = line[7] == '0'
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return malformed("the status is no number")
		}
		a.status = a.status*10 + int(c-'0')
	}
	if len(line) > 12 && line[12] != ' ' || a.status < 100 || a.status > 599 || !proxy.ValidValue(line) {
		return malformed("the status is out of range")
	}
	return nil
}

// readFields reads field lines, each ended by CRLF.
func readFields(text string) ([]proxy.Field, error) {
	fields := make([]proxy.Field, 0, strings.Count(text, "\n"))
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || !proxy.ValidToken(name) {
			return nil, malformed("a field line without a proper name")
		}
		value = strings.Trim(value, " \t")
		if !proxy.ValidValue(value) {
			return nil, malformed("a control character in a field")
		}
		fields = append(fields, proxy.Field{Name: name, Value: value})
	}
	return fields, nil
}

// frame decides once how long the body is (RFC 9112 section 6.3).
func (a *answer) frame(method string) error {
	a.length = -1
	codings, stays := 0, !a.old
	for _, f := range a.fields {
		switch {
		case strings.EqualFold(f.Name, "Content-Length"):
			n, err := contentLength(f.Value)
			if err != nil || a.length >= 0 && a.length != n {
				return malformed("its length is unclear")
			}
			a.length = n
		case strings.EqualFold(f.Name, "Transfer-Encoding"):
			codings++
			a.chunked = strings.EqualFold(f.Value, "chunked")
		case strings.EqualFold(f.Name, "Connection"):
			a.ends = a.ends || proxy.HasToken(f.Value, "close")
			stays = stays || proxy.HasToken(f.Value, "keep-alive")
		}
	}
	a.close = a.ends || !stays
	if codings > 1 || codings == 1 && (!a.chunked || a.old) {
		return malformed("an unknown transfer coding")
	}
	if a.chunked && a.length >= 0 {
		a.length, a.close = -1, true // the coding wins, and what follows on this connection is not to be trusted
	}
	if method != "HEAD" && !bodiless(a.status) && !a.chunked && a.length < 0 {
		a.close = true
	}
	return nil
}

// bodiless says whether answers of a status never have a body.
func bodiless(status int) bool { return status < 200 || status == 204 || status == 304 }

// contentLength reads 1*DIGIT; ParseInt alone would take a sign.
func contentLength(s string) (int64, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, 10, 64)
}

// field is the first value of a field, or "".
func (a *answer) field(name string) string {
	for _, f := range a.fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// body reads the answer's body from br: io.EOF comes only where it is whole.
func (a *answer) body(br *bufio.Reader, method string) io.Reader {
	switch {
	case method == "HEAD" || bodiless(a.status) || a.length == 0:
		return eof{}
	case a.chunked:
		return &chunkedBody{a: a, br: br, data: httputil.NewChunkedReader(br)}
	case a.length > 0:
		return &sizedBody{r: br, left: a.length}
	}
	return br
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// sizedBody ends with io.EOF, together with its last bytes, or with io.ErrUnexpectedEOF where bytes are missing.
type sizedBody struct {
	r    io.Reader
	left int64
}

func (b *sizedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// chunkedBody adds the trailers, which the standard reader leaves in br.
type chunkedBody struct {
	a    *answer
	br   *bufio.Reader
	data io.Reader
	done bool
}

func (b *chunkedBody) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	n, err := b.data.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	head, err := readHead(b.br, nil, maxTrailers)
	if err != nil {
		return n, err
	}
	fields, err := readFields(string(head))
	if err != nil {
		return n, err
	}
	for _, f := range fields {
		if proxy.AllowedTrailer(f.Name) {
			b.a.trailer = append(b.a.trailer, f)
		}
	}
	b.done = true
	return n, io.EOF
}
