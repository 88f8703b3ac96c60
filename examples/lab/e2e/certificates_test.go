package e2e

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A container that asks for a certificate has one seconds after its start: Docker's event, the registration, the catalogue's answer, the
// order, the CA's question at the proxy, and the handshake.
func TestAContainerHasACertificateSoonAfterItsStart(t *testing.T) {
	t.Parallel()
	docker := lab.FindDocker(t)
	http, https := lab.FreePort(t), lab.FreePort(t)
	pebble := lab.StartPebble(t, lab.PebbleOptions{HTTP: http, TLS: https, Quick: true})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	secure := fmt.Sprintf("127.0.0.1:%d", https)
	s := build(t, plan{name: "certified", docker: docker, noLedger: true, proxy: []string{"-listen", fmt.Sprintf("127.0.0.1:%d", http), "-tls-listen", secure,
		"-acme-consul", "-secret-file", secret, "-acme-ca", pebble.Directory, "-acme-roots", pebble.Roots}})
	pool, host := pebble.Pool(t), s.name+".example"
	id, err := s.start("-e", "SERVICE_TAGS=pointsman.route="+host+"/ tls=acme")
	if err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, time.Minute, "a handshake with a certificate for "+host, func() bool {
		c, err := tls.DialWithDialer(&net.Dialer{Timeout: 30 * time.Second}, "tcp", secure, &tls.Config{ServerName: host, RootCAs: pool})
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	t.Logf("%s after the container's start", time.Since(docker.StartedAt(id)).Round(time.Millisecond))
	if n := pebble.Orders(); n < 1 || lab.Long() && n > 1 { // one that the CA gave up waiting for is made again
		t.Errorf("%d orders", n)
	}
}
