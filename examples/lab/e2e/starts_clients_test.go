package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// firstAnswer is the first answer that an instance gave to any client.
type firstAnswer struct {
	at        time.Time // when the client had it whole
	listening time.Time // since when the application says it listens
}

// lookouts are keep-alive clients in a closed loop that notice when an instance answers for the first time. They read no more of an
// answer than they need, so that the machine's time goes into what is measured.
type lookouts struct {
	t       testing.TB
	address string
	request []byte
	pause   time.Duration // between an answer and the next request
	stop    chan struct{}
	all     sync.WaitGroup
	sent    atomic.Int64
	failed  atomic.Int64 // answers other than 200, and broken connections

	mu   sync.Mutex
	seen map[string]firstAnswer
}

func post(t testing.TB, address, host string, clients int, pause time.Duration) *lookouts {
	l := &lookouts{t: t, address: address, pause: pause, stop: make(chan struct{}), seen: map[string]firstAnswer{},
		request: fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)}
	for range clients {
		l.all.Go(l.look)
	}
	t.Cleanup(l.end)
	return l
}

// end stops the clients, once.
func (l *lookouts) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.all.Wait()
}

// first returns an instance's first answer, by its host name.
func (l *lookouts) first(host string) (firstAnswer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.seen[host]
	return f, ok
}

// look is one client: it connects anew whenever its connection ends.
func (l *lookouts) look() {
	known := map[string]bool{}
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		if err := l.visit(known); err != nil {
			l.failed.Add(1)
			time.Sleep(time.Millisecond) // whatever is wrong, a busy loop makes it worse
		}
	}
}

// visit sends requests over one connection until it ends.
func (l *lookouts) visit(known map[string]bool) error {
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		select {
		case <-l.stop:
			return nil
		default:
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write(l.request); err != nil {
			return err
		}
		body, ok, err := readBody(in)
		if err != nil {
			return err
		}
		l.sent.Add(1)
		if ok {
			l.note(body, known)
		} else {
			l.failed.Add(1)
		}
		if _, err := in.Discard(len(body)); err != nil {
			return err
		}
		if l.pause > 0 {
			time.Sleep(l.pause)
		}
	}
}

// note looks for a host name that this client has not seen yet.
func (l *lookouts) note(body []byte, known map[string]bool) {
	host := word(body, "host=")
	if known[string(host)] {
		return
	}
	now := time.Now()
	known[string(host)] = true
	listening, err := time.Parse(time.RFC3339Nano, string(word(body, "listening=")))
	if err != nil {
		l.t.Errorf("an answer without the time since when the application listens: %q", body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.seen[string(host)]; !ok {
		l.seen[string(host)] = firstAnswer{now, listening}
	}
}

// word is what follows key up to a space.
func word(body []byte, key string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(key))
	value, _, _ := bytes.Cut(rest, []byte(" "))
	return value
}

// readBody reads an answer's head and shows its body, which stays in the reader. ok says that the status was 200.
func readBody(in *bufio.Reader) (body []byte, ok bool, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, false, err
	}
	ok = bytes.HasPrefix(line, []byte("HTTP/1.1 200 "))
	length := -1
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return nil, false, err
		}
		if len(line) <= len("\r\n") {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, false, err
			}
		}
	}
	if length < 0 {
		return nil, false, io.ErrUnexpectedEOF // a client this simple reads sized bodies only
	}
	body, err = in.Peek(length)
	return body, ok, err
}
