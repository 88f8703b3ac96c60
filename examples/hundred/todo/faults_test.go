package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Each fault lasts until another one begins, or none.
func TestFaults(t *testing.T) {
	var f faults
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fault" {
			f.begin(w, r, nil)
			return
		}
		f.around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	}))
	defer server.Close()
	post := func(query string) int {
		a, err := http.Post(server.URL+"/fault?"+query, "", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		return a.StatusCode
	}
	for query, want := range map[string]int{"kind=x&for=1s": 400, "kind=503": 400, "kind=503&for=1h": 400, "kind=600&for=1s": 400, "kind=none": 200} {
		if got := post(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	for kind, want := range map[string]int{"503": 503, "504": 504, "close": 0, "reset": 0, "garbage": 0} {
		post("kind=" + kind + "&for=1m")
		if got := status(server.URL); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
		post("kind=none")
		if got := status(server.URL); got != 200 {
			t.Errorf("%s, repaired: %d", kind, got)
		}
	}
}

// status is that of a response, 0 where there is none.
func status(url string) int {
	a, err := http.Get(url)
	if err != nil {
		return 0
	}
	_ = a.Body.Close()
	return a.StatusCode
}
