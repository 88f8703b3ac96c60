package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

// What nginx-proxy's users write does here what it does there: from the containers' variables over a real Consul to real requests. Certificates are
// those of files; notes has one.
func TestNginxProxysVariablesWorkAsTheyAre(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	var complaints []string
	for _, file := range []string{"usual", "hosts", "paths", "proto"} {
		complaints = append(complaints, composition{file: "nginxproxy/" + file + ".yml", secure: map[string]int{"console": 8443, "trap": 80}}.register(t, c)...)
	}
	if !tells(complaints, "", "trap", "443", "VIRTUAL_PORT") {
		t.Errorf("nothing names the trap: %q", complaints)
	}
	cert, key := fixture.WriteCertificate(t, t.TempDir(), "notes.example.org")
	p, plain, admin := startProxy(t, nil, "-consul", c.HTTP, "-tls-listen", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-default-service", "notes")
	secure := bound(t, p, "HTTPS")
	lab.Eventually(t, 20*time.Second, "the routes are there", func() bool {
		return asked("http", plain, "home.example.org/x") == "200 root:80 /x" && asked("http", plain, "trap.example.org/") == "200 trap:80 /" && asked("https", secure, "notes.example.org/") == "200 notes:3000 /"
	})
	for _, q := range []request{
		{"https", "notes.example.org/a", "200 notes:3000 /a"}, {"http", "notes.example.org/a?b=c", "308 https://notes.example.org/a?b=c"},
		{"http", "charts.example.org/", "200 charts:9000 /"}, {"http", "other.example.org/", "200 notes:3000 /"},

		{"http", "atlas.example.org/", "200 atlas:8000 /"}, {"http", "www.atlas.example.org/", "200 atlas:8000 /"}, {"http", "maps.example.org/", "200 atlas:8000 /"},
		{"http", "multi.example.org/", "200 multi:80 /"},

		{"http", "home.example.org/sorter/a", "200 sorter:8989 /sorter/a"}, {"http", "home.example.org/wiki/a", "200 wiki:3000 /a"},
		{"http", "home.example.org/x", "200 root:80 /x"}, {"http", "home.example.org/wiki", "200 root:80 /wiki"},

		{"http", "console.example.org/", "200 console:8443 /"}, {"https", "console.example.org/", "200 console:8443 /"},
		{"http", "trap.example.org/", "200 trap:80 /"},
	} {
		if got := q.ask(plain, secure); got != q.want {
			t.Errorf("%s://%s: %s, want %s", q.scheme, q.url, got, q.want)
		}
	}
	for _, host := range []string{"atlas.example.org", "www.atlas.example.org", "maps.example.org"} {
		if all := addressesOf(t, admin, host); len(all) != 3 {
			t.Errorf("%s leads to %v", host, all)
		}
	}
	told := verdictsAt(t, admin)
	for _, want := range [][2]string{{"partly LETSENCRYPT_HOST", "-acme-dir"}, {"ignored LETSENCRYPT_EMAIL", "-acme-email"}, {"partly VIRTUAL_PROTO", "not verified"}, {"partly VIRTUAL_PROTO", "443"}} {
		if !tells(told, want[0], want[1]) {
			t.Errorf("%s is not told: %q", want[0], told)
		}
	}
	if n := strings.Count(p.Output(), `"tag":"LETSENCRYPT_EMAIL`); n != 1 {
		t.Errorf("LETSENCRYPT_EMAIL is logged %d times", n)
	}
}

// Of a container's environment exactly the variables of the language are published, and only where it asks for a route by them; labels of their
// names are none.
func TestWhichVariablesArePublished(t *testing.T) {
	container := func(env []string, labels map[string]string) registrator.Container {
		return registrator.Container{ID: strings.Repeat("a", 64), Name: "/shop", Image: "shop", Exposed: []string{"3000/tcp"}, NetworkMode: "front", Env: env, Labels: labels,
			State: registrator.State{Running: true, Status: "running"}, Networks: map[string]registrator.Network{"front": {IPAddress: "172.20.0.2"}}}
	}
	secrets := []string{"PATH=/bin", "DB_PASSWORD=hunter2", "VIRTUAL_HOSTS=hunter2", "virtual_host=hunter2", "LETSENCRYPT_TOKEN=hunter2", "ACME_EAB_HMAC_KEY=hunter2", "HSTS", "=hunter2", "traefik.enable=hunter2"}
	for name, c := range map[string]struct {
		env    []string
		labels map[string]string
		want   string
	}{
		"its variables":       {[]string{"VIRTUAL_HOST=a.io", "HTTPS_METHOD=nohttp", "VIRTUAL_HOST=b.io"}, nil, "3000: HSTS= HTTPS_METHOD=nohttp VIRTUAL_HOST=b.io"},
		"no host":             {[]string{"HTTPS_METHOD=nohttp", "CERT_NAME=hunter2", "NETWORK_ACCESS=internal"}, nil, ""},
		"a label":             {nil, map[string]string{"VIRTUAL_HOST": "a.io"}, ""},
		"both":                {[]string{"VIRTUAL_HOST=a.io"}, map[string]string{"VIRTUAL_HOST": "b.io", "com.github.nginx-proxy.nginx-proxy.keepalive": "1"}, "3000: HSTS= VIRTUAL_HOST=a.io com.github.nginx-proxy.nginx-proxy.keepalive=1"},
		"another port":        {[]string{"VIRTUAL_HOST=a.io", "VIRTUAL_PORT=8080"}, nil, "8080: HSTS= VIRTUAL_HOST=a.io VIRTUAL_PORT=8080"},
		"several lines":       {[]string{"VIRTUAL_HOST_MULTIPORTS=a.io:\nb.io:\n  /:\n    port: 9000\n"}, nil, `3000: HSTS= VIRTUAL_HOST_MULTIPORTS={"a.io":{"/":{"port":"3000"}},"b.io":{"/":{"port":"9000"}}}` + ` 9000: HSTS= VIRTUAL_HOST_MULTIPORTS={"a.io":{"/":{"port":"3000"}},"b.io":{"/":{"port":"9000"}}}`},
		"a password in a URL": {[]string{"VIRTUAL_HOST=http://u:hunter2@a.io"}, nil, "3000: HSTS= VIRTUAL_HOST=" + dialect.WithheldSecret},
	} {
		list, _ := registrationsOf(t, []registrator.Container{container(append(slices.Clone(secrets), c.env...), c.labels)})
		tags := map[string]string{}
		for _, r := range list {
			if len(r.Tags) > 0 {
				tags[fmt.Sprint(r.Port)] = strings.Join(r.Tags, " ")
			}
		}
		var got []string
		for _, port := range slices.Sorted(maps.Keys(tags)) {
			got = append(got, port+": "+tags[port])
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
	_, complaints := registrator.Desired(container(append(secrets, "VIRTUAL_HOST=a.io"), nil), nil, registrator.Options{Host: "host", Internal: true})
	if len(complaints) > 0 {
		t.Errorf("where nothing is carried: %v", complaints)
	}
}
