package consul

import (
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestParseURI(t *testing.T) {
	weak := env("CONSUL_HTTP_ADDR", "https://other:8501", "CONSUL_HTTP_SSL_VERIFY", "false", "CONSUL_CAPATH", "/ca",
		"CONSUL_TLS_SERVER_NAME", "x", "CONSUL_HTTP_TOKEN", "t0ken", "CONSUL_CACERT", "ca.pem", "CONSUL_HTTP_AUTH", "me:pa:ss")
	for _, c := range []struct {
		uri  string
		env  func(string) string
		want string // Config's String, or "" for an error
	}{
		{"consul://1.2.3.4:8500", env(), "http://1.2.3.4:8500"},
		{"CONSUL://1.2.3.4:8500", env(), "http://1.2.3.4:8500"},
		{"consul://host", env(), "http://host"},
		{"consul://[::1]:8500", env(), "http://[::1]:8500"},
		{"consul:", env(), "http://127.0.0.1:8500"},
		{"consul://", env(), "http://127.0.0.1:8500"},
		{"consul://", weak, "https://other:8501"},
		{"consul:", env("CONSUL_HTTP_ADDR", "unix:///c.sock"), "unix:///c.sock"},
		{"consul://host:1", weak, "http://host:1"},
		{"consul://host:1", env("CONSUL_HTTP_ADDR", "ftp://x"), "http://host:1"},
		{"consul://host:1", env("CONSUL_HTTP_SSL", "true"), "https://host:1"},
		{"consul://host:1", env("CONSUL_HTTP_SSL", "perhaps"), ""},
		{"consul://user:secret@host:1/secret?token=secret", env(), "http://host:1"},
		{"consul-tls://host:8501", weak, "https://host:8501"},
		{"consul-tls://", env(), ""},
		{"consul-unix:///run/consul.sock", weak, "unix:///run/consul.sock"},
		{"consul-unix://run/consul.sock", env(), ""},
		{"consul-unix://", env(), ""},
		{"consul:", env("CONSUL_HTTP_ADDR", "secret:secret:secret"), ""},
		{"localhost:8500", env(), ""},
		{"127.0.0.1:8500", env(), ""},
		{"consul:8500", env(), ""},
		{"", env(), ""},
		{"consul", env(), ""},
		{"etcd://user:secret@host:2379/p", env(), ""},
		{"consulkv://h:1/p", env(), ""},
		{"consul://ho st:1", env(), ""},
		{"consul://host:0", env(), ""},
		{"consul://host:65536", env(), ""},
		{"consul://user:secret@ho\nst:1", env(), ""},
	} {
		config, err := ParseURI(c.uri, c.env)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q was taken as %s", c.uri, config)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: the error tells a secret: %v", c.uri, err)
			}
			continue
		}
		if err != nil || config.String() != c.want || !config.Stale {
			t.Errorf("%q: %s, %v; want %s", c.uri, config, err, c.want)
		}
	}
	config, err := ParseURI("consul-tls://host:8501", weak)
	if err != nil || config.Insecure || config.CAPath != "" || config.ServerName != "" || config.CAFile != "ca.pem" ||
		config.Token != "t0ken" || config.Username != "me" || config.Password != "pa:ss" {
		t.Errorf("consul-tls: %+v, %v", config, err)
	}
	if _, err := ParseURI("etcd://h/", env()); err == nil || !strings.Contains(err.Error(), Supported) {
		t.Errorf("the error does not say what is supported: %v", err)
	}
}

func TestFromEnv(t *testing.T) {
	c, err := FromEnv(env("CONSUL_HTTP_ADDR", "h:1", "CONSUL_HTTP_TOKEN", "t", "CONSUL_HTTP_TOKEN_FILE", "/f",
		"CONSUL_HTTP_AUTH", "u:p:q", "CONSUL_HTTP_SSL", "1", "CONSUL_HTTP_SSL_VERIFY", "0", "CONSUL_CACERT", "ca",
		"CONSUL_CAPATH", "cap", "CONSUL_CLIENT_CERT", "cc", "CONSUL_CLIENT_KEY", "ck", "CONSUL_TLS_SERVER_NAME", "sn",
		"CONSUL_NAMESPACE", "n", "CONSUL_PARTITION", "p", "CONSUL_DATACENTER", "d"))
	c.Proxy = nil
	want := Config{Address: "h:1", TLS: true, Token: "t", TokenFile: "/f", Username: "u", Password: "p:q", CAFile: "ca",
		CAPath: "cap", CertFile: "cc", KeyFile: "ck", ServerName: "sn", Insecure: true, Namespace: "n", Partition: "p",
		Datacenter: "d", Stale: true}
	got, wanted := c, want
	got.Proxy, wanted.Proxy = nil, nil
	if err != nil || !sameConfig(got, wanted) {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, bad := range []string{"http://", "://x", "ftp://x", "unix://", "a b", "h:1:2", "h:x", "http://h\r\nX: y"} {
		if _, err := FromEnv(env("CONSUL_HTTP_ADDR", bad)); err == nil || !strings.HasPrefix(err.Error(), "CONSUL_HTTP_ADDR") {
			t.Errorf("address %q: %v", bad, err)
		}
	}
}

func TestAnAddressWithASchemeWinsOverTheEnvironment(t *testing.T) {
	tls, err := FromEnv(env("CONSUL_HTTP_ADDR", "other:8501", "CONSUL_HTTP_SSL", "true"))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"http://h:8500": "http://h:8500", "HTTP://h:8500": "http://h:8500", "https://h:8501": "https://h:8501",
		"h:8501": "https://h:8501", "unix:///c.sock": "unix:///c.sock",
	} {
		if got := tls.WithAddress(address).String(); got != want {
			t.Errorf("%s with CONSUL_HTTP_SSL: %s, want %s", address, got, want)
		}
	}
}

func sameConfig(a, b Config) bool {
	text := func(c Config) string {
		return strings.Join([]string{c.Address, c.Token, c.TokenFile, c.Username, c.Password, c.CAFile, c.CAPath, c.CertFile,
			c.KeyFile, c.ServerName, c.Namespace, c.Partition, c.Datacenter, c.Near}, "|")
	}
	return text(a) == text(b) && a.TLS == b.TLS && a.Insecure == b.Insecure && a.Stale == b.Stale
}

func FuzzParseURI(f *testing.F) {
	for _, seed := range []string{"consul://h:1", "consul:", "consul-tls://[::1]:2", "consul-unix:///s", "h:1", "consul://a@b/?c"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, uri, address string) {
		config, err := ParseURI(uri, env("CONSUL_HTTP_ADDR", address))
		if err != nil {
			return
		}
		if config.Check() != nil {
			t.Fatalf("%q gave an address that can't be used: %q", uri, config.Address)
		}
		if strings.ContainsAny(config.String(), "\r\n") && !strings.HasPrefix(config.String(), "unix://") {
			t.Fatalf("%q is not one line", config)
		}
	})
}
