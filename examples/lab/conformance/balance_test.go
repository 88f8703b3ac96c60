package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// asking is a request to a rig over one version of HTTP.
type asking func(t testing.TB, r *rig, target string, fields ...string) (status int, body string, of func(name string) string)

// versions runs a test with each listener over HTTP/1, and over HTTP/2.
func versions(t *testing.T, test func(t testing.TB, k *kind, ask asking)) {
	t.Run("HTTP1", func(t *testing.T) {
		one(t, func(t testing.TB, k *kind) {
			test(t, k, func(t testing.TB, r *rig, target string, fields ...string) (int, string, func(string) string) {
				a, err := r.ask(t, get(target, strings.Join(append(fields, ""), "\r\n")))
				if err != nil {
					t.Error(err)
					return 0, "", func(string) string { return "" }
				}
				return a.status, a.body, a.field
			})
		})
	})
	t.Run("HTTP2", func(t *testing.T) {
		t.Parallel()
		client := http2Client(t)
		test(t, kindNamed("std"), func(t testing.TB, r *rig, target string, fields ...string) (int, string, func(string) string) {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.addr+target, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				name, value, _ := strings.Cut(f, ": ")
				req.Header.Add(name, value)
			}
			a, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return 0, "", func(string) string { return "" }
			}
			body, err := io.ReadAll(a.Body)
			_ = a.Body.Close()
			if err != nil || a.ProtoMajor != 2 {
				t.Error(a.Proto, err)
			}
			return a.StatusCode, string(body), a.Header.Get
		})
	})
}

// balanced are instances that answer with their letter, each with options of its own for all hosts and paths.
func balanced(t testing.TB, options ...string) (list []discovery.Instance) {
	for i, o := range options {
		list = append(list, at(answering(t, string(rune('a'+i))).Addr(), "pointsman.route=/ "+o))
	}
	return list
}

// rests waits until so many requests are counted in at the instances: one is counted out only after its client has the whole answer.
func rests(t testing.TB, r *rig, n int64) {
	inFlight := func() (sum int64) {
		for _, s := range r.switcher.Load().Services() {
			for _, in := range s.Instances {
				sum += in.Upstream.InFlight()
			}
		}
		return sum
	}
	lab.Eventually(t, patience, fmt.Sprintf("%d requests are counted in", n), func() bool { return inFlight() == n })
}

// answers are the letters of so many requests.
func answers(t testing.TB, ask asking, r *rig, n int, fields ...string) (out string) {
	for range n {
		status, body, _ := ask(t, r, "/", fields...)
		if status != 200 {
			t.Errorf("status %d", status)
		}
		out += body
	}
	return out
}

func TestWeightsAreExact(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		r := start(t, k, setup{}, balanced(t, "weight=5", "weight=1", "")...)
		answers(t, ask, r, 3)
		got := answers(t, ask, r, 21)
		for i := range len(got) - 6 {
			if w := got[i : i+7]; strings.Count(w, "a") != 5 || strings.Count(w, "b") != 1 {
				t.Fatalf("seven in a row: %s of %s", w, got)
			}
		}
	})
}

// Requests of one key have one instance, those of many keys have all, and those without a key take turns.
func TestHashKeepsKeysTogether(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		for balance, with := range map[string]func(key int) (target string, fields []string){
			"header:X-User": func(key int) (string, []string) { return "/", []string{fmt.Sprintf("x-user: %d", key)} },
			"cookie:sid":    func(key int) (string, []string) { return "/", []string{fmt.Sprintf("Cookie: a=b; sid=%d", key)} },
			"query:id":      func(key int) (string, []string) { return fmt.Sprintf("/?a=b&id=%d", key), nil },
			"path":          func(key int) (string, []string) { return fmt.Sprintf("/%d?x", key), nil },
			"client-ip":     func(int) (string, []string) { return "/", nil },
		} {
			r := start(t, k, setup{}, balanced(t, "balance=hash:"+balance, "balance=hash:"+balance, "balance=hash:"+balance+" hash-balance=2")...)
			all := map[string]bool{}
			for key := 0; key < 12 || len(all) < 2 && key < 60 && balance != "client-ip"; key++ { // a few may have one instance by chance: ports are drawn
				target, fields := with(key)
				_, first, _ := ask(t, r, target, fields...)
				_, again, _ := ask(t, r, target, fields...)
				if first != again || first == "" {
					t.Errorf("%s: key %d at %s, then at %s", balance, key, first, again)
				}
				all[first] = true
			}
			if balance == "client-ip" != (len(all) == 1) {
				t.Errorf("%s: the keys are at %v", balance, all)
			}
			if balance == "header:X-User" {
				if got := answers(t, ask, r, 6); strings.Count(got, "a") != 2 || strings.Count(got, "b") != 2 {
					t.Errorf("without a key: %s", got)
				}
			}
		}
	})
}

// A client stays with the instance that its cookie names, also over a swap, and gets a new cookie where that is gone.
func TestAClientSticksToItsInstance(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		list := balanced(t, "sticky", "sticky", "sticky")
		r := start(t, k, setup{}, list...)
		_, own, of := ask(t, r, "/")
		set := of("Set-Cookie")
		cookie, attributes, _ := strings.Cut(set, "; ")
		want := "Path=/; HttpOnly; SameSite=Lax"
		if k.secure {
			want += "; Secure"
		}
		if !strings.HasPrefix(cookie, "pointsman-") || attributes != want {
			t.Fatalf("cookie %q", set)
		}
		for n := range 8 {
			if n == 4 {
				r.apply(append(balanced(t, "sticky"), list...)...)
			}
			_, body, of := ask(t, r, "/", "Cookie: x=y; "+cookie)
			if body != own || of("Set-Cookie") != "" {
				t.Errorf("at %s, then at %s with %q", own, body, of("Set-Cookie"))
			}
		}
		for i := range list {
			if own == string(rune('a'+i)) {
				list = append(list[:i:i], list[i+1:]...)
				break
			}
		}
		r.apply(list...)
		_, body, of := ask(t, r, "/", "Cookie: "+cookie)
		next, _, _ := strings.Cut(of("Set-Cookie"), "; ")
		if body == own || next == "" || next == cookie {
			t.Errorf("its instance is gone: at %s with %q", body, next)
		}
		if got := answers(t, ask, r, 4, "Cookie: "+next); got != strings.Repeat(body, 4) {
			t.Errorf("with the new one: %s", got)
		}
	})
}

func TestBackupsWait(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		list := balanced(t, "", "backup", "")
		r := start(t, k, setup{}, list...)
		if got := answers(t, ask, r, 6); strings.Contains(got, "b") {
			t.Error(got)
		}
		dead := at(refusing(t), "pointsman.route=/")
		r.apply(dead, list[1])
		if got := answers(t, ask, r, 3); got != "bbb" {
			t.Errorf("the others refuse: %s", got)
		}
	})
}

// refusing is an address where nothing listens.
func refusing(t testing.TB) net.Addr {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr()
}

// holder holds requests for /held at its instances.
type holder struct {
	came chan string
	goOn chan bool
}

func newHolder() *holder { return &holder{make(chan string, 10), make(chan bool)} }

// instance answers with its letter.
func (h *holder) instance(t testing.TB, letter, options string) discovery.Instance {
	s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			if m.path() == "/held" {
				h.came <- letter
				<-h.goOn
			}
			_, _ = io.WriteString(c, sized(letter))
		}
	})
	return at(s.Addr(), "pointsman.route=/ "+options)
}

// An instance gets no more requests at once than it may: further ones go to the next, and then nowhere.
func TestNoInstanceHasMoreRequestsThanItMay(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		h := newHolder()
		r := start(t, k, setup{}, h.instance(t, "a", "max-conns=1"), h.instance(t, "b", "max-conns=1"))
		done := make(chan string, 2)
		at := ""
		for range 2 {
			go func() {
				_, body, _ := ask(t, r, "/held")
				done <- body
			}()
			at += <-h.came
		}
		if at != "ab" && at != "ba" {
			t.Errorf("two at once: %s", at)
		}
		for range 3 {
			if status, _, of := ask(t, r, "/"); status != 503 || of("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q", status, of("Retry-After"))
			}
		}
		h.goOn <- true
		free := <-done
		for range 4 {
			rests(t, r, 1)
			if got := answers(t, ask, r, 1); got != free {
				t.Errorf("%s is free, and %s answered", free, got)
			}
		}
		h.goOn <- true
		<-done
	})
}

// However many come at once, none gets more than it may, and who is refused is told so; a tunnel counts for as long as it lasts.
func TestLimitsHoldAmongManyAtOnce(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const most, clients, each = 3, 24, 10
		var now, over atomic.Int64
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				if m.field("Upgrade") != "" {
					_, _ = io.WriteString(c, "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
					_, _ = io.Copy(io.Discard, in)
					return
				}
				if now.Add(1) > most {
					over.Add(1)
				}
				time.Sleep(time.Millisecond)
				now.Add(-1) // before the answer: who has it makes room
				_, _ = io.WriteString(c, sized("ok"))
			}
		})
		r := start(t, k, setup{}, at(s.Addr(), fmt.Sprintf("pointsman.route=/ max-conns=%d", most)))
		var all sync.WaitGroup
		var served, refused atomic.Int64
		for range clients {
			all.Go(func() {
				for range each {
					switch a, err := r.ask(t, get("/", "")); {
					case err != nil:
						t.Error(err)
					case a.status == 200:
						served.Add(1)
					case a.status == 503 && a.field("Retry-After") != "":
						refused.Add(1)
					default:
						t.Errorf("%+v", a)
					}
				}
			})
		}
		all.Wait()
		if over.Load() > 0 || served.Load() == 0 {
			t.Errorf("%d served, %d refused, %d beyond the limit", served.Load(), refused.Load(), over.Load())
		}
		rests(t, r, 0)
		for n := range most + 1 {
			c := r.dial(t)
			c.send("GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			want := 101
			if n == most {
				want = 503
			}
			if a := c.answer("GET"); a.status != want {
				t.Errorf("tunnel %d: %+v, want %d", n, a, want)
			}
		}
	})
}

func TestOneThatComesStartsSlowly(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		list := balanced(t, "slow-start=1h", "")
		r := start(t, k, setup{}, list...)
		got := answers(t, ask, r, 44)
		if n := strings.Count(got, "a"); n < 2 || n > 6 {
			t.Errorf("%d of %d, want a tenth of those of the other: %s", n, len(got), got)
		}
	})
}

func TestTheFasterInstanceIsTaken(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		slow := at(slowly(t, 150*time.Millisecond).Addr(), "pointsman.route=/ balance=least-time")
		r := start(t, k, setup{}, append(balanced(t, "balance=least-time"), slow)...)
		for seen := ""; !strings.Contains(seen, "a") && len(seen) < 100; { // which of two unknown ones is asked is chance
			seen += answers(t, ask, r, 2)
		}
		var all []string
		for range 20 { // a test machine that stood still while a answered makes it look slow for a while
			got := answers(t, ask, r, 10)
			if strings.Count(got, "a") >= 9 {
				return
			}
			all = append(all, got)
		}
		t.Error(all)
	})
}

func TestTheInstanceWithFewerRequestsIsTaken(t *testing.T) {
	versions(t, func(t testing.TB, k *kind, ask asking) {
		h := newHolder()
		r := start(t, k, setup{}, h.instance(t, "a", "balance=least-connections"), h.instance(t, "b", "balance=least-connections"))
		done := make(chan bool)
		go func() {
			ask(t, r, "/held")
			close(done)
		}()
		busy := <-h.came
		for range 6 {
			rests(t, r, 1)
			if got := answers(t, ask, r, 1); got == busy {
				t.Errorf("%s is busy, and answered", busy)
			}
		}
		h.goOn <- true
		<-done
	})
}
