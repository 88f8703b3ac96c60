package certs

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := fixture.WriteCertificate(t, dir, "one")
	synctest.Test(t, func(t *testing.T) {
		pair, err := NewPair(certFile, keyFile, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		first, _ := pair.Choose(nil)
		if err := os.WriteFile(certFile, []byte("half a file"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(checkEvery)
		if kept, err := pair.Choose(nil); err != nil || kept != first {
			t.Errorf("a broken file replaced a good certificate: %v", err)
		}
		fixture.WriteCertificate(t, dir, "two")
		time.Sleep(checkEvery)
		if second, err := pair.Choose(nil); err != nil || second == first || second.Leaf.DNSNames[0] != "two" {
			t.Errorf("not read again: %v", err)
		}
	})
}
