package main

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/examples/lab"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newSecret(t *testing.T) string {
	t.Helper()
	return secretFile(t, rand.Text()+rand.Text()+"\n")
}

// lockIn has the lock of a name in Consul.
func lockIn(t *testing.T, agent *lab.Consul, lock string) (unlock func() error) {
	t.Helper()
	store, err := consul.NewStore(consul.Options{Config: consul.Config{Address: agent.HTTP}})
	if err != nil {
		t.Fatal(err)
	}
	_, release, err := store.Lock(t.Context(), "acme/locks/"+lock)
	if err != nil {
		t.Fatal(err)
	}
	return func() error { return release(context.WithoutCancel(t.Context())) }
}

// shopLine is a route that asks for a certificate.
const shopLine = "shop.example/ respond=200,ok tls=acme\n"

// twoOverConsul are two proxies that are frozen while they wait for the lock of a name. The CA asks the other one.
func twoOverConsul(t *testing.T) (one, other *ordering) {
	t.Helper()
	agent := lab.StartConsul(t)
	other = prepareOrdering(t, nil, "\n")
	other.over, other.secret = agent, newSecret(t)
	another := *other
	one = &another
	one.plain, one.secure, one.lines = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "routes")
	one.write("\n")
	one.start()
	one.secure = bound(t, one.Process, "HTTPS")
	other.start()
	u, err := url.Parse(one.pebble.Directory)
	if err != nil {
		t.Fatal(err)
	}
	unlock := lockIn(t, agent, "certificate-"+certmagic.StorageKeys.Safe(u.Host+"-dir")+"-shop.example")
	for _, o := range []*ordering{one, other} {
		o.write(shopLine)
		lab.Eventually(t, 10*time.Second, "it waits for the lock", func() bool {
			_, text := status("http://" + o.admin + "/api/certificates")
			return strings.Contains(text, "ordering")
		})
		o.Freeze()
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	one.Thaw()
	lab.Eventually(t, 30*time.Second, "an order", func() bool { return one.pebble.Orders() == 1 })
	return one, other
}

func TestTwoProxiesOverOneConsulOrderOnce(t *testing.T) {
	t.Parallel()
	one, other := twoOverConsul(t)
	other.Thaw()
	a := other.await("shop.example", time.Minute)
	if b := one.await("shop.example", 10*time.Second); !a.Equal(b) {
		t.Error("they have got certificates of their own")
	}
	if n := one.pebble.Orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
	var keys []struct {
		Key   string
		Value []byte
	}
	if err := one.over.Get("/v1/kv/pointsman/acme/?recurse", &keys); err != nil {
		t.Fatal(err)
	}
	certificate := false
	for _, k := range keys {
		certificate = certificate || strings.HasPrefix(k.Key, "pointsman/acme/certificates/")
		if strings.Contains(string(k.Value), "PRIVATE KEY") || strings.Contains(string(k.Value), "location") {
			t.Errorf("%s is not sealed", k.Key)
		}
	}
	if !certificate {
		t.Errorf("%d keys, and no certificate", len(keys))
	}
}

// The one that holds the lock and orders is killed: its session ends, and the other one finishes.
func TestTheProxyThatOrdersOverConsulIsKilled(t *testing.T) {
	t.Parallel()
	one, other := twoOverConsul(t)
	one.Kill()
	other.Thaw()
	began := time.Now()
	other.await("shop.example", time.Minute)
	t.Logf("%s after the kill", time.Since(began).Round(time.Second))
}

// A value that is corrupt is ordered anew. With a lost secret nothing is, and the log says what is wrong. A proxy that runs needs neither.
func TestTheStoreInConsulIsBroken(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	o := prepareOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, shopLine)
	o.over, o.secret = agent, newSecret(t)
	o.start()
	first := o.await("shop.example", 30*time.Second)
	var keys []string
	if err := agent.Get("/v1/kv/pointsman/acme/certificates/?keys", &keys); err != nil || len(keys) != 1 {
		t.Fatalf("%s %v", keys, err)
	}
	if err := agent.PutKey(keys[0], "junk"); err != nil {
		t.Fatal(err)
	}
	if c, err := o.shown("shop.example", o.pebble.Pool(t)); err != nil || !c.Equal(first) {
		t.Errorf("what is in memory does not serve on: %v", err)
	}
	o.Kill()
	o.start()
	if !o.Says(30*time.Second, "a stored certificate can't be used") {
		t.Error("the log does not say that the value is corrupt")
	}
	second := o.await("shop.example", 30*time.Second)
	orders := o.pebble.Orders()

	lost := *o
	lost.plain, lost.secure, lost.secret = "127.0.0.1:0", "127.0.0.1:0", newSecret(t)
	lost.start()
	if !lost.Says(30*time.Second, "sealed with another secret") || !lost.Says(30*time.Second, "none is ordered") {
		t.Error("the log does not say that the secret is another one")
	}
	agent.Kill()
	if c, err := o.shown("shop.example", o.pebble.Pool(t)); err != nil || !c.Equal(second) {
		t.Errorf("without Consul what is in memory does not serve on: %v", err)
	}
	if n := o.pebble.Orders(); n != orders {
		t.Errorf("%d orders with a lost secret", n-orders)
	}
}

func TestACMEOptionsThatDoNotFitConsul(t *testing.T) {
	secret, folder := newSecret(t), t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"proxy", "-acme-consul"}, "needs -tls-listen"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-acme-consul"}, "needs -secret-file"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-acme-consul", "-secret-file", secretFile(t, "hunter2")}, "fewer than 32"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-acme-consul", "-secret-file", "/nonexistent"}, "no such file"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-acme-consul", "-secret-file", secret, "-acme-dir", folder}, "exclude each other"},
		{[]string{"proxy", "-tls-listen", "127.0.0.1:0", "-acme-dir", folder, "-secret-file", secret}, "needs -acme-consul"},
		{[]string{"proxy", "-secret-file", secret}, "needs -acme-dir or -acme-consul"},
		{[]string{"run", "-tls-listen", "127.0.0.1:0", "-acme-consul", "-secret-file", secret}, "needs -consul; nobody shares the embedded catalogue, and -acme-dir"},
	} {
		if o := execute(t, binary, nil, c.args...); o.code != 2 || !strings.Contains(o.stderr, c.want) || strings.Contains(o.stderr, "hunter2") {
			t.Errorf("%v: %d %s", c.args, o.code, o.stderr)
		}
	}
}
