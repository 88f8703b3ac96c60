package std

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
)

// serverTLS is the TLS of a server with a certificate that nobody trusts.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	certificate, _ := fixture.Certificate(t, "t")
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func TestHTTP2OverTLSAndClear(t *testing.T) {
	certificate, roots := fixture.Certificate(t, "t")
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Proto, r.Header.Get("X-Forwarded-Proto"), r.RequestURI, r.Host, b)
	})
	r := newRig(t, rigOptions{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}}, fixture.At(a))
	for _, c := range []struct{ url, proto string }{{"https://" + r.tlsAddr, "https"}, {"http://" + r.addr, "http"}} {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "t"}, Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP2(true)
		tr.Protocols.SetUnencryptedHTTP2(true)
		req, _ := http.NewRequest("POST", c.url+"/a%2fb?x=1;y=%zz", bytes.NewReader([]byte("body")))
		req.Host = "T.example"
		resp, err := (&http.Client{Transport: tr}).Do(req)
		code, body := read(t, resp, err)
		if want := "HTTP/1.1 " + c.proto + " /a%2fb?x=1;y=%zz T.example body"; code != 200 || body != want || resp.ProtoMajor != 2 {
			t.Errorf("%d %q over %s, want %q", code, body, resp.Proto, want)
		}
		tr.CloseIdleConnections()
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	r := newRig(t, rigOptions{TLS: serverTLS(t), Redirect: true}, fixture.At(fixture.Serve(t, func(http.ResponseWriter, *http.Request) {})))
	req, _ := http.NewRequest("POST", r.url("/a/../b?q=%zz"), strings.NewReader("x"))
	req.Host = "example.com:8080"
	resp, err := fixture.Client(t).Do(req)
	code, _ := read(t, resp, err)
	_, tlsPort, _ := net.SplitHostPort(r.tlsAddr)
	if want := "https://example.com:" + tlsPort + "/b?q=%zz"; code != 308 || resp.Header.Get("Location") != want {
		t.Errorf("%d %q, want %q", code, resp.Header.Get("Location"), want)
	}
}

// A stream whose client takes nothing ends in its time; another one on the same connection goes on, pauses and all.
func TestHTTP2StandingReaderIsGivenUp(t *testing.T) {
	const progress, pieces = 3 * time.Second, 12
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			_, _ = w.Write(make([]byte, 64<<20))
			return
		}
		for range pieces {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(progress / 8) // a starved machine makes more of it
		}
	})
	r := newRig(t, rigOptions{Limits: proxy.Limits{Progress: progress}}, fixture.At(a))
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	large, err := (&http.Client{Transport: tr}).Get("http://" + r.addr + "/large")
	if err != nil {
		t.Fatal(err)
	}
	defer large.Body.Close()
	resp, err := (&http.Client{Transport: tr}).Get("http://" + r.addr + "/pauses")
	if code, body := read(t, resp, err); code != 200 || len(body) != pieces {
		t.Errorf("%d %q", code, body)
	}
	if n := r.counter("pointsman_requests_in_flight"); n != 0 {
		t.Errorf("%v requests are on their way", n)
	}
	if n, err := io.Copy(io.Discard, large.Body); err == nil {
		t.Errorf("the large answer came whole, %d bytes", n)
	}
}
