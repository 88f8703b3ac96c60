package consul

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/pointsman/pointsman/discovery/outside"
)

// DefaultAddress is where an agent listens when nobody says otherwise.
const DefaultAddress = "127.0.0.1:8500"

// Config says how to reach an agent. The zero Config is plain HTTP to DefaultAddress, without stale reads.
type Config struct {
	// Address is host:port, host (port 80, or 443 with TLS), http://…, https://…[/prefix] or unix:///path; "" is
	// DefaultAddress.
	Address string
	// TLS speaks HTTPS even when Address does not say so. It is CONSUL_HTTP_SSL.
	TLS bool

	Token string
	// TokenFile, when set, wins over Token; it is read again when it changes. While it can't be read, the last token stays.
	TokenFile          string
	Username, Password string // HTTP basic authentication; none when both are empty

	CAFile, CAPath, CertFile, KeyFile, ServerName string
	Insecure                                      bool // do not verify the agent's certificate

	Namespace, Partition, Datacenter string
	// Stale lets any server answer, not only the leader; what is read may then be some milliseconds older, and goes on
	// being answered while there is no leader. FromEnv and ParseURI set it.
	Stale bool
	// Near sorts by distance from that node ("_agent" for the agent's own). It turns Consul's streaming off.
	Near string

	// Proxy chooses a proxy for a request, as in net/http.Transport; nil uses none. FromEnv sets it.
	Proxy func(*http.Request) (*url.URL, error)
}

// FromEnv reads the standard CONSUL_* variables and the proxy variables. getenv is os.Getenv or a test's stand-in. A value
// that can't be understood is an error that names the variable, and not its value.
func FromEnv(getenv func(string) string) (Config, error) {
	c := Config{
		Address:    getenv("CONSUL_HTTP_ADDR"),
		Token:      getenv("CONSUL_HTTP_TOKEN"),
		TokenFile:  getenv("CONSUL_HTTP_TOKEN_FILE"),
		CAFile:     getenv("CONSUL_CACERT"),
		CAPath:     getenv("CONSUL_CAPATH"),
		CertFile:   getenv("CONSUL_CLIENT_CERT"),
		KeyFile:    getenv("CONSUL_CLIENT_KEY"),
		ServerName: getenv("CONSUL_TLS_SERVER_NAME"),
		Namespace:  getenv("CONSUL_NAMESPACE"),
		Partition:  getenv("CONSUL_PARTITION"),
		Datacenter: getenv("CONSUL_DATACENTER"),
		Stale:      true,
		Proxy:      proxyFrom(getenv),
	}
	c.Username, c.Password, _ = strings.Cut(getenv("CONSUL_HTTP_AUTH"), ":")
	var err error
	if c.TLS, err = boolean(getenv, "CONSUL_HTTP_SSL", false); err != nil {
		return Config{}, err
	}
	verify, err := boolean(getenv, "CONSUL_HTTP_SSL_VERIFY", true)
	if err != nil {
		return Config{}, err
	}
	c.Insecure = !verify
	if _, err := c.parsed(); err != nil {
		return Config{}, fmt.Errorf("CONSUL_HTTP_ADDR: %w", err)
	}
	return c, nil
}

// WithAddress is c for an agent that somebody named outside of the environment: a scheme in the address then wins over
// CONSUL_HTTP_SSL, which decides only for an address without one.
func (c Config) WithAddress(address string) Config {
	c.Address = address
	if strings.Contains(address, "://") {
		c.TLS = false
	}
	return c
}

func proxyFrom(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(name string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return getenv(strings.ToLower(name))
	}
	choose := (&httpproxy.Config{
		HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY"),
	}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}

func boolean(getenv func(string) string, name string, otherwise bool) (bool, error) {
	text := getenv(name)
	if text == "" {
		return otherwise, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s is neither true nor false", name)
	}
	return value, nil
}

// String names the agent for people, without user names, passwords or tokens.
func (c Config) String() string {
	p, err := c.parsed()
	if err != nil {
		return "an invalid address"
	}
	return p.String()
}

// HostPort is where the agent listens, by name or address; ok is false for a Unix socket.
func (c Config) HostPort() (host, port string, ok bool) {
	p, err := c.parsed()
	if err != nil || p.socket != "" {
		return "", "", false
	}
	host, port, err = net.SplitHostPort(p.host)
	if err != nil {
		host, port = strings.Trim(p.host, "[]"), map[string]string{"http": "80", "https": "443"}[p.scheme]
	}
	return host, port, true
}

// AddrPort is where the agent listens, as far as Address says so without a look-up.
func (c Config) AddrPort() (at netip.AddrPort, ok bool) {
	host, port, ok := c.HostPort()
	if !ok {
		return at, false
	}
	ip, ok := outside.ParseLiteral(host)
	n, err := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), ok && err == nil
}

// Check tells whether the Address can be used, before anything is opened.
func (c Config) Check() error {
	_, err := c.parsed()
	return err
}

// agentAddress is an agent's address taken apart.
type agentAddress struct {
	scheme, host, prefix string
	socket               string // path of a Unix socket, or ""
}

func (p agentAddress) String() string {
	if p.socket != "" {
		return "unix://" + p.socket
	}
	return p.scheme + "://" + p.host + p.prefix
}

func (c Config) parsed() (agentAddress, error) {
	text := c.Address
	if text == "" {
		text = DefaultAddress
	}
	p := agentAddress{scheme: "http"}
	scheme, rest, has := strings.Cut(text, "://")
	switch {
	case !has:
		rest = text
	case strings.EqualFold(scheme, "unix"):
		if rest == "" {
			return agentAddress{}, errors.New("the Unix socket has no path")
		}
		return agentAddress{scheme: "http", host: "localhost", socket: rest}, nil
	case strings.EqualFold(scheme, "https"):
		p.scheme = "https"
	case !strings.EqualFold(scheme, "http"):
		return agentAddress{}, errors.New("the scheme is none of http, https, unix")
	}
	if c.TLS {
		p.scheme = "https"
	}
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if path = strings.Trim(path, "/"); path != "" {
		p.prefix = "/" + path
	}
	p.host = authority[strings.LastIndexByte(authority, '@')+1:]
	return p, checkAuthority(p.host)
}

// checkAuthority takes host, host:port and [ipv6]:port, and nothing that could split a request line.
func checkAuthority(authority string) error {
	bad := errors.New("the address is not host:port")
	host, port := authority, ""
	if strings.HasPrefix(authority, "[") && strings.HasSuffix(authority, "]") {
		authority += ":80"
	}
	if strings.Contains(authority, ":") {
		var err error
		if host, port, err = net.SplitHostPort(authority); err != nil {
			return bad
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return bad
		}
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("/?#@%\\\"<>", r) }) {
		return bad
	}
	return nil
}
