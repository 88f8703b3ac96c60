package admin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/certs"
)

// guarded is the discovery API of a service web on a real socket, with what a client needs to reach it.
type guarded struct {
	address     string
	ours        *fixture.Authority
	caFile      string
	authorities *certs.Authorities
	client      tls.Certificate // that is let in
	log         *safeBuffer
}

func guard(t *testing.T, o Options) *guarded {
	t.Helper()
	g := &guarded{ours: fixture.NewAuthority(t, "ours"), log: &safeBuffer{}}
	log := zerolog.New(g.log)
	g.client = g.ours.Issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	ca, cert, key := g.ours.WriteFiles(t, t.TempDir(), g.ours.Issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
	g.caFile = ca
	pair, err := certs.NewPair(cert, key, log)
	if err != nil {
		t.Fatal(err)
	}
	if g.authorities, err = certs.NewAuthorities(ca, log); err != nil {
		t.Fatal(err)
	}
	o.Admits = g.authorities.Admits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = l.Addr().String()
	run(t, func(ctx context.Context) error {
		return crowd.ServeTLS(ctx, l, certs.Mutual(pair, g.authorities), Discovery(o, false), log)
	})
	return g
}

// config is a client's that trusts the server and shows c.
func (g *guarded) config(c ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: g.ours.Pool(), Certificates: c}
}

func ask(config *tls.Config, url string) (int, string, error) {
	client := http.Client{Timeout: soon, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func TestDiscoveryLetsInWhoShowsACertificate(t *testing.T) {
	g := guard(t, Options{Table: tableOf(container("web", "shop", "web", 1, 8080)).Load})
	others := fixture.NewAuthority(t, "others")
	usage := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	valid := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
	}
	intermediate := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = false, true, x509.KeyUsageCertSign
	}
	forger := g.ours.IssueAuthority(t, intermediate)
	self, _ := fixture.Certificate(t, "self")
	forged := forger.Issue(t, nil)
	forged.Certificate = append(forged.Certificate, forger.Leaf.Raw)
	old := g.config(g.client)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, c := range map[string]struct {
		config *tls.Config
		in     bool
	}{
		"for clients":                      {g.config(g.client), true},
		"for clients and servers":          {g.config(g.ours.Issue(t, nil)), true},
		"for whatever":                     {g.config(g.ours.Issue(t, usage())), true},
		"none":                             {g.config(), false},
		"for servers":                      {g.config(g.ours.Issue(t, usage(x509.ExtKeyUsageServerAuth))), false},
		"for e-mail":                       {g.config(g.ours.Issue(t, usage(x509.ExtKeyUsageEmailProtection))), false},
		"of others":                        {g.config(others.Issue(t, nil)), false},
		"of its own":                       {g.config(self), false},
		"of one who may not issue":         {g.config(forged), false},
		"expired":                          {g.config(g.ours.Issue(t, valid(-2*time.Hour, -time.Minute))), false},
		"not yet valid":                    {g.config(g.ours.Issue(t, valid(time.Minute, time.Hour))), false},
		"TLS 1.1":                          {old, false},
		"TLS 1.2 without a certificate":    {&tls.Config{RootCAs: g.ours.Pool(), MaxVersion: tls.VersionTLS12}, false},
		"TLS 1.2":                          {&tls.Config{RootCAs: g.ours.Pool(), MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{g.client}}, true},
		"HTTP/2 wanted":                    {&tls.Config{RootCAs: g.ours.Pool(), NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{g.client}}, true},
		"another key than the certificate": {g.config(tls.Certificate{Certificate: g.client.Certificate, PrivateKey: others.Issue(t, nil).PrivateKey}), false},
	} {
		// A client that is bound to show what it has: Go's own keeps back what no authority of the server's issued.
		for i := range c.config.Certificates {
			one := c.config.Certificates[i]
			c.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &one, nil }
		}
		code, text, err := ask(c.config, "https://"+g.address+"/services/web")
		if in := err == nil && code == 200 && strings.Contains(text, "172.18.0.2"); in != c.in {
			t.Errorf("%s: %d %.100s %v", name, code, text, err)
		}
		if !c.in && code != 0 {
			t.Errorf("%s: an answer %d", name, code)
		}
	}
	if code, _, err := ask(nil, "http://"+g.address+"/services/web"); err == nil && code == 200 {
		t.Error("answered without TLS")
	}
	if !strings.Contains(g.log.String(), "a client of the discovery API was not served") {
		t.Errorf("nothing was logged: %s", g.log)
	}
	if n := strings.Count(g.log.String(), "\n"); n > 3 {
		t.Errorf("%d lines for refused handshakes", n)
	}
}

// Who has a connection is asked again with each request: the authority may have been taken out since.
func TestDiscoveryForgetsAuthoritiesThatAreTakenOut(t *testing.T) {
	g := guard(t, Options{Table: tableOf(container("web", "shop", "web", 1, 8080)).Load})
	config := g.config(g.client)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	client := http.Client{Timeout: soon, Transport: transport}
	url := "https://" + g.address + "/services/web"
	code := func() int {
		a, err := client.Get(url)
		if err != nil {
			return 0
		}
		defer a.Body.Close()
		_, _ = io.Copy(io.Discard, a.Body)
		return a.StatusCode
	}
	if got := code(); got != 200 {
		t.Fatalf("before: %d", got)
	}
	g.distrust(t)
	if got := code(); got != 403 {
		t.Errorf("on the same connection: %d", got)
	}
	transport.CloseIdleConnections()
	if got := code(); got != 0 {
		t.Errorf("on a new connection, with a session to resume: %d", got)
	}
}

// distrust has the file of authorities name others only.
func (g *guarded) distrust(t *testing.T) {
	t.Helper()
	others := fixture.NewAuthority(t, "others")
	ca, _, _ := others.WriteFiles(t, t.TempDir(), others.Issue(t, nil))
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := g.authorities.Reload(); err != nil || !changed {
		t.Fatal(changed, err)
	}
}

func TestDiscoveryHasServicesOnly(t *testing.T) {
	o := Options{Table: tableOf(container("web", "shop", "web", 1, 8080)).Load}
	h := Discovery(o, false)
	for path, want := range map[string]int{"/services/web": 200, "/": 404, "/services/": 404, "/healthz": 404, "/metrics": 404, "/api/routes": 404, "/api/services": 404,
		"/services/..%2fapi%2froutes": 404, "/services/web/start": 404} {
		w := get(h, "any.example", path)
		if w.Code != want || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if want == 404 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", path, w.Header().Get("Content-Type"), w.Body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "CONNECT"} {
		r := request("/services/web")
		r.Method = method
		if w := recorded(h, r); w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if w := get(Discovery(o, true), "evil.example", "/services/web"); w.Code != 421 {
		t.Errorf("on loopback without TLS, by a name from elsewhere: %d", w.Code)
	}
}

func TestDiscoveryIsKeptFromNobodyByASlowCrowd(t *testing.T) {
	g := guard(t, Options{Table: tableOf(container("web", "shop", "web", 1, 8080)).Load})
	many := 300
	if lab.Long() {
		many = 1000 // each newcomer has a moment
	}
	for name, text := range map[string]string{"silent": "", "half a hello": "\x16\x03\x01\x02\x00\x01\x00", "no TLS": "GET / HTTP/1.1\r\n"} {
		t.Run(name, func(t *testing.T) {
			conns := opened(t, g.address, text, many, false)
			for range 3 {
				if code, _, err := ask(g.config(g.client), "https://"+g.address+"/services/web"); code != 200 {
					t.Fatalf("%d %v", code, err)
				}
			}
			if n := alive(conns); n > crowd.MostConns {
				t.Errorf("%d connections are open, want at most %d", n, crowd.MostConns)
			}
		})
	}
}
