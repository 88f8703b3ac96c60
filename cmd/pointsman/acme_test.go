package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// ordering is a demo that orders certificates from a Pebble for the hosts of its routes file.
type ordering struct {
	t *testing.T
	*lab.Process
	pebble        *lab.Pebble
	plain, secure string
	admin         string
	folder, lines string
	over          *lab.Consul // where certificates are kept, with the secret in a file, and not in the folder; nil without
	secret        string
	args          []string
	within        []string // a command that runs it; nil without
}

// newOrdering starts both. change, unless nil, changes the Pebble.
func newOrdering(t *testing.T, change func(*lab.PebbleOptions), lines string, args ...string) *ordering {
	t.Helper()
	o := prepareOrdering(t, change, lines, args...)
	o.start()
	return o
}

// prepareOrdering starts the Pebble.
func prepareOrdering(t *testing.T, change func(*lab.PebbleOptions), lines string, args ...string) *ordering {
	t.Helper()
	http, https := lab.FreePort(t), lab.FreePort(t)
	po := lab.PebbleOptions{HTTP: http, TLS: https}
	if change != nil {
		change(&po)
	}
	o := &ordering{t: t, pebble: lab.StartPebble(t, po), plain: fmt.Sprintf("127.0.0.1:%d", http), secure: fmt.Sprintf("127.0.0.1:%d", https),
		folder: filepath.Join(t.TempDir(), "acme"), lines: filepath.Join(t.TempDir(), "routes")}
	o.write(lines)
	o.args = args
	return o
}

func (o *ordering) start() {
	o.t.Helper()
	first := []string{binary, "demo", "-acme-dir", o.folder}
	if o.over != nil {
		first = []string{binary, "proxy", "-consul", o.over.HTTP, "-acme-consul", "-secret-file", o.secret}
	}
	args := append(first, "-listen", o.plain, "-tls-listen", o.secure, "-admin", "127.0.0.1:0", "-routes-file", o.lines, "-acme-ca", o.pebble.Directory, "-acme-roots", o.pebble.Roots)
	args = append(args, o.args...)
	o.Process = lab.StartProcess(o.t, "demo", nil, append(slices.Clone(o.within), args...)...)
	o.admin = bound(o.t, o.Process, "the admin API")
}

func (o *ordering) write(lines string) {
	o.t.Helper()
	if err := os.WriteFile(o.lines, []byte(lines), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// shown is the certificate that clients get for a name, verified where pool is not nil.
func (o *ordering) shown(name string, pool *x509.CertPool) (*x509.Certificate, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 30 * time.Second}, "tcp", o.secure, &tls.Config{ServerName: name, RootCAs: pool, InsecureSkipVerify: pool == nil})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// await waits until clients can verify a name's certificate.
func (o *ordering) await(name string, limit time.Duration) *x509.Certificate {
	o.t.Helper()
	pool := o.pebble.Pool(o.t)
	var cert *x509.Certificate
	var err error
	limit = lab.Patient(limit)
	if !lab.Within(limit, func() bool { cert, err = o.shown(name, pool); return err == nil }) {
		o.t.Fatalf("no certificate for %s within %s: %v", name, limit, err)
	}
	return cert
}

func TestACertificateComesByItself(t *testing.T) {
	o := newOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, "other.example/ service=web\n", "-redirect-https")
	if _, err := o.shown("shop.example", nil); err == nil {
		t.Error("there is a certificate before any was asked for")
	}
	o.write("shop.example/ service=web tls=acme\nother.example/ service=web\n")
	began := time.Now()
	o.await("shop.example", 30*time.Second)
	t.Logf("%s after the route", time.Since(began).Round(time.Millisecond))
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialTLSContext: (&tls.Dialer{Config: &tls.Config{ServerName: "shop.example", RootCAs: o.pebble.Pool(t)}}).DialContext}}
	r, _ := http.NewRequest(http.MethodGet, "https://"+o.secure+"/", nil)
	r.Host = "shop.example"
	if a, err := client.Do(r); err != nil || a.StatusCode != http.StatusOK {
		t.Errorf("%v %v", a, err)
	}
	if _, err := o.shown("other.example", nil); err == nil {
		t.Error("a route that does not ask has a certificate")
	}
	if code, text := status("http://" + o.admin + "/api/certificates"); code != 200 || !strings.Contains(text, `"shop.example"`) || !strings.Contains(text, `"in-use"`) {
		t.Errorf("%d %s", code, text)
	}
	if _, text := status("http://" + o.admin + "/metrics"); !strings.Contains(text, `pointsman_acme_certificate_expires_timestamp_seconds{name="shop.example"}`) ||
		!strings.Contains(text, `pointsman_acme_orders_total{result="issued"} 1`) {
		t.Error("the metrics do not tell of it")
	}
}

// A challenge that is none of ours is the application's, wherever the redirect stands; others are redirected as ever.
func TestOtherChallengesGoToTheRoutes(t *testing.T) {
	o := newOrdering(t, nil, "shop.example/ respond=200,mine\n")
	get := func() (int, string) {
		r, _ := http.NewRequest(http.MethodGet, "http://"+o.plain+"/.well-known/acme-challenge/unknown", nil)
		r.Host = "shop.example"
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer a.Body.Close()
		text, _ := io.ReadAll(a.Body)
		return a.StatusCode, string(text)
	}
	var code int
	var text string
	if !lab.Within(lab.Patient(10*time.Second), func() bool { code, text = get(); return code == 200 && text == "mine" }) {
		t.Errorf("%d %s", code, text)
	}
}

func TestACMEOptionsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-acme-email", "a@b.example"}, "needs -acme-dir"},
		{[]string{"-acme-dir", t.TempDir()}, "needs -tls-listen"},
		{[]string{"-acme-ca", "http://ca.example/dir"}, "https://"},
		{[]string{"-acme-email", "nobody"}, "want an address"},
		{[]string{"-acme-hosts", "a*b"}, "want host names"},
		{[]string{"-acme-dir", t.TempDir(), "-tls-listen", "127.0.0.1:0", "-acme-eab-id", "x"}, "go together"},
		{[]string{"-acme-dir", t.TempDir(), "-tls-listen", "127.0.0.1:0", "-acme-roots", "/nonexistent"}, "no such file"},
	} {
		if o := execute(t, binary, nil, append([]string{"proxy"}, c.args...)...); o.code != 2 || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: %d %s", c.args, o.code, o.stderr)
		}
	}
}
