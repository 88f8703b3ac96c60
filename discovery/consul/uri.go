package consul

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Supported names the registry URIs that ParseURI takes, for messages.
const Supported = "consul://host:port, consul: (CONSUL_HTTP_ADDR), consul-tls://host:port, consul-unix:///path"

// ParseURI reads the registrator's registry URI and the CONSUL_* variables:
//
//	consul://host[:port]      that agent (port 80 when none is given), whatever CONSUL_HTTP_ADDR says; it names no transport,
//	                          so that CONSUL_HTTP_SSL decides, as it does for Registrator
//	consul: or consul://      CONSUL_HTTP_ADDR, else 127.0.0.1:8500
//	consul-tls://host:port    HTTPS, certificate checked against host
//	consul-unix:///path       a Unix socket
//
// The scheme's case does not matter. User information, path and query are ignored and stand in no error.
func ParseURI(uri string, getenv func(string) string) (Config, error) {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme == "" || bareHostPort(uri) {
		return Config{}, errors.New("bad adapter uri; supported: " + Supported)
	}
	switch parsed.Scheme { // url.Parse has lower-cased it
	case "consul":
		if parsed.Host == "" {
			return FromEnv(getenv)
		}
		return withHost(getenv, parsed.Host)
	case "consul-tls":
		return withTLS(getenv, parsed)
	case "consul-unix":
		if parsed.Path == "" || parsed.Host != "" {
			return Config{}, errors.New("consul-unix needs three slashes and a path: consul-unix:///path/to.sock")
		}
		config, err := FromEnv(without(getenv, "CONSUL_HTTP_ADDR", "CONSUL_HTTP_SSL"))
		config.Address = "unix://" + parsed.Path
		return config, err
	default:
		return Config{}, fmt.Errorf("unrecognized adapter %q; supported: %s", parsed.Scheme, Supported)
	}
}

// bareHostPort tells localhost:8500, which url.Parse takes for a URI of the scheme "localhost". "consul:" is none.
func bareHostPort(uri string) bool {
	_, rest, _ := strings.Cut(uri, ":")
	return rest != "" && !strings.HasPrefix(rest, "/")
}

func withHost(getenv func(string) string, host string) (Config, error) {
	config, err := FromEnv(without(getenv, "CONSUL_HTTP_ADDR"))
	if err != nil {
		return Config{}, err
	}
	config.Address = host
	return config, checkAuthority(host)
}

// withTLS takes the three certificate files and the credentials from the environment, and nothing that would weaken the
// check of the agent's certificate.
func withTLS(getenv func(string) string, parsed *url.URL) (Config, error) {
	if parsed.Host == "" {
		return Config{}, errors.New("consul-tls needs a host: consul-tls://host:port")
	}
	config, err := FromEnv(without(getenv, "CONSUL_HTTP_ADDR", "CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY", "CONSUL_CAPATH",
		"CONSUL_TLS_SERVER_NAME"))
	if err != nil {
		return Config{}, err
	}
	config.Address, config.TLS = parsed.Host, true
	return config, checkAuthority(parsed.Host)
}

func without(getenv func(string) string, hidden ...string) func(string) string {
	return func(name string) string {
		for _, h := range hidden {
			if name == h {
				return ""
			}
		}
		return getenv(name)
	}
}
