package conformance

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy"
)

// seedEnv repeats a run, or one of its streams.
const seedEnv = "POINTSMAN_SEED"

// The same streams of requests, valid and broken, pipelined and cut at random bytes, through every listener: what the instance gets and
// what the client gets is the same.
func TestListenersDoTheSame(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	streams := 250
	if lab.Long() {
		streams = 25_000
	}
	t.Logf("%s=%d", seedEnv, seed)
	judge(t, func(t testing.TB) {
		const workers = 4
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() { compare(t, seed+uint64(w)*1_000_003, streams/workers) })
		}
		all.Wait()
	})
}

// compare sends streams made from successive seeds through a rig of each kind.
func compare(t testing.TB, seed uint64, n int) {
	list := kinds()
	rigs, seen := make([]*rig, len(list)), make([]*witness, len(list))
	for i, k := range list {
		seen[i] = testify(t)
		rigs[i] = start(t, k, setup{limits: limits{ReadHead: 20 * time.Second}, forwarder: forwarder(t, "")}, at(seen[i].Addr(), "urlprefix-t/"))
	}
	for i := range uint64(n) {
		s := generate(seed + i)
		var first transcript
		for j, r := range rigs {
			got := s.through(t, r, seen[j])
			if j == 0 {
				first = got
			} else if got.client != first.client || got.instance != first.instance {
				t.Errorf("%s=%d: %s and %s differ over %.2000q\n%s: client\n%s\ninstance\n%s\n%s: client\n%s\ninstance\n%s", seedEnv, seed+i, list[0].name, list[j].name, s.text,
					list[0].name, first.client, first.instance, list[j].name, got.client, got.instance)
				return
			}
		}
	}
}

// transcript is what both sides have got.
type transcript struct{ client, instance string }

// variable is what may differ: request ids, the names in Via, the time, and the scheme.
var variable = regexp.MustCompile(`(?m)\\?"request_id\\?":\\?"[^"]*"|Date: [^"\\]*|X-Request-ID: [0-9a-f]{32}|pointsman-[0-9a-f]{16}|proto=https?|X-Forwarded-Proto: https?|X-Forwarded-Port: [0-9]+`)

func (s *traffic) through(t testing.TB, r *rig, seen *witness) (got transcript) {
	r.settles(t)
	seen.take()
	c, err := r.tryDial(t)
	if err != nil {
		t.Error(err)
		return got
	}
	defer c.tcp.Close()
	go func() {
		at := 0
		for _, cut := range append(slices.Clone(s.cuts), len(s.text)) {
			c.send(s.text[at:cut])
			at = cut
			time.Sleep(200 * time.Microsecond)
		}
	}()
	var client strings.Builder
	for i := 0; ; i++ {
		c.wait(s.patience)
		a, err := readAnswer(c.in, s.methods[min(i, len(s.methods)-1)])
		if a != nil {
			fmt.Fprintf(&client, "%s %q %q %q %v\n", a.line, a.fields, a.body, a.trailer, a.chunked)
		}
		if err != nil {
			end := "end"
			if isTimeout(err) {
				end = "waits"
			}
			fmt.Fprintf(&client, "%s\n", end)
			break
		}
	}
	_ = c.tcp.Close()
	r.settles(t)
	return transcript{variable.ReplaceAllString(client.String(), "…"), variable.ReplaceAllString(seen.take(), "…")}
}

// witness is an instance that keeps what it gets, and answers in a manner that hangs on the path alone.
type witness struct {
	*script
	mu   sync.Mutex
	said strings.Builder
}

func testify(t testing.TB) *witness {
	w := &witness{}
	w.script = play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		for {
			m, err := readMessage(in)
			if err != nil {
				return
			}
			w.mu.Lock()
			fmt.Fprintf(&w.said, "%s %q %q %q\n", m.line, m.fields, m.body, m.trailer)
			w.mu.Unlock()
			if !respond(c, m) {
				return
			}
		}
	})
	return w
}

func (w *witness) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.said.Reset()
	return w.said.String()
}

// respond says whether the connection goes on.
func respond(c io.Writer, m *message) bool {
	h := fnv.New32a()
	_, _ = io.WriteString(h, m.path())
	text := ""
	switch h.Sum32() % 8 {
	case 0:
		text = "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"
	case 1:
		text = "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
	case 2:
		text = ok + "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;e\r\nabc\r\n"
		if m.method() == "HEAD" {
			text = ok + "Transfer-Encoding: chunked\r\n\r\n"
		} else {
			text += "0\r\nX-T: 1\r\n\r\n"
		}
	case 3:
		text = ok + "Connection: close\r\n\r\nto the end"
	case 4:
		text = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
		fallthrough
	default:
		text += "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-A:  b \r\n\r\n"
		if m.method() != "HEAD" {
			text += "hello"
		}
	}
	_, err := io.WriteString(c, text)
	return err == nil && !strings.Contains(text, "close")
}

// traffic is what one connection sends.
type traffic struct {
	text     string
	cuts     []int
	methods  []string
	patience time.Duration
}

// generate makes a stream of one to six requests; of every third stream some bytes are then broken.
func generate(seed uint64) *traffic {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	s := &traffic{patience: patience}
	breaks := g.IntN(3) == 0
	for range 1 + g.IntN(6) {
		text, method := g.request(breaks)
		s.text += text
		s.methods = append(s.methods, method)
	}
	if breaks {
		s.text = g.broken(s.text)
		// What was broken may be the length of a body that never comes: it is not to end just as this does.
		s.patience = lab.RaceFactor * proxy.LingerTime * 3 / 2
		s.methods = slices.Repeat([]string{"GET"}, len(s.methods))
	}
	s.text += "GET /end HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
	s.methods = append(s.methods, "GET")
	if s.patience != patience {
		s.text += strings.Repeat("\x00", 4<<10) // ends most of what waits for more
	}
	for range g.IntN(8) {
		s.cuts = append(s.cuts, g.IntN(len(s.text)))
	}
	slices.Sort(s.cuts)
	return s
}

type generator struct {
	*rand.Rand
	// modest bodies are short enough to be read to their end by whoever does not want them.
	modest bool
}

func (g *generator) of(list ...string) string { return list[g.IntN(len(list))] }

// request is a valid one.
func (g *generator) request(modest bool) (text, method string) {
	host := g.of("t", "t", "t", "T", "t:8080", "nobody")
	absolute := g.of("t", "T", "t:80", "nobody")
	g.modest = modest || host == "nobody" || absolute == "nobody"
	method = g.of("GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO")
	target := fmt.Sprintf("/%d%s%s", g.IntN(1000), g.of("", "/", "/a/../b", "/%41", "//x", "/./y"), g.of("", "", "?", "?q=1;a=%zz&b", "?a?b"))
	if g.IntN(10) == 0 {
		target = "http://" + absolute + target
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.%s\r\n", method, target, g.of("1", "1", "1", "1", "1", "1", "1", "1", "0"))
	fields := []string{"Host: " + host}
	for range g.IntN(5) {
		fields = append(fields, g.of("Accept: */*", "accept-encoding: gzip, br", "Cookie: a=b; c=d", "X-A:", "X-A: b", "X-a: \t c \t", "TE: trailers", "TE: gzip", "Keep-Alive: 5",
			"Connection: keep-alive", "Connection: X-A", "Proxy: x", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=x", "X_Y: z", "Upgrade: h2c", "X-Request-ID: given", "Via: 1.1 x", "X-Long: "+strings.Repeat("l", g.IntN(100)*g.IntN(30))))
	}
	body := ""
	switch g.IntN(5) {
	case 0:
		n := g.size()
		fields, body = append(fields, fmt.Sprint("Content-Length: ", n)), strings.Repeat("b", n)
	case 1:
		fields, body = append(fields, "Transfer-Encoding: "+g.of("chunked", "Chunked")), g.chunked()
	case 2:
		fields = append(fields, "Content-Length: 0")
	}
	g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	b.WriteString(strings.Join(fields, "\r\n") + "\r\n\r\n" + body)
	return b.String(), method
}

func (g *generator) size() int {
	most := 100_000
	if g.modest {
		most = 10_000
	}
	return g.IntN([]int{2, 50, 5000, most}[g.IntN(4)])
}

func (g *generator) chunked() string {
	var b strings.Builder
	for range g.IntN(5) {
		n := 1 + g.size()
		fmt.Fprintf(&b, g.of("%x", "%X", "00%x")+g.of("", "", ";x", ";x=y", ";x=\"y\"")+"\r\n%s\r\n", n, strings.Repeat("c", n))
	}
	return b.String() + "0\r\n" + g.of("", "", "X-Sum: 1\r\n", "X-Sum: 1\r\nHost: evil\r\n") + "\r\n"
}

// broken changes a few places.
func (g *generator) broken(text string) string {
	nasty := []string{"\r", "\n", "\r\n", "\x00", " ", "\t", ":", ",", "\r\n\r\n", "\n\n", "Content-Length: 3\r\n", "\r\nTransfer-Encoding: chunked", "\r\nContent-Length: 7", "\r\n folded", "\xff", "0\r\n\r\n",
		"GET /smug HTTP/1.1\r\nHost: t\r\n\r\n", "#", "%", "/../..", "HTTP/1.2", ";", "_", "\x0b", "-", "+"}
	for range 1 + g.IntN(3) {
		at := g.IntN(min(len(text), 2000))
		switch g.IntN(3) {
		case 0:
			text = text[:at] + nasty[g.IntN(len(nasty))] + text[at:]
		case 1:
			text = text[:at] + text[min(len(text), at+1+g.IntN(4)):]
		case 2:
			text = text[:at] + string(rune(g.IntN(128))) + text[at+1:]
		}
		if text == "" {
			return "x"
		}
	}
	return text
}
