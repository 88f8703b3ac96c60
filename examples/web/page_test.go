package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func answer(t *testing.T, p *page, method, target, body string) (int, string, http.Header) {
	t.Helper()
	rec := httptest.NewRecorder()
	p.handler().ServeHTTP(rec, httptest.NewRequest(method, target, strings.NewReader(body)))
	return rec.Code, rec.Body.String(), rec.Header()
}

func TestLineSaysWhoAnsweredAndWhatCame(t *testing.T) {
	p, err := newPage("7", "")
	if err != nil {
		t.Fatal(err)
	}
	p.listening = time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	for i, want := range []string{"requests=1 ", "requests=2 "} {
		code, line, _ := answer(t, p, "POST", "/x?id=a1", "hello")
		for _, part := range []string{want, "host=" + p.host, "version=7", "listening=2026-01-02T03:04:05.000000678Z ", "body=5 crc=3610a686", `id="a1"`, `path="/x"`} {
			if code != 200 || !strings.Contains(line, part) {
				t.Errorf("answer %d: %d %q lacks %q", i, code, line, part)
			}
		}
	}
}

func TestSlowWaitsAndRefusesNonsense(t *testing.T) {
	p, _ := newPage("1", "")
	start := time.Now()
	if code, _, _ := answer(t, p, "GET", "/slow?ms=30", ""); code != 200 || time.Since(start) < 30*time.Millisecond {
		t.Errorf("answered %d after %s", code, time.Since(start))
	}
	if code, _, _ := answer(t, p, "GET", "/slow?ms=x", ""); code != 400 {
		t.Errorf("ms=x: %d", code)
	}
}

func TestLameDuckServesOnAndSaysClose(t *testing.T) {
	p, _ := newPage("1", "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, listener, p, 4*time.Second, 0) }()
	url := "http://" + listener.Addr().String()
	get(t, url+"/health", 200, false)
	cancel()
	for unhealthy := false; !unhealthy; time.Sleep(10 * time.Millisecond) {
		resp, err := http.Get(url + "/health")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		unhealthy = resp.StatusCode == 503
	}
	get(t, url+"/", 200, true)
	get(t, url+"/health", 503, true)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string, code int, closing bool) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != code || resp.Close != closing {
		t.Errorf("%s: %d close=%v, want %d close=%v", url, resp.StatusCode, resp.Close, code, closing)
	}
}

func TestWebSocketEchoes(t *testing.T) {
	p, _ := newPage("1", "")
	server := httptest.NewServer(p.handler())
	defer server.Close()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := conn.Read(t.Context()); err != nil || !bytes.Equal(data, []byte("ping")) {
		t.Errorf("%q %v", data, err)
	}
}
