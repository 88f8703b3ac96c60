package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// What can't be read, or is misspelt, is refused before anything is bound.
func TestUpstreamTLSFlags(t *testing.T) {
	authority := fixture.NewAuthority(t, "one")
	ca, cert, key := authority.WriteFiles(t, t.TempDir(), authority.Issue(t, nil))
	for _, c := range []struct{ ca, cert, want string }{
		{"a=" + ca, "p=" + cert + "," + key, ""},
		{"a=" + ca + " b=" + ca, "", ""},
		{"a=" + ca + " a=" + ca, "", "twice"},
		{"a", "", "want NAME=FILE"},
		{"", "p=" + cert, "want NAME=CERT,KEY"},
		{"A/b=" + ca, "", "want NAME=FILE"},
		{"a=" + key, "", "-upstream-ca a"},
		{"", "p=" + ca + "," + key, "-upstream-cert p"},
		{"", "p=" + cert + "," + cert + ".none", "-upstream-cert p"},
	} {
		f := newFlags(program{}, "proxy", "", "")
		var u upstreamTLSFlags
		u.register(f)
		var err error
		if c.ca != "" {
			err = u.cas.Set(c.ca)
		}
		if c.cert != "" && err == nil {
			err = u.certs.Set(c.cert)
		}
		if err == nil {
			err = u.check()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	u := upstreamTLSFlags{cas: namedFiles{list: []namedFile{{"a", []string{ca}}}}, certs: namedFiles{list: []namedFile{{"p", []string{cert, key}}}}}
	var a actors
	cas, shown, err := u.load(&a, zerolog.Nop())
	if err != nil || cas["a"].Pool() == nil || shown["p"].Present() == nil || len(a.files) != 2 {
		t.Errorf("%v %v %v, %d files to read again", cas, shown, err, len(a.files))
	}
}

// The program honours ca= and client-cert= of routes with both engines, the health checks of the proxy too.
func TestRoutesTrustWhatTheOperatorNames(t *testing.T) {
	authority := fixture.NewAuthority(t, "one")
	ca, cert, key := authority.WriteFiles(t, t.TempDir(), authority.Issue(t, nil))
	checks := make(chan bool, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			select {
			case checks <- true:
			default:
			}
		}
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}, ClientCAs: authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "routes")
	to := "to=" + srv.Listener.Addr().String() + " proto=https "
	write(t, file, "/good "+to+"ca=one client-cert=mine health-check=/up\n/bare "+to+"ca=one\n/system "+to+"client-cert=mine\n/none "+to+"ca=two\n")
	for _, engine := range []string{"auto", "std"} {
		p, _, _ := startDemo(t, "-engine", engine, "-listen", "127.0.0.1:0", "-routes-file", file, "-upstream-ca", "one="+ca, "-upstream-cert", "mine="+cert+","+key)
		web := "http://" + bound(t, p, "HTTP")
		for path, want := range map[string]int{"/good": 200, "/bare": 503, "/system": 503, "/none": 503} {
			lab.Eventually(t, 30*time.Second, fmt.Sprint(engine, " ", path, " answers ", want), func() bool { code, _ := status(web + path); return code == want })
		}
		if !strings.Contains(p.Output(), "there is no -upstream-ca of that name (there are one)") {
			t.Errorf("nobody was told why /none is closed: %s", p.Output())
		}
		select {
		case <-checks:
		case <-time.After(30 * time.Second):
			t.Error("no health check got through")
		}
	}
}
