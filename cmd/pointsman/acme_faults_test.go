package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs/storage"
)

// keep puts a certificate for a name into the folder, as if it had been ordered long ago. It is due to be renewed.
func (o *ordering) keep(name string, until time.Time) *x509.Certificate {
	o.t.Helper()
	u, err := url.Parse(o.pebble.Directory)
	if err != nil {
		o.t.Fatal(err)
	}
	chain, key := fixture.PEM(o.t, until, name)
	file := filepath.Join(o.folder, "certificates", certmagic.StorageKeys.Safe(u.Host+"-dir"), name+".pem")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(file, append(chain, key...), 0o600); err != nil {
		o.t.Fatal(err)
	}
	block, _ := pem.Decode(chain)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		o.t.Fatal(err)
	}
	return cert
}

// A certificate is renewed before it ends, no handshake fails meanwhile, and the next start has the new one.
func TestACertificateIsRenewed(t *testing.T) {
	t.Parallel()
	o := prepareOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, "shop.example/ service=web tls=acme\n")
	old := o.keep("shop.example", time.Now().Add(24*time.Hour))
	o.start()
	var renewed *x509.Certificate
	var first error
	served := false
	if !lab.Within(2*time.Minute, func() bool {
		c, err := o.shown("shop.example", nil)
		if err != nil { // before the folder was read there is none
			if served && first == nil {
				first = err
			}
			return false
		}
		served, renewed = true, c
		return !c.Equal(old)
	}) {
		t.Fatal("not renewed")
	}
	if first != nil {
		t.Errorf("before it was renewed: %v", first)
	}
	o.Kill()
	orders := o.pebble.Orders()
	o.start()
	if c := o.await("shop.example", time.Minute); !c.Equal(renewed) || o.pebble.Orders() != orders {
		t.Error("another certificate after the start")
	}
}

// failedOrders are two or more.
var failedOrders = regexp.MustCompile(`pointsman_acme_orders_total\{result="failed"\} ([2-9]|\d\d)`)

// While the CA is down the old certificate serves on, even past its end, and one line says so. A CA that has forgotten us gets another account.
func TestTheCAIsDown(t *testing.T) {
	t.Parallel()
	o := newOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, "first.example/ service=web tls=acme\n")
	o.await("first.example", time.Minute) // with an account
	o.Kill()
	o.pebble.Kill()
	old := o.keep("shop.example", time.Now().Add(-time.Minute))
	o.write("shop.example/ service=web tls=acme\nnew.example/ service=web tls=acme\n")
	o.start()
	lab.Eventually(t, 2*time.Minute, "two failures", func() bool {
		_, text := status("http://" + o.admin + "/metrics")
		return failedOrders.MatchString(text)
	})
	if c, err := o.shown("shop.example", nil); err != nil || !c.Equal(old) {
		t.Errorf("the old one does not serve on: %v", err)
	}
	if n := strings.Count(o.Output(), "the CA issues no certificates"); n != 1 {
		t.Errorf("%d lines", n)
	}
	o.pebble.Start()
	o.pebble.Await(t)
	o.await("shop.example", 5*time.Minute) // by then as the back-off has it
	o.await("new.example", 5*time.Minute)
}

// Of two proxies over one folder one orders, and the other answers what the CA asks it.
func TestTwoProxiesOrderOnce(t *testing.T) {
	t.Parallel()
	one, other := twoOrderings(t)
	one.Thaw()
	lab.Eventually(t, 30*time.Second, "an order", func() bool { return one.pebble.Orders() == 1 })
	other.Thaw()
	a := other.await("shop.example", time.Minute)
	if b := one.await("shop.example", 10*time.Second); !a.Equal(b) {
		t.Error("they have got certificates of their own")
	}
	if n := one.pebble.Orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// The one that orders is killed in the middle: the other one finishes.
func TestTheProxyThatOrdersIsKilled(t *testing.T) {
	t.Parallel()
	one, other := twoOrderings(t)
	one.Thaw()
	lab.Eventually(t, 30*time.Second, "an order", func() bool { return one.pebble.Orders() == 1 })
	one.Kill()
	other.Thaw()
	began := time.Now()
	other.await("shop.example", time.Minute)
	t.Logf("%s after the kill", time.Since(began).Round(time.Second))
}

// twoOrderings are two proxies that wait, frozen, for the lock of a name. The CA asks the other one.
func twoOrderings(t *testing.T) (one, other *ordering) {
	t.Helper()
	other = newOrdering(t, nil, "\n")
	another := *other
	one = &another
	one.plain, one.secure, one.lines = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "routes")
	one.write("\n")
	one.start()
	one.secure = bound(t, one.Process, "HTTPS")
	locks, err := storage.NewFolder(one.folder)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(one.pebble.Directory)
	if err != nil {
		t.Fatal(err)
	}
	lock := "certificate-" + certmagic.StorageKeys.Safe(u.Host+"-dir") + "-shop.example"
	if err := locks.Lock(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*ordering{one, other} {
		o.write("shop.example/ service=web tls=acme\n")
		lab.Eventually(t, 10*time.Second, "it waits for the lock", func() bool {
			_, text := status("http://" + o.admin + "/api/certificates")
			return strings.Contains(text, "ordering")
		})
		o.Freeze()
	}
	if err := locks.Unlock(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	return one, other
}

// What can't be ordered is said, and asked for rarely; what no route wants is not ordered, whoever asks for it by name.
func TestNamesThatAreNotOrdered(t *testing.T) {
	t.Parallel()
	o := newOrdering(t, func(p *lab.PebbleOptions) {
		p.Quick, p.Blocked = true, []string{"blocked.example"}
		p.Accounts = map[string]string{"ours": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}
	}, "blocked.example/ service=web tls=acme\noutside.test/ service=web tls=acme\nplain.example/ service=web\n",
		"-acme-hosts", "*.example", "-acme-eab-id", "ours", "-acme-eab-key-file", secretFile(t, "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n"))
	for _, name := range []string{"plain.example", "unknown.example", "outside.test"} {
		if _, err := o.shown(name, nil); err == nil {
			t.Errorf("%s has a certificate", name)
		}
	}
	lab.Eventually(t, 30*time.Second, "the name that is blocked is said", func() bool {
		return strings.Contains(o.Output(), "a certificate could not be ordered") && strings.Contains(o.Output(), "rejectedIdentifier")
	})
	_, text := status("http://" + o.admin + "/api/certificates")
	for _, want := range []string{"rejectedIdentifier", "-acme-hosts", `"refused"`, `"waiting"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(text, "plain.example") || strings.Contains(text, "unknown.example") || o.pebble.Orders() > 0 {
		t.Errorf("%d orders, %s", o.pebble.Orders(), text)
	}
	asked := strings.Count(o.pebble.Output(), "POST /order-plz")
	o.Kill()
	o.start() // which leaves the name alone as long as the process before would have
	lab.Eventually(t, 30*time.Second, "the failure of before is said", func() bool {
		return strings.Contains(o.Output(), "a certificate could not be ordered")
	})
	if n := strings.Count(o.pebble.Output(), "POST /order-plz"); n != asked || asked == 0 {
		t.Errorf("%d orders before the start, %d after it", asked, n-asked)
	}
	if strings.Contains(o.Output(), "zWNDZM6e") {
		t.Error("the key of the account is in the log")
	}
}

// A folder that can't be written to costs no order; one with junk in it costs the names of the junk.
func TestTheFolderIsBroken(t *testing.T) {
	t.Parallel()
	o := newOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, "shop.example/ service=web tls=acme\n")
	o.await("shop.example", 30*time.Second)
	o.Kill()
	kept, _ := filepath.Glob(filepath.Join(o.folder, "certificates", "*", "shop.example.pem"))
	if len(kept) != 1 {
		t.Fatalf("%v", kept)
	}
	if at, err := os.Stat(kept[0]); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", at, err)
	}
	if err := os.WriteFile(kept[0], []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	accounts, _ := filepath.Glob(filepath.Join(o.folder, "accounts", "*", "*.json"))
	if len(accounts) != 1 {
		t.Fatalf("%v", accounts)
	}
	if err := os.WriteFile(accounts[0], []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	checks := filepath.Join(o.folder, "checks")
	if err := os.RemoveAll(checks); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(checks, nil, 0o600); err != nil { // as a full disk: nothing can be tried out
		t.Fatal(err)
	}
	orders := o.pebble.Orders()
	o.start()
	for _, want := range []string{"a stored certificate can't be used", "the storage of certificates can't be used"} {
		if !o.Says(30*time.Second, want) {
			t.Errorf("the log does not say that %s", want)
		}
	}
	if n := o.pebble.Orders(); n != orders {
		t.Errorf("%d orders that could not be kept", n-orders)
	}
	if err := os.Remove(checks); err != nil {
		t.Fatal(err)
	}
	o.await("shop.example", time.Minute)
	for _, want := range []string{"can be used again", "the stored account with the CA can't be used: another one is made"} {
		if !strings.Contains(o.Output(), want) {
			t.Errorf("the log does not say that %s", want)
		}
	}
}
