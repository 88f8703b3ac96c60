package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestHangupReadsTheCertificateAgain(t *testing.T) {
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "t")
	p, address, _ := startDemo(t, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key)
	hangup := func(want string) {
		t.Helper()
		p.Signal(syscall.SIGHUP)
		if !p.Says(5*time.Second, want) {
			t.Errorf("no %q in %s", want, p.Output())
		}
	}
	hangup(`"unchanged":"the certificates"`)
	otherCert, otherKey := fixture.WriteCertificate(t, t.TempDir(), "t")
	for from, to := range map[string]string{otherCert: cert, otherKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	hangup(`"message":"certificate read"`)
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangup(`"kept, as the file can't be used":"the certificates: read certificate ` + cert)
	if code, text := status("http://" + address + "/"); code != 200 {
		t.Errorf("%d %s", code, text)
	}
	p.Signal(syscall.SIGTERM)
	if err := p.Wait(20 * time.Second); err != nil {
		t.Errorf("%v: %s", err, p.Output())
	}
}

func TestHangupEndsNoProcess(t *testing.T) {
	consul := "127.0.0.1:1" // nobody answers there
	proxy := lab.StartProcess(t, "proxy", nil, binary, "proxy", "-listen", "127.0.0.1:0", "-admin", "", "-consul", consul)
	registrator := lab.StartProcess(t, "registrator", []string{"DOCKER_HOST=unix:///nonexistent"}, binary, "registrator",
		"-retry-attempts", "-1", "consul://"+consul)
	for _, p := range []*lab.Process{proxy, registrator} {
		if !p.Says(5*time.Second, "the catalogue does not answer", `"tries":1`) {
			t.Fatalf("did not start: %s", p.Output())
		}
		p.Signal(syscall.SIGHUP)
		if !p.Says(5*time.Second, "SIGHUP: there is no file to read again") || !p.Running() {
			t.Errorf("%s", p.Output())
		}
	}
}
