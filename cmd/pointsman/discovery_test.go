package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// discoveryFiles writes what a demo with the discovery API needs, and a folder with what its clients do.
func discoveryFiles(t *testing.T) (options []string, client string, authority *fixture.Authority) {
	t.Helper()
	authority = fixture.NewAuthority(t, "test")
	ca, cert, key := authority.WriteFiles(t, t.TempDir(), authority.Issue(t, nil))
	client = t.TempDir()
	authority.WriteFiles(t, client, authority.Issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	return []string{"-discovery-cert", cert, "-discovery-key", key, "-discovery-client-ca", ca}, client, authority
}

// TestDiscoveryAnswersCurl asks as Docker's and Alibaba Cloud's users do.
func TestDiscoveryAnswersCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not here")
	}
	options, client, _ := discoveryFiles(t)
	p, _, admin := startDemo(t, append(options, "-discovery-listen", "127.0.0.1:0")...)
	url := "https://" + bound(t, p, "the discovery API") + "/services/web"
	curl := func(args ...string) (string, error) {
		cmd := exec.Command("curl", append([]string{"-sS", "--max-time", "10"}, args...)...)
		cmd.Dir = client
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	text, err := curl("--cacert", "ca.pem", "--cert", "cert.pem", "--key", "key.pem", url)
	var answer struct {
		Service    struct{ Extensions struct{ Scale int } }
		Containers map[string]struct{ Health string }
	}
	if err != nil || json.Unmarshal([]byte(text), &answer) != nil || answer.Service.Extensions.Scale != demoStart || len(answer.Containers) != demoStart {
		t.Errorf("%v: %s", err, text)
	}
	if text, err := curl("--cacert", "ca.pem", url); err == nil {
		t.Errorf("without a certificate: %s", text)
	}
	if text, err := curl("http://" + admin + "/services/web"); err != nil || !strings.Contains(text, `"health": "success"`) {
		t.Errorf("on the admin address: %v %s", err, text)
	}
}

func TestDiscoveryTellsOfAScaleWithinAMoment(t *testing.T) {
	options, dir, authority := discoveryFiles(t)
	p, _, admin := startDemo(t, append(options, "-discovery-listen", "127.0.0.1:0")...)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: authority.Pool()}}}
	a, err := client.Get("https://" + bound(t, p, "the discovery API") + "/services/web?watch=true")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	lines := bufio.NewReader(a.Body)
	containers := func() int {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Containers map[string]any }
		_ = json.Unmarshal([]byte(line), &answer)
		return len(answer.Containers)
	}
	if n := containers(); n != demoStart {
		t.Fatalf("%d containers", n)
	}
	for _, want := range []int{6, 2} {
		done := make(chan time.Time, 1)
		go func() {
			for containers() != want {
			}
			done <- time.Now()
		}()
		if o := execute(t, binary, nil, "scale", "-admin", admin, "web="+string(rune('0'+want))); o.code != 0 {
			t.Fatal(o.stderr)
		}
		scaled := time.Now()
		select {
		case at := <-done:
			t.Logf("%d containers are told %s after the command to scale had ended", want, at.Sub(scaled))
		case <-time.After(time.Minute):
			t.Fatalf("%d containers are not told", want)
		}
	}
	if err := p.Stop(5 * time.Second); err != nil { // who follows delays no end
		t.Error(err)
	}
}

func TestDiscoveryRefusesToBeOpen(t *testing.T) {
	options, _, _ := discoveryFiles(t)
	tls := options[:4] // without the authority
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{append([]string{"-discovery-listen", ":0"}, tls...), "needs -discovery-client-ca"},
		{append([]string{"-discovery-listen", "0.0.0.0:0"}, tls...), "needs -discovery-client-ca"},
		{append([]string{"-discovery-listen", "[::]:0"}, tls...), "needs -discovery-client-ca"},
		{[]string{"-discovery-listen", "10.0.0.1:0"}, "needs -discovery-client-ca"},
		{[]string{"-discovery-listen", "localhost.example.com:0"}, "needs -discovery-client-ca"},
		{[]string{"-discovery-listen", "x"}, "want host:port"},
		{[]string{"-discovery-client-ca", junk}, "need -discovery-listen"},
		{append([]string{"-discovery-listen", ""}, tls...), "need -discovery-listen"},
		{[]string{"-discovery-listen", ":0", "-discovery-client-ca", junk}, "needs -discovery-cert and -discovery-key"},
		{[]string{"-discovery-listen", "127.0.0.1:0", "-discovery-cert", junk}, "go together"},
		{append([]string{"-discovery-listen", ":0", "-discovery-client-ca", junk}, tls...), "there is no certificate"},
		{append([]string{"-discovery-listen", ":0", "-discovery-client-ca", "/nonexistent"}, tls...), "no such file"},
	} {
		o := execute(t, binary, nil, append([]string{"demo", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, c.args...)...)
		if o.code != 2 || !strings.Contains(o.stderr, c.want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%v: code %d, want 2 and %q in: %q", c.args, o.code, c.want, o.stderr)
		}
	}
	for name, args := range map[string][]string{"plain on loopback": {"-discovery-listen", "localhost:0"}, "TLS on loopback": append([]string{"-discovery-listen", "[::1]:0"}, tls...)} {
		p, _, _ := startDemo(t, args...)
		at := bound(t, p, "the discovery API")
		if !isLoopback(at) {
			t.Errorf("%s: at %s", name, at)
		}
		if name == "TLS on loopback" {
			continue
		}
		if code, text := status("http://" + at + "/services/web"); code != 200 {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
}
