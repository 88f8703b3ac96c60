package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"
)

// pipes is a listener whose connections are made by the test, in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// seen is what a handler was given.
type seen struct {
	method, target, host string
	content              []byte
	err                  error
}

// net/http's server looks closer than its reader: at how many hosts there are and what they hold, and at names and values.
func TestServerTakesWhatWeAccept(t *testing.T) {
	got, conns := make(chan seen, 1), make(pipes)
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), DisableGeneralOptionsHandler: true,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			content, err := io.ReadAll(r.Body)
			got <- seen{r.Method, r.RequestURI, r.Host, content, err}
		})}
	done := make(chan error)
	go func() { done <- server.Serve(conns) }()
	asked := 0
	for seed := range uint64(partSeeds) {
		src := messageOf(seed, requestStarts)
		r, ok := accept(src, limits)
		if !ok || r.body.fate != whole {
			continue
		}
		asked++
		here, there := net.Pipe()
		here.SetDeadline(time.Now().Add(10 * time.Second)) // net/http waits where it misses something
		conns <- there
		go here.Write(bytes.TrimPrefix(src[:r.head+r.body.used], []byte("\r\n"))) // ends with the connection, if not before
		answer, err := finalAnswer(bufio.NewReader(here))
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%q: net/http's server says %v %v", src, answer, err)
		}
		here.Close()
		if s := <-got; blankBeforeExtension(s.err, src) {
			continue
		} else if s.method != r.Method || s.target != r.Target || s.host != r.asked.Authority || s.err != nil || !bytes.Equal(s.content, r.body.content) {
			t.Fatalf("%q: net/http's server says %+v", src, s)
		}
	}
	if asked < 300 {
		t.Errorf("only %d of %d messages are requests", asked, partSeeds)
	}
	close(conns)
	server.Close()
	<-done
}

func finalAnswer(br *bufio.Reader) (*http.Response, error) {
	for {
		answer, err := http.ReadResponse(br, nil)
		if err != nil || answer.StatusCode >= 200 {
			return answer, err
		}
	}
}
