package lab

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The programs that the nested module pins: a CA that speaks ACME, and the DNS server that it asks.
const (
	pebbleVersion   = "pebble-2.10.3"
	challengeServer = "pebble-challtestsrv-2.10.3"
)

// Pebble is a real CA that speaks ACME (github.com/letsencrypt/pebble): it asks all names at 127.0.0.1. It can be killed and started again,
// and has then forgotten everything but its ports.
type Pebble struct {
	*Process
	// Directory is the URL for -acme-ca, and Roots a file for -acme-roots.
	Directory, Roots string
	manage           string // host:port
	http             *http.Client
}

// PebbleOptions say how a Pebble is. HTTP and TLS are the ports at which it asks.
type PebbleOptions struct {
	HTTP, TLS int
	// Lifetime is that of certificates; 0 means 90 days.
	Lifetime time.Duration
	// Quick leaves out the sleeps and the good nonces that are refused.
	Quick bool
	// Blocked are names that no certificate is issued for.
	Blocked []string
	// Accounts are the keys of accounts that it knows, by id; without them an account needs none.
	Accounts map[string]string
}

// FindPebble returns the two programs: from the cache, or built into it (a minute, once).
func FindPebble(t testing.TB) (pebble, challenges string) {
	t.Helper()
	found := map[string]string{"pebble": pebbleVersion, "pebble-challtestsrv": challengeServer}
	for name, file := range found {
		found[name] = filepath.Join(Cache(), file)
		if _, err := os.Stat(found[name]); err == nil {
			continue
		}
		if _, err := run(10*time.Minute, filepath.Join(Root(), "examples/lab/parts/find.sh"), name); err != nil {
			Missing(t, "no %s: not in %s, and not buildable: %v", name, Cache(), err)
		}
	}
	return found["pebble"], found["pebble-challtestsrv"]
}

// StartPebble starts one and waits until it answers.
func StartPebble(t testing.TB, o PebbleOptions) *Pebble {
	t.Helper()
	bin, challenges := FindPebble(t)
	dir := t.TempDir()
	dns := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	StartProcess(t, "challtestsrv", nil, challenges, "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", "",
		"-dnsserver", dns, "-management", fmt.Sprintf("127.0.0.1:%d", FreePort(t)))
	p := &Pebble{Roots: filepath.Join(dir, "cert.pem"), manage: fmt.Sprintf("127.0.0.1:%d", FreePort(t))}
	address := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	p.Directory = "https://" + address + "/dir"
	pool := serverFiles(t, p.Roots, filepath.Join(dir, "key.pem"))
	p.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	if o.Lifetime == 0 {
		o.Lifetime = 90 * 24 * time.Hour
	}
	config := filepath.Join(dir, "pebble.json")
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "managementListenAddress": p.manage, "certificate": p.Roots, "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": o.HTTP, "tlsPort": o.TLS, "domainBlocklist": o.Blocked, "keyAlgorithm": "ecdsa",
		"externalAccountBindingRequired": o.Accounts != nil, "externalAccountMACKeys": o.Accounts,
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "default", "validityPeriod": int(o.Lifetime / time.Second)}},
	}})
	if err == nil {
		err = os.WriteFile(config, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	if o.Quick {
		env = []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}
	}
	p.Process = StartProcess(t, "pebble", env, bin, "-config", config, "-dnsserver", dns)
	p.Await(t)
	return p
}

// Await waits until it answers.
func (p *Pebble) Await(t testing.TB) {
	t.Helper()
	Eventually(t, 30*time.Second, "Pebble answers", func() bool {
		resp, err := p.http.Get(p.Directory)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// Pool trusts what it issues; a Pebble that was started again issues by another root.
func (p *Pebble) Pool(t testing.TB) *x509.CertPool {
	t.Helper()
	resp, err := p.http.Get("https://" + p.manage + "/roots/0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no root: %v %s", err, text)
	}
	return pool
}

// Orders is how many orders for certificates it has got since it was first started.
func (p *Pebble) Orders() int { return bytes.Count([]byte(p.Output()), []byte("Added order")) }

// serverFiles writes a certificate for 127.0.0.1 that is its own authority, and its key.
func serverFiles(t testing.TB, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		text := pem.EncodeToMemory(block)
		if block.Type == "CERTIFICATE" {
			pool.AppendCertsFromPEM(text)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}
