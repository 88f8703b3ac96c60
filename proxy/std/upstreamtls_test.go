package std

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/certs"
)

// secured is an instance that tells who has shown it a certificate.
func secured(t *testing.T, shown tls.Certificate, clients *fixture.Authority) net.Addr {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if list := r.TLS.PeerCertificates; len(list) > 0 {
			who = list[0].SerialNumber.String()
		}
		fmt.Fprint(w, r.RemoteAddr, " ", who)
	}))
	srv.Config.ErrorLog = quiet(zerolog.Nop())
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{shown}, ClientCAs: clients.Pool(), ClientAuth: tls.VerifyClientCertIfGiven}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr()
}

// An instance is trusted by the authorities that its route names and by no others, is shown the certificate that it names, and no connection
// of one route ever serves another that trusts or shows something else. Changed files are followed.
func TestTrustTowardsInstances(t *testing.T) {
	one, two, clients := fixture.NewAuthority(t, "one"), fixture.NewAuthority(t, "two"), fixture.NewAuthority(t, "clients")
	ofOne := one.Issue(t, nil)
	first, second := clients.Issue(t, nil), clients.Issue(t, nil)
	dirs := [4]string{t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()}
	fileOne, _, _ := one.WriteFiles(t, dirs[0], ofOne)
	fileTwo, _, _ := two.WriteFiles(t, dirs[1], two.Issue(t, nil))
	_, cert1, key1 := clients.WriteFiles(t, dirs[2], first)
	_, cert2, key2 := clients.WriteFiles(t, dirs[3], second)
	cas, shown := map[string]balancer.Authorities{}, map[string]balancer.Certificate{}
	reload := map[string]func() (bool, error){}
	for name, file := range map[string]string{"one": fileOne, "two": fileTwo} {
		a, err := certs.NewAuthorities(file, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		cas[name], reload[name] = a, a.Reload
	}
	for name, files := range map[string][2]string{"first": {cert1, key1}, "second": {cert2, key2}} {
		p, err := certs.NewPair(files[0], files[1], zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		shown[name], reload[name] = p, p.Reload
	}
	at := secured(t, ofOne, clients)
	tags := []string{
		"open proto=https tlsskipverify=true", "system proto=https", "one proto=https ca=one", "two proto=https ca=two",
		"named proto=https ca=one servername=other.test", "first proto=https ca=one client-cert=first", "second proto=https ca=one client-cert=second",
		"unknown proto=https ca=three", "plain ca=one",
	}
	for i, tag := range tags {
		tags[i] = "pointsman.route=/" + tag
	}
	r := newRig(t, rigOptions{CAs: cas, Certs: shown}, fixture.At(at, tags...))
	cl := fixture.Client(t)
	ask := func(path string) (code int, from, who string) {
		resp, err := cl.Get(r.url("/" + path))
		code, body := read(t, resp, err)
		from, who, _ = strings.Cut(body, " ")
		return code, from, who
	}
	by := map[string]string{} // connection -> route
	for range 3 {
		for path, want := range map[string]string{
			"open": "nobody", "system": "", "one": "nobody", "two": "", "named": "", "first": first.Leaf.SerialNumber.String(),
			"second": second.Leaf.SerialNumber.String(), "unknown": "", "plain": "",
		} {
			code, from, who := ask(path)
			if want == "" {
				if code != http.StatusServiceUnavailable {
					t.Errorf("%s: %d, want 503", path, code)
				}
				continue
			}
			if code != http.StatusOK || who != want {
				t.Errorf("%s: %d, shown %s, want %s", path, code, who, want)
			}
			if other := by[from]; other != "" && other != path {
				t.Errorf("a connection of %s serves %s", other, path)
			}
			by[from] = path
		}
	}
	if len(by) != 4 {
		t.Errorf("%d connections of 4 routes: they are not kept", len(by))
	}
	// The certificate changes: kept connections of the old one carry nothing more.
	clients.WriteFiles(t, dirs[2], second)
	if changed, err := reload["first"](); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if code, _, who := ask("first"); code != 200 || who != second.Leaf.SerialNumber.String() {
		t.Errorf("after the change: %d, shown %s", code, who)
	}
	// The authority is taken out: what it vouched for is trusted no longer, over kept connections neither.
	text, err := os.ReadFile(fileTwo)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fileOne, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := reload["one"](); err != nil || !changed {
		t.Fatal(changed, err)
	}
	for _, path := range []string{"one", "first", "second"} {
		if code, _, _ := ask(path); code != http.StatusServiceUnavailable {
			t.Errorf("%s, whose authority is gone: %d, want 503", path, code)
		}
	}
	if code, _, _ := ask("open"); code != 200 {
		t.Errorf("a route that trusts anybody: %d", code)
	}
	one.WriteFiles(t, dirs[0], ofOne)
	if _, err := reload["one"](); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if code, _, _ := ask("one"); code == 200 {
			break
		} else if time.Since(begun) > time.Minute {
			t.Fatal("not trusted again")
		}
	}
}
