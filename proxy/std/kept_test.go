package std

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// An application that gives up its kept connections costs at most the requests that were on their way, not one for each connection.
func TestKeptConnectionThatEndsTakesTheOthersAlong(t *testing.T) {
	const kept = 8
	var gone atomic.Bool
	var lost atomic.Int64
	var together sync.WaitGroup
	together.Add(kept)
	s := newScript(t, func(n int64, c net.Conn, br *bufio.Reader) {
		for first := true; ; first = false {
			if _, err := readRaw(br); err != nil {
				return
			}
			if n < kept && gone.Load() {
				lost.Add(1)
				return
			}
			if n < kept && first {
				together.Done()
				together.Wait() // so that each has a connection of its own
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	r := newRig(t, rigOptions{}, at(s.addr()))
	cl := client(t)
	post := func() int {
		resp, err := cl.Post(r.url("/g"), "text/plain", strings.NewReader("x"))
		code, _ := read(t, resp, err)
		return code
	}
	var all sync.WaitGroup
	for range kept {
		all.Go(func() {
			if code := post(); code != 200 {
				t.Errorf("status %d", code)
			}
		})
	}
	all.Wait()
	gone.Store(true)
	for n := range kept {
		if code := post(); code != map[bool]int{true: 502, false: 200}[n == 0] {
			t.Errorf("post %d: %d", n, code)
		}
	}
	if lost.Load() != 1 {
		t.Errorf("%d lost, want 1", lost.Load())
	}
}
