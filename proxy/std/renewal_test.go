package std

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs"
)

// Certificates of clients' connections and of instances' are renewed and their files are written in place, a half at a time, while clients
// connect: no handshake fails, and no request is lost, one that must not be sent twice neither. Both engines serve TLS by this server.
func TestRenewalUnderLoad(t *testing.T) {
	const connections, clients = 1000, 8
	authority, partner := fixture.NewAuthority(t, "one"), fixture.NewAuthority(t, "partner")
	renewed := renewals{t: t, authority: authority, folder: t.TempDir(), towards: t.TempDir()}
	renewed.listener()
	renewed.client()
	set, err := certs.NewSet(certs.Options{Folder: renewed.folder, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := certs.NewPair(filepath.Join(renewed.towards, "cert.pem"), filepath.Join(renewed.towards, "key.pem"), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	cas, err := certs.NewAuthorities(filepath.Join(renewed.towards, "ca.pem"), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	var served, shownTo sync.Map // the serial numbers of certificates
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shownTo.Store(r.TLS.PeerCertificates[0].SerialNumber.String(), true)
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	}))
	srv.Config.ErrorLog = quiet(zerolog.Nop())
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}, ClientCAs: authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert}
	srv.StartTLS()
	defer srv.Close()
	config := certs.Config(set)
	config.NextProtos = []string{"h2", "http/1.1"}
	r := newRig(t, rigOptions{TLS: config, CAs: map[string]balancer.Authorities{"one": cas}, Certs: map[string]balancer.Certificate{"mine": pair}},
		fixture.At(srv.Listener.Addr(), "pointsman.route=/ proto=https ca=one client-cert=mine"))

	ctx, stop := context.WithCancel(t.Context())
	var background, load sync.WaitGroup
	swaps := 0
	tag := func() string { return fmt.Sprintf("other-%d", swaps) }
	background.Go(func() {
		for ; ctx.Err() == nil; swaps++ {
			renewed.listener()
			_, _ = set.Reload()
			renewed.client()
			renewed.authorities(partner, swaps%2 == 0)
			_, _ = pair.Reload()
			_, _ = cas.Reload()
			r.apply(fixture.At(srv.Listener.Addr(), "pointsman.route=/ proto=https ca=one client-cert=mine", tag()))
			time.Sleep(5 * time.Millisecond)
		}
	})
	var turn, failed atomic.Int64
	for range clients {
		load.Go(func() {
			for n := turn.Add(1); n <= connections; n = turn.Add(1) {
				serial, err := connect(r.tlsAddr, authority.Pool(), n)
				if err != nil {
					failed.Add(1)
					t.Errorf("connection %d: %v", n, err)
				}
				served.Store(serial, true)
			}
		})
	}
	load.Wait()
	stop()
	background.Wait()
	if a, b := size(&served), size(&shownTo); a < 3 || b < 3 {
		t.Errorf("%d swaps, %d certificates were seen by clients and %d by the instance: nothing was renewed under load", swaps, a, b)
	}
	t.Logf("%d connections, %d failed, %d swaps, %d and %d certificates seen", connections, failed.Load(), swaps, size(&served), size(&shownTo))
}

// connect makes a new connection, every other time over HTTP/2, and sends one request that must not be sent twice.
func connect(address string, roots *x509.CertPool, n int64) (serial string, err error) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(n%2 == 0)
	protocols.SetHTTP2(n%2 == 1)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}, Protocols: protocols}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	text := fmt.Sprint("request ", n)
	resp, err := client.Post("https://"+address+"/", "text/plain", strings.NewReader(text))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(body) != text) {
		err = fmt.Errorf("%d %q", resp.StatusCode, body)
	}
	return resp.TLS.PeerCertificates[0].SerialNumber.String(), err
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// renewals writes certificates over those that are there, in place: whoever reads meanwhile finds half a file, or the key of another one.
type renewals struct {
	t               *testing.T
	authority       *fixture.Authority
	folder, towards string
	serial          int64
}

func (w *renewals) issue() tls.Certificate {
	w.serial++
	return w.authority.Issue(w.t, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(w.serial) })
}

// listener renews what clients see: site.crt and site.key.
func (w *renewals) listener() {
	dir := w.t.TempDir()
	_, cert, key := w.authority.WriteFiles(w.t, dir, w.issue())
	for from, to := range map[string]string{cert: "site.crt", key: "site.key"} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.folder, to), text, 0o600)
		}
		if err != nil {
			w.t.Error(err)
		}
	}
}

// client renews what the instance sees.
func (w *renewals) client() { w.authority.WriteFiles(w.t, w.towards, w.issue()) }

// authorities writes those of the instance, with another one beside it or without.
func (w *renewals) authorities(other *fixture.Authority, both bool) {
	path := filepath.Join(w.towards, "ca.pem")
	text, err := os.ReadFile(path)
	if err == nil && both {
		ca, _, _ := other.WriteFiles(w.t, w.t.TempDir(), other.Issue(w.t, nil))
		var more []byte
		if more, err = os.ReadFile(ca); err == nil {
			text = append(text, more...)
		}
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		w.t.Error(err)
	}
}
