package conformance

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// What is too much gets 429 and when to come again, and what was counted outlives the table.
func TestRateLimitOfARoute(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		instances := []discovery.Instance{at(answering(t, "ok").Addr(), "pointsman.route=/key rate-limit=2/h|by=header:X-Key", "pointsman.route=/all rate-limit=1/m|by=route", "pointsman.route=/free")}
		r := start(t, k, setup{}, instances...)
		ask := func(path, key string, want int) {
			t.Helper()
			a, err := r.ask(t, get(path, "X-Key: "+key+"\r\n"))
			if err != nil || a.status != want {
				t.Errorf("%s %s: %+v %v, want %d", path, key, a, err, want)
				return
			}
			if n, err := strconv.Atoi(a.field("Retry-After")); want == 429 && (err != nil || n < 1 || n > 1800) {
				t.Errorf("%s %s: Retry-After %q", path, key, a.field("Retry-After"))
			}
		}
		for _, key := range []string{"a", "b"} {
			ask("/key", key, 200)
			ask("/key", key, 200)
			ask("/key", key, 429)
		}
		ask("/all", "a", 200)
		ask("/all", "b", 429)
		instances[0].Tags = append([]string{"pointsman.route=/more"}, instances[0].Tags...)
		r.apply(instances...)
		ask("/more", "a", 200)
		ask("/key", "a", 429)
		ask("/key", "c", 200)
		ask("/all", "c", 429)
		ask("/free", "a", 200)
	})
}

// A request that a filter refuses or answers costs nobody a turn: those that pass go to each instance by turns.
func TestARefusedRequestTurnsNoRotation(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		for name, c := range map[string]struct{ options, refused string }{
			"password":     {"auth=basic:" + users, get("/f", "")},
			"forward auth": {"forward-auth=service:gate/check", get("/f", "Authorization: none\r\n")},
			"body":         {"max-body=1", "POST /f HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nxx"},
			"preflight":    {"cors=https://a.test", "OPTIONS /f HTTP/1.1\r\nHost: t\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: PUT\r\n\r\n"},
			"rate":         {"rate-limit=1/h|by=header:X-Spent", get("/f", "X-Spent: 1\r\n")},
		} {
			tag := "pointsman.route=/f " + c.options
			r := start(t, k, setup{}, at(answering(t, "a").Addr(), tag), at(answering(t, "b").Addr(), tag), as("gate", at(gatekeeper(t).Addr(), "pointsman.route=gate.internal/")))
			if name == "rate" { // the first one passes
				_, _ = r.ask(t, c.refused)
				_, _ = r.ask(t, get("/f", "X-Spent: 2\r\n"))
			}
			last := ""
			for i := range 6 {
				if a, err := r.ask(t, c.refused); err != nil || a.body == "a" || a.body == "b" {
					t.Fatalf("%s: %+v %v", name, a, err)
				}
				a, err := r.ask(t, get("/f", basic("anna:secret")+"\r\nCookie: pass\r\nX-Spent: x"+strconv.Itoa(i)+"\r\n"))
				if err != nil || a.status != 200 || a.body == last {
					t.Errorf("%s: %+v %v after %q", name, a, err, last)
				}
				last = a.body
			}
			r.stop()
		}
	})
}

// A body that grows too large while it comes ends with 413, and its end never gets to the instance.
func TestABodyThatGrowsTooLarge(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		whole := make(chan string, 4)
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			whole <- m.body
			_, _ = io.WriteString(c, sized("ok"))
		})
		r := start(t, k, setup{}, at(s.Addr(), "pointsman.route=/ max-body=10k"))
		for _, parts := range [][]string{{strings.Repeat("x", 9<<10), "y"}, {strings.Repeat("x", 9<<10), strings.Repeat("y", 2<<10)}} {
			c := r.dial(t)
			c.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
			size := 0
			for _, p := range parts {
				size += len(p)
				c.send(strconv.FormatInt(int64(len(p)), 16)+"\r\n", p, "\r\n")
			}
			c.send("0\r\n\r\n")
			if a := c.answer("POST"); (a.status == 200) != (size <= 10<<10) || a.status != 200 && (a.status != 413 || !a.closes()) {
				t.Errorf("%d bytes: %+v", size, a)
			}
		}
		r.stop()
		close(whole)
		for body := range whole {
			if len(body) > 10<<10 {
				t.Errorf("an instance got all of a body of %d bytes", len(body))
			}
		}
	})
}
