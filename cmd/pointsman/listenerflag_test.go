package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestListenersHaveNames(t *testing.T) {
	for _, c := range []struct{ args, names, printed string }{
		{"", "http", ":8080"},
		{"-listen :1", "http", ":1"},
		{"-listen internal=127.0.0.1:1", "internal", "internal=127.0.0.1:1"},
		{"-listen :1,internal=:2 -listen other=[::1]:3", "http internal other", ":1,internal=:2,other=[::1]:3"},
		{"-tls-listen :1 -tls-listen admin=:2", "http https admin", ":8080"},
		{"-tls-listen :1 -tls-listen=", "http", ":8080"},
	} {
		p, _ := proxyLine(t, nil, strings.Fields(c.args)...)
		if got := strings.Join(p.listenerNames(), " "); got != c.names || p.listen.String() != c.printed {
			t.Errorf("%s: %s, %s", c.args, got, p.listen.String())
		}
	}
	for _, bad := range []string{"", "=:1", "A=:1", "a b=:1", "a=", "a=1", ":1,", strings.Repeat("a", 64) + "=:1"} {
		if err := (&listeners{unnamed: "http"}).Set(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// A request is told by the name of the listener that it came by, whoever serves it, over whatever version.
func TestRoutesKnowTheListener(t *testing.T) {
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "t")
	file := filepath.Join(t.TempDir(), "routes")
	var lines string
	for _, name := range []string{"http", "inside", "https", "secret"} {
		lines += "/ listener=" + name + " respond=200," + name + "\n"
	}
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, engine := range []string{"auto", "std"} {
		p, _, _ := startDemo(t, "-engine", engine, "-listen", "inside=127.0.0.1:0", "-tls-listen", "127.0.0.1:0,secret=127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-routes-file", file)
		for _, m := range regexp.MustCompile(`"address":"([^"]+)","listener":"([a-z]+)"`).FindAllStringSubmatch(p.Output(), -1) {
			address, name := m[1], m[2]
			scheme := "http"
			if name == "https" || name == "secret" {
				scheme = "https"
			}
			for _, two := range []bool{false, true} {
				var protocols http.Protocols
				protocols.SetHTTP1(!two)
				protocols.SetHTTP2(two)
				protocols.SetUnencryptedHTTP2(two)
				transport := &http.Transport{Protocols: &protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
				a, err := (&http.Client{Transport: transport}).Get(scheme + "://" + address + "/")
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(a.Body)
				_ = a.Body.Close()
				transport.CloseIdleConnections()
				if got := strings.TrimSpace(string(body)); got != name || (a.ProtoMajor == 2) != two {
					t.Errorf("%s, %s, %s: %s %q", engine, name, a.Proto, a.Status, got)
				}
			}
		}
		if n := strings.Count(p.Output(), `"listener":`); n != 4 {
			t.Errorf("%d listeners: %s", n, p.Output())
		}
	}
}
