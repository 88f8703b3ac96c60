package conformance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// onSocket answers each request over a Unix socket with the Host field that it came with.
func onSocket(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
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
				for in := bufio.NewReader(c); ; {
					m, err := readMessage(in)
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, sized("socket "+fieldOf(m.fields, "Host")))
				}
			}()
		}
	}()
	return path
}

// A line leads to an address, a socket, a service or an answer of its own, beside what services ask for.
func TestLinesOfTheRoutesFile(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		socket, fixed, web := onSocket(t), answering(t, "fixed"), answering(t, "web")
		r := start(t, k, setup{lines: fmt.Sprintf(`
/fixed to=%s
/socket to=unix:%s
/dst to=unix:%[2]s host=dst
/by-name service=t
/web to=%[1]s
/say respond=404,not-here
/nothing respond=204
/empty respond=200
/shut to=%[1]s allow=ip:192.0.2.1
/say-shut respond=200,secret allow=ip:192.0.2.1
`, fixed.Addr(), socket)}, at(web.Addr(), "pointsman.route=/web", "pointsman.route=/tag to="+fixed.Addr().String(), "pointsman.route=/tag-says respond=200,x"))
		for path, want := range map[string]string{
			"/fixed": "200 fixed", "/socket": "200 socket t", "/dst": "200 socket localhost", "/by-name": "200 web",
			"/say": "404 not-here", "/nothing": "204 ", "/empty": "200 ", "/tag": "404", "/tag-says": "404", "/shut": "403", "/say-shut": "403",
		} {
			for range 2 { // the second time over a kept connection
				a, err := r.ask(t, get(path, ""))
				if err != nil || !strings.HasPrefix(fmt.Sprint(a.status, " ", a.body), want) {
					t.Errorf("%s: %+v %v, want %s", path, a, err, want)
				}
			}
		}
		seen := map[string]int{}
		for range 10 {
			if a, err := r.ask(t, get("/web", "")); err == nil {
				seen[a.body]++
			}
		}
		if seen["web"] != 5 || seen["fixed"] != 5 {
			t.Errorf("a service and a line share their route: %v", seen)
		}
		c := r.dial(t) // a body is read past, and the connection serves on
		c.send("POST /say HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc" + "HEAD /say HTTP/1.1\r\nHost: t\r\n\r\n" + get("/nothing", "") + get("/fixed", ""))
		for i, want := range []int{404, 404, 204, 200} {
			a := c.answer([]string{"POST", "HEAD", "GET", "GET"}[i])
			if a.status != want || want == 204 && a.field("Content-Length") != "" || i == 1 && a.field("Content-Length") != "8" {
				t.Errorf("request %d: %+v", i, a)
			}
		}
	})
}

func TestLinesOverHTTP2(t *testing.T) {
	fixed := answering(t, "fixed")
	r := start(t, kindNamed("std"), setup{lines: fmt.Sprintf("/fixed to=%s\n/socket to=unix:%s\n/say respond=404,not-here\n/nothing respond=204\n", fixed.Addr(), onSocket(t))})
	client := http2Client(t)
	for path, want := range map[string]string{"/fixed": "200 fixed", "/socket": "200 socket ", "/say": "404 not-here", "/nothing": "204 "} {
		for _, method := range []string{"GET", "HEAD"} {
			request, err := http.NewRequest(method, "http://"+r.addr+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(a.Body)
			a.Body.Close()
			got := fmt.Sprint(a.StatusCode, " ", string(body))
			if a.ProtoMajor != 2 || method == "GET" && !strings.HasPrefix(got, want) || method == "HEAD" && !strings.HasPrefix(want, strings.TrimSpace(got)) {
				t.Errorf("%s %s: %s %s", method, path, a.Proto, got)
			}
		}
	}
}

// An instance that fails its health check gets requests only where no other is left.
func TestHealthCheckLeavesAnInstanceOut(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		good, bad := answering(t, "good"), answering(t, "bad")
		var ill atomic.Bool
		ill.Store(true)
		checked := make(chan struct{}, 100)
		checker := balancer.NewChecker(func(_ context.Context, w *balancer.Way, c balancer.Check) error {
			defer func() { checked <- struct{}{} }()
			if ill.Load() && c.Path == "/up" && w.Upstream().Address() == bad.Addr().String() {
				return errors.New("ill")
			}
			return nil
		}, func(*balancer.Way, bool, string) {})
		const check = " health-check=/up health-interval=500ms"
		r := start(t, k, setup{checker: checker, lines: fmt.Sprintf("/both to=%s|%s%s\n/only to=%[2]s%[3]s", good.Addr(), bad.Addr(), check)},
			at(bad.Addr(), "pointsman.route=/tag"+check), at(good.Addr(), "pointsman.route=/tag"+check))
		asks := func(path string, n int) map[string]int {
			seen := map[string]int{}
			for range n {
				if a, err := r.ask(t, get(path, "")); err == nil {
					seen[a.body]++
				}
			}
			return seen
		}
		for range 4 { // each address as that of a line and as that of an instance
			<-checked
		}
		eventually(t, func() bool { return asks("/both", 8)["good"] == 8 && asks("/tag", 8)["good"] == 8 })
		if seen := asks("/only", 4); seen["bad"] != 4 {
			t.Errorf("where nothing else is left: %v", seen)
		}
		ill.Store(false)
		eventually(t, func() bool { return asks("/both", 8)["bad"] == 4 && asks("/tag", 8)["bad"] == 4 })
	})
}

// eventually waits for what is so soon.
func eventually(t testing.TB, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Error("it never came to be")
			return
		}
	}
}
