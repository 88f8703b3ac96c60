package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

// serve serves h as a process does, and returns where.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(ctx context.Context) error { return crowd.Serve(ctx, l, h) })
	return l.Addr().String()
}

// run runs what serves until the test ends.
func run(t testing.TB, serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// soon is longer than any answer takes here, and shorter than every limit that would end what an attacker holds.
const soon = 8 * time.Second

func askSoon(t *testing.T, url string) {
	t.Helper()
	client := http.Client{Timeout: soon, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %v", url, answer.Status, err)
	}
}

// opened are n connections on which text was sent; each is closed with the test.
func opened(t *testing.T, address, text string, n int, read bool) (conns []net.Conn) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		if _, err := io.WriteString(c, text); err != nil {
			continue // it was among those that had to go
		}
		if read {
			_, _ = http.ReadResponse(bufio.NewReader(c), nil)
		}
		conns = append(conns, c)
	}
	return conns
}

// alive counts connections that the other side has not ended.
func alive(conns []net.Conn) (n int) {
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := io.Copy(io.Discard, c); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				n++
			}
		}
	}
	return n
}

func TestCrowdsOfConnectionsKeepNobodyOut(t *testing.T) {
	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, text := range map[string]string{"kept after an answer": request, "half a head": request[:20], "silent": ""} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, Status(Options{}))
			conns := opened(t, address, text, 10*crowd.MostConns, text == request)
			for range 5 {
				askSoon(t, "http://"+address+"/healthz")
			}
			for begun, n := time.Now(), alive(conns); n > crowd.MostConns; n = alive(conns) { // those that had to go end when their goroutines run
				if time.Since(begun) > time.Minute {
					t.Fatalf("%d connections are open, want at most %d", n, crowd.MostConns)
				}
			}
		})
	}
}

// large is a page of metrics that no buffer of the kernel takes as a whole.
type large struct{}

func (large) Gather() ([]*dto.MetricFamily, error) {
	name, help, kind, value := "large", "Large.", dto.MetricType_GAUGE, 1.0
	f := &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
	label, long := "text", strings.Repeat("x", 1000)
	for i := range 8000 {
		text := fmt.Sprint(long, i)
		f.Metric = append(f.Metric, &dto.Metric{Label: []*dto.LabelPair{{Name: &label, Value: &text}}, Gauge: &dto.Gauge{Value: &value}})
	}
	return []*dto.MetricFamily{f}, nil
}

func TestWhoDoesNotReadMetricsKeepsNobodyFromThem(t *testing.T) {
	address := serve(t, Status(Options{Gatherer: large{}}))
	opened(t, address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", crowd.MostConns+4, false)
	time.Sleep(200 * time.Millisecond) // for pages to be made, of which nobody takes anything
	for range 3 {
		askSoon(t, "http://"+address+"/metrics")
		askSoon(t, "http://"+address+"/healthz")
	}
}

// Those whose answers are being made are not closed for newcomers: these wait until there is room.
func TestNewcomersWaitForAnswersThatAreBeingMade(t *testing.T) {
	release := make(chan struct{})
	var working sync.WaitGroup
	working.Add(crowd.MostConns)
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { working.Done(); <-release })
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	address := serve(t, mux)
	conns := opened(t, address, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n", crowd.MostConns, false)
	working.Wait()
	answered := make(chan error, 1)
	go func() {
		answer, err := http.Get("http://" + address + "/")
		if err == nil {
			answer.Body.Close()
		}
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("answered while there was no room: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(release)
	for _, c := range conns {
		if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("what was being answered: %v", err)
		}
	}
	if err := <-answered; err != nil {
		t.Errorf("the newcomer: %v", err)
	}
}

func TestMetricsWaitForTheirTurn(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := Status(Options{Gatherer: registry})
	var all sync.WaitGroup
	for range 10 * mostGathering {
		all.Go(func() {
			if w := get(h, "x", "/metrics"); w.Code != http.StatusOK {
				t.Errorf("%d", w.Code)
			}
		})
	}
	all.Wait()
}
