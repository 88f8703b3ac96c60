//go:build linux

package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// answering serves one answer per request; the function says how the n-th on a connection is treated.
func answering(t *testing.T, serve func(c net.Conn, n int) (more bool)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					if _, err := io.ReadFull(in, make([]byte, len(request))); err != nil || !serve(c, n) {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

const good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestMeterCountsFromTheMomentARequestWasDue(t *testing.T) {
	const stall = 200 * time.Millisecond
	address := answering(t, func(c net.Conn, n int) bool {
		if n == 51 {
			time.Sleep(stall)
		}
		_, err := io.WriteString(c, good)
		return err == nil
	})
	// One connection, 500 requests a second: all that were due in the stall waited for it, not one alone.
	r, err := measure(address, [][]byte{[]byte(request)}, 1, 500, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if r.Due != 500 || r.Done != 500 || r.Errors != 0 {
		t.Errorf("%+v, want 500 of 500", r)
	}
	if most := float64(stall.Microseconds()); r.Max < most || r.P99 < most*0.9 {
		t.Errorf("p99 %.0f µs, max %.0f µs after a stall of %s", r.P99, r.Max, stall)
	}
}

func TestMeterCountsWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer string
		stays  bool
		lost   bool
	}{
		{"good", good, true, false},
		{"announced end", strings.Replace(good, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1), false, false},
		{"cut", good[:len(good)-1], false, true},
		{"502", strings.Replace(good, "200 OK", "502 Bad", 1), true, true},
		{"more than announced", good + "x", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := answering(t, func(conn net.Conn, n int) bool {
				answer := good
				if n == 10 {
					answer = c.answer
				}
				_, err := io.WriteString(conn, answer)
				if n == 10 && !c.stays {
					time.Sleep(20 * time.Millisecond) // what is sent meanwhile gets no answer
					return false
				}
				return err == nil
			})
			r, err := measure(address, [][]byte{[]byte(request)}, 1, 1000, 12*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if (r.Errors == 1) != c.lost || r.Errors+r.Done != r.Due {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestPartsOfSlowClients(t *testing.T) {
	whole := "POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n12345678"
	for kind, want := range []string{"", whole[:(len(whole)-8)/2], whole[:len(whole)-4]} {
		if got := string(part([]byte(whole), kind)); got != want {
			t.Errorf("kind %d: %q, want %q", kind, got, want)
		}
	}
}

func TestRequestsAreReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests")
	for text, want := range map[string]int{"2\nab3\ncde": 2, "": 0, "5\nab": 0, "x\nab": 0} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readRequests(path)
		if len(got) != want && err == nil || want > 0 && string(got[1]) != "cde" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
