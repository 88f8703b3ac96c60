package lab

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"strings"
	"syscall"
)

func (m *Meter) request(method, id string, body []byte) []byte {
	var b bytes.Buffer
	separator := "?"
	if strings.Contains(m.load.Path, "?") {
		separator = "&"
	}
	fmt.Fprintf(&b, "%s %s%sid=%s HTTP/1.1\r\nHost: %s\r\n", method, m.load.Path, separator, id, m.load.Host)
	if m.load.Fresh {
		b.WriteString("Connection: close\r\n")
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// judge compares the answer with what was asked, and returns the host name in it.
func (m *Meter) judge(status int, text, method, id string, body []byte) (host string, err error) {
	switch {
	case status >= 500:
		return "", lost{Status5xx, fmt.Errorf("%d %.200s", status, text)}
	case status >= 400:
		return "", lost{Status4xx, fmt.Errorf("%d %.200s", status, text)}
	}
	if m.load.Plain {
		if status != http.StatusOK || !strings.Contains(text, m.load.Expect) {
			return "", lost{Wrong, fmt.Errorf("%d %q lacks %q", status, text, m.load.Expect)}
		}
		return strings.TrimSpace(text), nil
	}
	want := []string{"web host=", " method=" + method, fmt.Sprintf(" id=%q", id), m.load.Expect}
	if body != nil {
		want = append(want, fmt.Sprintf(" body=%d crc=%08x", len(body), crc32.ChecksumIEEE(body)))
	}
	for _, part := range want {
		if status != http.StatusOK || !strings.Contains(text, part) {
			return "", lost{Wrong, fmt.Errorf("%d %q lacks %q", status, text, part)}
		}
	}
	_, rest, _ := strings.Cut(text, "host=")
	host, _, _ = strings.Cut(rest, " ")
	return host, nil
}

func cutOr(err error) Outcome {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return Timeout
	}
	return Cut
}

func classify(err error) Outcome {
	var l lost
	switch {
	case errors.As(err, &l):
		return l.outcome
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Timeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	default:
		return EOF
	}
}
