package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	s := &server{now: func() time.Time { return time.Date(2016, 10, 7, 9, 37, 51, 0, time.UTC) }}
	at := httptest.NewServer(s.handler())
	defer at.Close()
	get := func(path string) string {
		resp, err := http.Get(at.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.Status + " " + string(text)
	}
	for _, want := range []string{"200 OK ok\n", "200 OK ok\n"} {
		if got := get("/health"); got != want {
			t.Errorf("%q", got)
		}
	}
	if got, want := get("/"), "200 OK 2016-10-07 09:37:51: <1> requests from to simple-server <127.0.0.1>\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := get("/any?path"), "200 OK 2016-10-07 09:37:51: <2> requests from to simple-server <127.0.0.1>\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.stopping.Store(true)
	if got := get("/health"); got != "503 Service Unavailable stopping\n" {
		t.Errorf("%q", got)
	}
}
