package std

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestServerSentEventsArriveOneByOne(t *testing.T) {
	next := make(chan struct{})
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	r := newRig(t, rigOptions{}, at(a))
	resp, err := client(t).Get(r.url("/events"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	br := bufio.NewReader(resp.Body)
	for i := range 3 {
		line, err := br.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); err != nil || line != want {
			t.Fatalf("got %q %v, want %q", line, err, want)
		}
		br.ReadString('\n')
		next <- struct{}{}
	}
}

func TestTrailersBothWays(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Announced")
		fmt.Fprint(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Announced", "1")
		w.Header().Set(http.TrailerPrefix+"X-Late", r.Trailer.Get("X-Up"))
		w.Header().Set(http.TrailerPrefix+"Set-Cookie", "no")
	})
	r := newRig(t, rigOptions{}, at(a))
	req, _ := http.NewRequest("POST", r.url("/t"), io.MultiReader(strings.NewReader("x")))
	req.Trailer = http.Header{"X-Up": {"up"}}
	resp, err := client(t).Do(req)
	if code, body := read(t, resp, err); code != 200 || body != "body" {
		t.Fatalf("%d %q", code, body)
	}
	if resp.Trailer.Get("X-Announced") != "1" || resp.Trailer.Get("X-Late") != "up" || resp.Trailer.Get("Set-Cookie") != "" {
		t.Errorf("trailers %v", resp.Trailer)
	}
}

func TestInterimAnswersGoOn(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Del("Link")
		fmt.Fprint(w, "ok")
	})
	r := newRig(t, rigOptions{}, at(a))
	var hints []string
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, h.Get("Link")))
		return nil
	}})
	req, _ := http.NewRequestWithContext(ctx, "GET", r.url("/"), nil)
	resp, err := client(t).Do(req)
	if code, body := read(t, resp, err); code != 200 || body != "ok" || resp.Header.Get("Link") != "" {
		t.Errorf("%d %q %v", code, body, resp.Header)
	}
	if len(hints) != 1 || hints[0] != "103</a.css>; rel=preload" {
		t.Errorf("hints %q", hints)
	}
}

func TestExpectContinue(t *testing.T) {
	var read100 atomic.Int64
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(403)
			return
		}
		b, _ := io.ReadAll(r.Body)
		read100.Add(int64(len(b)))
	})
	r := newRig(t, rigOptions{}, at(a))
	head := func(path string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, head("/yes"))
	br := bufio.NewReader(c)
	c.SetReadDeadline(time.Now().Add(time.Second))
	if line, err := br.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	br.ReadString('\n')
	io.WriteString(c, "hello")
	if line, err := br.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q %v", line, err)
	}
	if read100.Load() != 5 {
		t.Errorf("%d bytes arrived", read100.Load())
	}
	got, closed := r.raw(300*time.Millisecond, head("/no"))
	if codes := statuses(got); len(codes) != 1 || codes[0] != 403 || !closed {
		t.Errorf("%v closed=%v", codes, closed)
	}
}

func TestHeadAndBodilessAnswers(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("Etag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "5")
			if r.Method != "HEAD" {
				io.WriteString(w, "hello")
			}
		}
	})
	r := newRig(t, rigOptions{}, at(a))
	cl := client(t)
	for range 2 { // the second time over a kept connection
		resp, err := cl.Head(r.url("/"))
		if code, body := read(t, resp, err); code != 200 || body != "" || resp.ContentLength != 5 {
			t.Errorf("HEAD %d %q %d", code, body, resp.ContentLength)
		}
		for _, want := range []int{204, 304} {
			resp, err := cl.Get(r.url(fmt.Sprintf("/%d", want)))
			if code, body := read(t, resp, err); code != want || body != "" {
				t.Errorf("%d %q", code, body)
			}
		}
	}
	if n := r.counter("pointsman_upstream_connects_total", "ok"); n != 1 {
		t.Errorf("%v connects, want 1", n)
	}
}

// 20 MB each way, in pieces: what is held is bounded, and content arrives whole.
func TestLargeBodiesBothWays(t *testing.T) {
	const size = 20 << 20
	var peak atomic.Uint64
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak.Store(m.HeapAlloc)
		w.Header().Set("X-Got", fmt.Sprint(n))
		io.CopyN(w, zeros{}, size)
	})
	r := newRig(t, rigOptions{}, at(a))
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, known := range []bool{true, false} {
		req, _ := http.NewRequest("POST", r.url("/big"), io.LimitReader(zeros{}, size))
		if known {
			req.ContentLength = size
		}
		resp, err := client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if n != size || err != nil || resp.Header.Get("X-Got") != fmt.Sprint(size) {
			t.Errorf("known=%v: got %d back, %v; up %s", known, n, err, resp.Header.Get("X-Got"))
		}
	}
	if grown := int64(peak.Load()) - int64(before.HeapAlloc); grown > 10<<20 {
		t.Errorf("heap grew by %d bytes", grown)
	}
}

func TestClientAbortCancelsTheRequest(t *testing.T) {
	gone := make(chan struct{})
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	r := newRig(t, rigOptions{}, at(a))
	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "GET", r.url("/"), nil)
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	resp.Body.Close()
	select {
	case <-gone:
	case <-time.After(2 * time.Second):
		t.Error("the instance was not told")
	}
}

// pair writes a self-signed certificate and returns its files and a pool that trusts it.
func pair(t *testing.T, dir, name string) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots = x509.NewCertPool()
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots.AppendCertsFromPEM(certPEM)
	if os.WriteFile(cert, certPEM, 0o600) != nil || os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600) != nil {
		t.Fatal("write certificate")
	}
	return cert, key, roots
}

func TestHTTP2OverTLSAndClear(t *testing.T) {
	dir := t.TempDir()
	cert, key, roots := pair(t, dir, "t")
	conf, err := Certificates(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Proto, r.Header.Get("X-Forwarded-Proto"), r.RequestURI, r.Host, b)
	})
	r := newRig(t, rigOptions{TLS: conf}, at(a))
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

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, _ := pair(t, dir, "one")
	conf, err := Certificates(certFile, keyFile, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	first, _ := conf.GetCertificate(nil)
	if err := os.WriteFile(certFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(certificateCheck + 50*time.Millisecond)
	if kept, err := conf.GetCertificate(nil); err != nil || kept != first {
		t.Errorf("a broken file replaced a good certificate: %v", err)
	}
	pair(t, dir, "two")
	time.Sleep(certificateCheck + 50*time.Millisecond)
	if second, err := conf.GetCertificate(nil); err != nil || second == first || second.Leaf.DNSNames[0] != "two" {
		t.Errorf("not read again: %v", err)
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	cert, key, _ := pair(t, t.TempDir(), "t")
	conf, err := Certificates(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, rigOptions{TLS: conf, Redirect: true}, at(app(t, func(http.ResponseWriter, *http.Request) {})))
	req, _ := http.NewRequest("POST", r.url("/a/../b?q=%zz"), strings.NewReader("x"))
	req.Host = "example.com:8080"
	resp, err := client(t).Do(req)
	code, _ := read(t, resp, err)
	_, tlsPort, _ := net.SplitHostPort(r.tlsAddr)
	if want := "https://example.com:" + tlsPort + "/b?q=%zz"; code != 308 || resp.Header.Get("Location") != want {
		t.Errorf("%d %q, want %q", code, resp.Header.Get("Location"), want)
	}
}
