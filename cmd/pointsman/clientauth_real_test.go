package main

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// SIGHUP changes whose certificates a route takes, without a restart. A file that is no good leaves the last good one in use.
func TestHangupReadsTheAuthoritiesOfClientsAgain(t *testing.T) {
	t.Parallel()
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "shop.example")
	one, other := fixture.NewAuthority(t, "one"), fixture.NewAuthority(t, "other")
	shown := map[*fixture.Authority]tls.Certificate{one: one.Issue(t, nil), other: other.Issue(t, nil)}
	file, _, _ := one.WriteFiles(t, t.TempDir(), shown[one])
	lines := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(lines, []byte("shop.example/ respond=200,ok client-ca=staff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _, _ := startDemo(t, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-client-ca", "staff="+file, "-routes-file", lines)
	secure := bound(t, p, "HTTPS")
	let := func(a *fixture.Authority) bool {
		config := &tls.Config{ServerName: "shop.example", InsecureSkipVerify: true}
		if a != nil {
			c := shown[a]
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil } // whoever is asked for
		}
		client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}}
		r, _ := http.NewRequest(http.MethodGet, "https://"+secure+"/", nil)
		r.Host = "shop.example"
		answer, err := client.Do(r)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	judge := func(when string, who *fixture.Authority) {
		t.Helper()
		for _, a := range []*fixture.Authority{one, other, nil} {
			if got := let(a); got != (a == who) {
				t.Errorf("%s: let in: %t, want %t", when, got, a == who)
			}
		}
	}
	lab.Eventually(t, 30*time.Second, "the route", func() bool { return let(one) })
	judge("at first", one)
	next, _, _ := other.WriteFiles(t, t.TempDir(), shown[other])
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGHUP)
	if !p.Says(30*time.Second, "SIGHUP: files read again") {
		t.Error(p.Output())
	}
	judge("afterwards", other)
	if err := os.WriteFile(file, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGHUP)
	if !p.Says(30*time.Second, `"kept, as the file can't be used":"the authorities of -client-ca staff`) {
		t.Error(p.Output())
	}
	judge("with junk", other)
}
