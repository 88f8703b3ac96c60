package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// selfSigned writes a certificate and its key.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"t"}, NotAfter: time.Now().Add(time.Hour)}
	chain, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", chain), write("key.pem", "EC PRIVATE KEY", keyDER)
}

// However many clients come over plain HTTP and HTTPS together, descriptors are left for whoever asks how the program is.
func TestCrowdsAtBothPortsLeaveTheAdminAPIDescriptors(t *testing.T) {
	const files = 256
	cert, key := selfSigned(t)
	p := lab.StartProcess(t, "demo", nil, "sh", "-c", fmt.Sprint("ulimit -n ", files, `; exec "$0" "$@"`),
		binary, "demo", "-listen", "127.0.0.1:0", "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-admin", "127.0.0.1:0")
	admin := bound(t, p, "the admin API")
	for _, address := range []string{bound(t, p, "HTTP"), bound(t, p, "HTTPS")} {
		for range files { // the kernel's queue takes those that are not accepted
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	time.Sleep(300 * time.Millisecond)
	if code, text := status("http://" + admin + "/healthz"); code != 200 {
		t.Errorf("%d %s", code, text)
	}
}
