package std

import (
	"bytes"
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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/proxy"
)

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
	conf, err := NewCertificates(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Proto, r.Header.Get("X-Forwarded-Proto"), r.RequestURI, r.Host, b)
	})
	r := newRig(t, rigOptions{TLS: conf.Config()}, at(a))
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
	conf, err := NewCertificates(certFile, keyFile, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	first, _ := conf.get(nil)
	if err := os.WriteFile(certFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(certificateCheck + 50*time.Millisecond)
	if kept, err := conf.get(nil); err != nil || kept != first {
		t.Errorf("a broken file replaced a good certificate: %v", err)
	}
	pair(t, dir, "two")
	time.Sleep(certificateCheck + 50*time.Millisecond)
	if second, err := conf.get(nil); err != nil || second == first || second.Leaf.DNSNames[0] != "two" {
		t.Errorf("not read again: %v", err)
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	cert, key, _ := pair(t, t.TempDir(), "t")
	conf, err := NewCertificates(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, rigOptions{TLS: conf.Config(), Redirect: true}, at(app(t, func(http.ResponseWriter, *http.Request) {})))
	req, _ := http.NewRequest("POST", r.url("/a/../b?q=%zz"), strings.NewReader("x"))
	req.Host = "example.com:8080"
	resp, err := client(t).Do(req)
	code, _ := read(t, resp, err)
	_, tlsPort, _ := net.SplitHostPort(r.tlsAddr)
	if want := "https://example.com:" + tlsPort + "/b?q=%zz"; code != 308 || resp.Header.Get("Location") != want {
		t.Errorf("%d %q, want %q", code, resp.Header.Get("Location"), want)
	}
}

// A stream whose client takes nothing ends in its time; another one on the same connection goes on, pauses and all.
func TestHTTP2StandingReaderIsGivenUp(t *testing.T) {
	const progress, pieces = time.Second, 8
	a := app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			_, _ = w.Write(make([]byte, 64<<20))
			return
		}
		for range pieces {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(progress / 4) // a starved machine makes more of it
		}
	})
	r := newRig(t, rigOptions{Limits: proxy.Limits{Progress: progress}}, at(a))
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
