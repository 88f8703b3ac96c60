//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// What is sent has to be what the case says, or every contender is measured at something else.
func TestRequestsAreWhatTheCaseSays(t *testing.T) {
	for _, c := range []struct {
		traffic      traffic
		method, path string
		head, body   int // bytes; 0 of head: any
		last         bool
	}{
		{traffic{}, "GET", "/", 0, 0, false},
		{traffic{Head: 600}, "GET", "/", 600, 0, false},
		{traffic{Path: "/64k"}, "GET", "/64k", 0, 0, false},
		{traffic{Post: 16 << 10}, "POST", "/post", 0, 16 << 10, false},
		{traffic{Fresh: true}, "GET", "/", 0, 0, true},
	} {
		text := c.traffic.request("h0.s0.bench")
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			t.Fatalf("%+v: %v", c.traffic, err)
		}
		body, _ := io.ReadAll(r.Body)
		head := bytes.Index(text, []byte("\r\n\r\n")) + 4
		if r.Method != c.method || r.URL.Path != c.path || r.Host != "h0.s0.bench" || len(body) != c.body || c.head > 0 && head != c.head || r.Close != c.last {
			t.Errorf("%+v: %s %s, Host %s, a head of %d and a body of %d bytes, close %v", c.traffic, r.Method, r.URL, r.Host, head, len(body), r.Close)
		}
	}
}

func TestHostsOfTheLoad(t *testing.T) {
	all := (&job{layout: layout.Layout{Services: 200, Hosts: 50}}).hosts()
	seen := map[string]bool{}
	for _, h := range all {
		seen[h] = true
	}
	if len(seen) != 10000 {
		t.Errorf("the load asks for %d hosts of 10,000", len(seen))
	}
	// Where the first service has many instances, every second request goes to it.
	first := map[string]bool{}
	l := layout.Layout{Services: 20, Hosts: 50, First: 100}
	for _, h := range l.All()[0].Hosts {
		first[h] = true
	}
	n := 0
	hosts := (&job{layout: l}).hosts()
	for _, h := range hosts {
		if first[h] {
			n++
		}
	}
	if share := float64(n) / float64(len(hosts)); share < 0.45 || share > 0.55 {
		t.Errorf("%.2f of the requests go to the service with 100 instances", share)
	}
}
