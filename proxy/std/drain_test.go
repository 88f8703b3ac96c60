package std

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// Draining under load cuts nothing: what was read is answered, idle connections get their next request answered too, and only new
// connections are refused.
func TestDrainCutsNothing(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(3 * time.Millisecond)
		fmt.Fprint(w, "ok")
	})
	var unready atomic.Int64
	r := newRig(t, rigOptions{Quiesces: true, Options: Options{OnDrain: func() { unready.Add(1) }}, Limits: proxy.Limits{Grace: 5 * time.Second}}, at(a))
	var answered, refused, cut, told atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for {
				c, err := net.Dial("tcp", r.addr)
				if err != nil {
					if !errors.Is(err, syscall.ECONNREFUSED) {
						t.Log(err)
						cut.Add(1)
					}
					refused.Add(1)
					return
				}
				br := bufio.NewReader(c)
				for {
					io.WriteString(c, get("/", ""))
					resp, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Log(err)
						cut.Add(1)
						c.Close()
						return
					}
					body, err := io.ReadAll(resp.Body)
					if err != nil || string(body) != "ok" {
						cut.Add(1)
					}
					answered.Add(1)
					if resp.Close {
						told.Add(1)
						break
					}
				}
				c.Close()
			}
		})
	}
	idle, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	idleReader := bufio.NewReader(idle)
	io.WriteString(idle, get("/", ""))
	if _, err := readRaw(idleReader); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	done := make(chan struct{})
	go func() { r.stop(); close(done) }()
	wg.Wait()
	io.WriteString(idle, get("/", "")) // long after draining began
	if head, err := readRaw(idleReader); err != nil || !strings.Contains(head, "200 OK") || !strings.Contains(head, "Connection: close") {
		t.Errorf("the idle connection's next request: %q %v", head, err)
	}
	<-done
	t.Logf("answered %d, told to close %d, refused %d", answered.Load(), told.Load(), refused.Load())
	if cut.Load() != 0 || unready.Load() != 1 || told.Load() == 0 {
		t.Errorf("cut %d, readiness taken %d times, told %d", cut.Load(), unready.Load(), told.Load())
	}
}

func TestOwnAnswers(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", r.Host, r.RequestURI) })
	r := newRig(t, rigOptions{})
	cl := client(t)
	ask := func(path string) (int, string, http.Header) {
		req, _ := http.NewRequest("GET", r.url(path), nil)
		req.Host = "x.example:81"
		resp, err := cl.Do(req)
		code, body := read(t, resp, err)
		return code, body, resp.Header
	}
	if code, _, h := ask("/"); code != 503 || h.Get("Retry-After") == "" {
		t.Errorf("no table: %d %v", code, h)
	}
	sick := at(a, "urlprefix-/sick")
	sick.Status, sick.Service, sick.ID = 0, "sick", "sick"
	tagged := at(a, "urlprefix-/strip strip=/strip", "urlprefix-/pre prepend=/new", "urlprefix-/dst host=dst", "urlprefix-/as host=other",
		"urlprefix-/moved redirect=302,https://$host/to$path", "urlprefix-/no deny=ip:127.0.0.0/8", "urlprefix-/few allow=ip:10.0.0.0/8")
	r.apply(sick, tagged)
	for _, c := range []struct {
		path string
		code int
		want string
	}{
		{"/strip/a?b", 200, "x.example:81 /a?b"}, {"/pre/a", 200, "x.example:81 /new/pre/a"}, {"/dst", 200, a.String() + " /dst"}, {"/as", 200, "other /as"},
		{"/zzz", 404, "No route"}, {"/sick", 503, "No instance"}, {"/no", 403, "Forbidden"}, {"/few", 403, "Forbidden"}, {"/moved/x?q", 302, ""},
	} {
		code, body, h := ask(c.path)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %q, want %d %q", c.path, code, body, c.code, c.want)
		}
		if code == 302 && h.Get("Location") != "https://x.example/to/moved/x?q" {
			t.Errorf("moved to %q", h.Get("Location"))
		}
	}
	if n := r.counter("pointsman_requests_total", "404"); n != 1 {
		t.Errorf("%v requests of 404 counted", n)
	}
}

// The fields an instance gets are the client's and the forwarding ones, and no others.
func TestNothingIsAdded(t *testing.T) {
	rec := newRecorder(t)
	f, err := proxy.ParseForwarder("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, rigOptions{Forwarder: f}, at(rec.addr()))
	r.raw(silence, get("/g?a=1;b=2&c=%zz", "X-Request-ID: mine\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n"))
	want := "GET /g?a=1;b=2&c=%zz HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: t\r\n" +
		"X-Real-IP: 9.9.9.9\r\nForwarded: for=127.0.0.1;host=t;proto=http\r\nX-Request-ID: mine\r\n\r\n"
	if got := rec.all(); len(got) != 1 || got[0] != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A panic hurts its own connection only.
func TestPanicIsContained(t *testing.T) {
	a := app(t, func(http.ResponseWriter, *http.Request) {})
	r := newRig(t, rigOptions{}, at(a))
	real := r.server.pools.dial
	var once sync.Once
	r.server.pools.dial = nil // the first request finds no way to connect
	cl := client(t)
	resp, err := cl.Get(r.url("/"))
	if code, _ := read(t, resp, err); code != 500 {
		t.Errorf("status %d, want 500", code)
	}
	once.Do(func() { r.server.pools.dial = real })
	resp, err = cl.Get(r.url("/"))
	if code, _ := read(t, resp, err); code != 200 || r.counter("pointsman_panics_total") != 1 {
		t.Errorf("status %d after the panic, %v counted", code, r.counter("pointsman_panics_total"))
	}
}

// What makes no progress ends: a client's body, and an instance's.
func TestProgressLimits(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stall" {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			return
		}
		io.Copy(io.Discard, r.Body)
	})
	r := newRig(t, rigOptions{Limits: proxy.Limits{Progress: 1500 * time.Millisecond, ReadHead: 300 * time.Millisecond}}, at(a))
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		got, closed := r.raw(4*time.Second, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf")
		if codes := statuses(got); len(codes) != 1 || codes[0] != 408 || !closed {
			t.Errorf("%v closed=%v", codes, closed)
		}
	})
	t.Run("instance", func(t *testing.T) {
		t.Parallel()
		resp, err := client(t).Get(r.url("/stall"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("a clean end after %q", b)
		}
	})
	t.Run("head", func(t *testing.T) {
		t.Parallel()
		if got, closed := r.raw(2*time.Second, "GET / HTTP/1.1\r\nHo"); !closed {
			t.Errorf("still open, %q", got)
		}
	})
}
