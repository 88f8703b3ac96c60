//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// traffic is what the clients of a case do. The zero values mean: GET / without a field but Host, on kept connections.
type traffic struct {
	Connections int
	Path        string // "/" when empty
	Post        int    // bytes of a body; 0 for GET
	Head        int    // bytes that the head is filled up to with what a browser sends
	Fresh       bool   // a connection for each request
	Rate        int    // requests a second, offered by the open loop; 0 for wrk's closed loop
	TLS         bool   // over TLS, with an ECDSA P-256 certificate
	HTTP2       bool   // over HTTP/2, by h2load
	HalfOfNginx bool   // the rate is half of nginx's maximum in the same case
}

// requests are all that differ, one for each host.
func (t traffic) requests(hosts []string) [][]byte {
	out := make([][]byte, len(hosts))
	for i, host := range hosts {
		out[i] = t.request(host)
	}
	return out
}

func (t traffic) request(host string) []byte {
	method, path := "GET", t.Path
	if path == "" {
		path = "/"
	}
	if t.Post > 0 {
		method, path = "POST", "/post"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, host)
	if t.Fresh {
		b.WriteString("Connection: close\r\n")
	}
	if t.Post > 0 {
		fmt.Fprintf(&b, "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n", t.Post)
	}
	if t.Head > 0 {
		b.WriteString(browserFields)
		const cookie = "Cookie: session="
		b.WriteString(cookie + strings.Repeat("c", max(1, t.Head-b.Len()-len(cookie)-len("\r\n\r\n"))) + "\r\n")
	}
	b.WriteString("\r\n")
	b.WriteString(strings.Repeat("x", t.Post))
	return b.Bytes()
}

// browserFields are those of a page's request.
const browserFields = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nUpgrade-Insecure-Requests: 1\r\n" +
	"Referer: http://www.example.com/start/page\r\nPriority: u=0, i\r\n"

// writeRequests writes them for wrk's script and for load: each a line with its length, then its bytes.
func writeRequests(path string, requests [][]byte) error {
	var b bytes.Buffer
	for _, r := range requests {
		fmt.Fprintf(&b, "%d\n%s", len(r), r)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
