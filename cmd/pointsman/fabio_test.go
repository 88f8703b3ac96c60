package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// registerFabios registers the services of testdata/fabio in Consul, each with an application of our own in place of its address, which
// answers with the service's name and the path that it was asked for.
func registerFabios(t *testing.T, c *lab.Consul) {
	t.Helper()
	files, err := filepath.Glob("testdata/fabio/*.json")
	if err != nil || len(files) != 4 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		var services []struct {
			Name string
			Tags []string
		}
		if err != nil || json.Unmarshal(text, &services) != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range services {
			app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, s.Name, " ", r.URL) }))
			if strings.Contains(strings.Join(s.Tags, " "), "proto=https") {
				app.StartTLS() // with a certificate that nobody trusts
			} else {
				app.Start()
			}
			t.Cleanup(app.Close)
			host, port := split(t, app.Listener.Addr().String())
			put(t, c, s.Name, host, port, s.Tags...)
		}
	}
}

// asked asks for http://host/path at an address, or https, and returns the answer's status with its text or its Location.
func asked(scheme, address, url string) string {
	host, path, _ := strings.Cut(url, "/")
	r, err := http.NewRequest(http.MethodGet, scheme+"://"+address+"/"+path, nil)
	if err != nil {
		return err.Error()
	}
	r.Host = host
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	a, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(a.Body)
	if to := a.Header.Get("Location"); to != "" {
		text = []byte(to)
	}
	return fmt.Sprint(a.StatusCode, " ", strings.TrimSpace(string(text)))
}

// What Fabio's users write does here what it does there: on real requests, with a real Consul between.
func TestFabiosTagsWorkAsTheyAre(t *testing.T) {
	c := lab.StartConsul(t)
	registerFabios(t, c)
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "shop.example.org")
	p, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key)
	secure := bound(t, p, "HTTPS")
	lab.Eventually(t, 10*time.Second, "the routes are there", func() bool { return asked("http", plain, "any/barn/a") == "200 barn /a" })
	for _, q := range []struct{ scheme, url, want string }{
		{"http", "any/barn", "200 barn /"},
		{"http", "silo.example.org/x", "200 silo /x"},
		{"http", "other.example.org/silo/x", "200 silo /silo/x"},
		{"http", "other.example.org/elsewhere", "200 front /elsewhere"},
		{"http", "mill.example.org:9999/", "200 mill /"},
		{"http", "mill.example.org/", "200 front /"},
		{"http", "mill.example.org:9998/", "200 front /"},

		{"http", "shop.example.org/a?q=1", "301 https://shop.example.org/a?q=1"},
		{"http", "shop.example.org:80/a", "301 https://shop.example.org/a"},
		{"https", "shop.example.org/a", "200 shop /a"},
		{"http", "old.example.org/x?q=1", "302 https://shop.example.org/archive/x?q=1"},

		{"http", "any/directory/a", "200 directory /a"},
		{"http", "any/tree", "200 tree /tree"},
		{"http", "any/leaf/a/b", "200 leaf /a/b"},
		{"http", "any/leaf", "200 front /leaf"},

		{"http", "mqtt.example.org/status", "200 mqtt /status"},
		{"http", "any:5432/", "200 front /"},
		{"http", "any/pack.Parcel", "200 front /pack.Parcel"},
	} {
		address := plain
		if q.scheme == "https" {
			address = secure
		}
		if got := asked(q.scheme, address, q.url); got != q.want {
			t.Errorf("%s://%s: %s, want %s", q.scheme, q.url, got, q.want)
		}
	}
	_, text := status("http://" + admin + "/api/routes")
	var view struct {
		Rejects []struct{ Tag, Verdict, Reason string }
	}
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, r := range view.Rejects {
		told[r.Verdict+" "+r.Tag] = strings.Contains(r.Reason, "later")
	}
	for _, tag := range []string{"urlprefix-:5432 proto=tcp", "urlprefix-:1883 proto=tcp", "urlprefix-/pack.Parcel proto=grpc"} {
		if !told["refused "+tag] {
			t.Errorf("%s: %v", tag, told)
		}
	}
	if len(told) != 3 {
		t.Errorf("more is refused than that: %v", told)
	}
}

// -tag-prefix, -matcher and -auth are Fabio's own settings: tags with another prefix are nobody's, and a scheme that is not known lets nobody in.
func TestFabiosSettings(t *testing.T) {
	c := lab.StartConsul(t)
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("anna:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"), 0o600); err != nil { // password
		t.Fatal(err)
	}
	host, port := instance(t, "one")
	put(t, c, "web", host, port, "int-urlprefix-a.example/*", "int-urlprefix-a.example/v[0-9]/*.js auth=people", "int-urlprefix-a.example/shut/* auth=others",
		"urlprefix-b.example/*", "my-int-urlprefix-c.example/*")
	_, address, _ := startProxy(t, nil, "-consul", c.HTTP, "-tag-prefix", "int-urlprefix-", "-matcher", "glob", "-auth", "name=people;type=basic;file="+users+";realm=Staff;refresh=15s")
	answers(t, address, "a.example", 200, "one")
	for url, want := range map[string]string{
		"a.example/v10/x.js": "200 one", "a.example/v1/x/y.js": "401", "a.example/v1/x.css": "200 one", "a.example/shut/x": "503",
		"b.example/": "404", "c.example/": "404",
	} {
		if got := asked("http", address, url); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/v1/x.js", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "a.example"
	for _, password := range []string{"password", "wrong"} {
		r.SetBasicAuth("anna", password)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if (a.StatusCode == 200) != (password == "password") || password == "wrong" && !strings.Contains(a.Header.Get("WWW-Authenticate"), `realm="Staff"`) {
			t.Errorf("%s: %s %v", password, a.Status, a.Header)
		}
	}
}

// What is wrong with these settings is told before anything is bound.
func TestFabiosSettingsAreChecked(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-tag-prefix", ""}, {"-tag-prefix", "a b"}, {"-tag-prefix", "pointsman."}, {"-tag-prefix", "t"}, {"-matcher", "iprefix"}, {"-matcher", ""},
		{"-auth", "name=a"}, {"-auth", "name=a;type=basic;file=/nonexistent"}, {"-auth", "name=a;type=external;file=" + users},
		{"-auth", "name=a;type=basic;file=" + users, "-auth", "name=a;type=basic;file=" + users}, {"-entrypoints", "web"},
	} {
		if o := execute(t, binary, nil, append([]string{"proxy"}, args...)...); o.code != exitUsage || !strings.Contains(o.stderr, args[0]) {
			t.Errorf("%q: exit code %d, %s", args, o.code, o.stderr)
		}
	}
}
