package main

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// proxyFlags are the proxy's options; run and demo share most of them.
type proxyFlags struct {
	log logFlags

	listen, tlsListen              listeners
	admin, status                  address
	discovery                      discoveryFlags
	tls                            tlsFlags
	upstreamTLS                    upstreamTLSFlags
	acme                           acmeFlags
	adminHost, adminToken          string
	redirectHTTPS, exclusive       bool
	httpsPort                      portNumber // "" is to be found out
	consul, consulNear, consulDC   string
	consulStale                    bool
	routes                         choice
	registeredPath                 bool
	registeredTag                  string
	fabioKV                        kvKey
	balance                        balancing
	zone                           zone
	zoneThreshold                  count
	access                         accessFlags
	observe                        observeFlags
	domain                         hostname
	languages                      languageFlags
	defaultService, register       service
	trusted                        prefixes
	state, routesFile, traefikFile string
	allowUpstreams                 prefixes
	connect, head, answer, idle    span
	progress, drainWait, grace     span
	retries, headerSize, headerSum count
	eject                          choice
	upstreamConns, loops, conns    count
	bodyRate, watches              count
	engine                         choice
}

// defaultDomain resolves to loopback everywhere (RFC 6761, section 6.3).
const defaultDomain = "localhost"

// The bounds of durations: a tenth of a second is what a loaded machine may need, a day is longer than any request. A
// wait before draining, and the grace, may be nothing.
const (
	leastTimeout = 100 * time.Millisecond
	mostTimeout  = 24 * time.Hour
)

func timeout(d time.Duration) span { return span{d, leastTimeout, mostTimeout} }

// listeners registers what every command with a proxy has.
func (c *proxyFlags) listeners(f *flags) {
	c.log.register(f)
	c.listen = listeners{list: []named{{"http", ":8080"}}, unnamed: "http"}
	c.tlsListen = listeners{unnamed: "https", optional: true}
	c.admin = "127.0.0.1:8090"
	f.Var(&c.listen, "listen", "`ADDRESS` for plain HTTP (HTTP/1.1, and HTTP/2 by prior knowledge), or NAME=ADDRESS for listener=NAME of routes (without a name: http); may be repeated")
	f.Var(&c.tlsListen, "tls-listen", "`ADDRESS` for HTTPS (HTTP/1.1 and HTTP/2), or NAME=ADDRESS (without a name: https), with certificates (-tls-cert and -tls-key, -tls-dir, -acme-dir or -acme-consul); may be repeated; see pointsman help certificates")
	c.tls.register(f)
	c.upstreamTLS.register(f)
	c.acme.register(f)
	f.BoolVar(&c.redirectHTTPS, "redirect-https", false, "answer plain HTTP with a redirect to HTTPS")
	f.Var(&c.httpsPort, "https-port", "`PORT` of HTTPS that redirects name; unless given, the one of the first -tls-listen for clients that ask at the port of a -listen, and none (443) for those that ask at another one, as behind a port mapping")
	f.Var(&c.admin, "admin", "`ADDRESS` of the admin API, health and metrics; \"\" for none")
	f.StringVar(&c.adminHost, "admin-host", "", "host `NAMES` (with commas) that the admin address answers to, besides loopback names and IP addresses")
	f.StringVar(&c.adminToken, "admin-token", "", "`FILE` with the token that a client of the admin API has to show for actions, such as to end an ejection; without it there are none; read again at SIGHUP; see pointsman help api")
	f.Var(&c.status, "status", "`ADDRESS` with health and metrics only, for load balancers and Prometheus")
	c.discovery.register(f)
}

// traffic registers how requests are treated.
func (c *proxyFlags) traffic(f *flags) {
	c.balance = balancing{Method: dialect.MethodRoundRobin}
	c.access.register(f)
	c.observe.register(f)
	f.Var(&c.balance, "balance", "`POLICY` that chooses an instance where a route has none of its own: "+dialect.Balancing)
	c.zoneThreshold = count{70, 1, 100}
	f.Var(&c.zone, "zone", "`NAME` of the zone that the proxy is in: instances there are preferred; see pointsman help zones")
	f.Var(&c.zoneThreshold, "zone-threshold", "`PERCENT` of the own zone's instances that have to be usable for them to get all requests; below, other zones take over in proportion")
	f.Var(&c.trusted, "trusted-proxies", "`NETWORKS` (with commas) whose X-Forwarded-*, Forwarded, X-Real-IP and X-Request-ID are trusted, as 10.0.0.0/8,192.0.2.7; see pointsman help which-route")
	l, p := proxy.DefaultLimits(), routing.DefaultPolicy()
	c.connect, c.head, c.answer = timeout(p.Timeouts.Connect), timeout(l.ReadHead), timeout(p.Timeouts.Answer)
	c.idle, c.progress = timeout(l.Idle), timeout(l.Progress)
	c.drainWait, c.grace = span{l.DrainWait, 0, mostTimeout}, span{l.Grace, 0, mostTimeout}
	f.Var(&c.connect, "connect-timeout", "`TIME` to connect to an instance")
	f.Var(&c.head, "head-timeout", "`TIME` for the head of a request")
	f.Var(&c.answer, "answer-timeout", "`TIME` for the head of an instance's response")
	f.Var(&c.idle, "idle-timeout", "`TIME` that an idle client connection stays open")
	f.Var(&c.progress, "progress-timeout", "`TIME` that a body may make no progress, in either direction")
	c.bodyRate = count{l.MinBodyRate, 0, 1 << 30}
	f.Var(&c.bodyRate, "min-body-rate", "minimum `BYTES` per second of a request's body, averaged over -progress-timeout; 0 is no minimum")
	f.Var(&c.drainWait, "drain-wait", "`TIME` between not ready and closing the listeners, so that load balancers notice")
	f.Var(&c.grace, "grace", "`TIME` for requests in flight after the listeners are closed; 0s ends them at once; see pointsman help stopping")
	c.retries, c.headerSize, c.headerSum = count{p.Retries, 0, 16}, count{l.HeadBytes, 1 << 10, 1 << 20}, count{l.HeadFields, 8, 10000}
	f.Var(&c.retries, "retries", "how many `TIMES` a request that an instance may have read is repeated, if that is safe")
	c.eject = choice{p.Eject.String(), []string{"off", "shadow", "on"}}
	f.Var(&c.eject, "eject", "`WHAT` follows where an instance does worse than the others of its route: on (it is ejected), shadow (it is reported), or off; see pointsman help failing")
	f.Var(&c.headerSize, "max-header-bytes", "largest request head, in `BYTES`")
	f.Var(&c.headerSum, "max-header-count", "maximum `NUMBER` of header fields in a request")
	c.engine, c.loops, c.conns = choice{"auto", []string{"auto", "event", "std"}}, count{0, 0, 256}, count{l.Conns, 0, 1 << 24}
	f.Var(&c.engine, "engine", "`WHAT` serves plain HTTP: event (an event loop per core, Linux only), std (goroutines), or auto (event on Linux, else std); goroutines always serve HTTPS and HTTP/2")
	f.Var(&c.loops, "loops", "`NUMBER` of event loops; 0 is one per core")
	f.Var(&c.conns, "max-connections", "maximum `NUMBER` of client connections, for plain HTTP and for HTTPS each; 0 is no limit")
	c.upstreamConns = count{l.UpstreamConns, 0, 1 << 20}
	f.Var(&c.upstreamConns, "upstream-connections", "maximum `NUMBER` of connections to one instance, idle ones included; 0 is no limit")
}

// limits are what was asked for, to the letter; what has no option is as it is by default.
func (c *proxyFlags) limits() proxy.Limits {
	l := proxy.DefaultLimits()
	l.ReadHead, l.Idle, l.Progress = c.head.value, c.idle.value, c.progress.value
	l.DrainWait, l.Grace = c.drainWait.value, c.grace.value
	l.HeadBytes, l.HeadFields = c.headerSize.value, c.headerSum.value
	l.MinBodyRate = c.bodyRate.value
	l.Conns, l.UpstreamConns = c.conns.value, c.upstreamConns.value
	return l
}

// defaults are the policy of a route that asks for nothing else.
func (c *proxyFlags) defaults() routing.Policy {
	return routing.Policy{
		Timeouts: routing.Timeouts{Connect: c.connect.value, Answer: c.answer.value, Progress: c.progress.value},
		Retries:  c.retries.value,
		Eject:    routing.EjectOf(c.eject.value),
	}
}

// routing registers which services are served, and mode is the default of -routes.
func (c *proxyFlags) routing(f *flags, mode string) {
	c.routes = choice{mode, []string{"tagged", "registered"}}
	c.domain = hostname{value: defaultDomain}
	f.Var(&c.routes, "routes", "`WHICH` services get routes: tagged (those with a route tag), or registered (also all that a registrator registered, at SERVICE.DOMAIN); see pointsman help registered")
	f.BoolVar(&c.registeredPath, "registered-path", false, "with -routes registered: also at /SERVICE on any host; the path is removed from the front of what the service gets")
	f.StringVar(&c.registeredTag, "registered-tag", "", "with -routes registered: only services with this `TAG`, whoever registered them")
	f.BoolVar(&c.exclusive, "exclusive-hosts", false, "a host belongs to the service that asked for it first; routes of others on it are refused; see pointsman help sharing")
	f.Var(&c.domain, "domain", "`DOMAIN` of -routes registered, and of short hosts in aliyun.routing labels")
	c.languages.register(f)
	f.Var(&c.defaultService, "default-service", "`SERVICE` that gets the requests that match no route")
	f.StringVar(&c.routesFile, "routes-file", "", "`FILE` with route lines of the operator's own; read again when it changes; see pointsman help routes-file")
	f.StringVar(&c.traefikFile, "traefik-file", "", "`FILE` of Traefik's own (dynamic configuration, YAML or TOML): its routers, middlewares and certificates; read again when it changes; see pointsman help from-traefik")
	f.Var(&c.allowUpstreams, "allow-upstreams", "`NETWORKS` (with commas) into which KV and tags may lead by an address that no service has registered; see pointsman help routes-file")
	f.StringVar(&c.state, "state", "", "`FILE` that keeps the last good view of the catalogue over restarts; without Consul, FILE.store beside it keeps pins and drains")
}

// catalogue registers how Consul is reached.
func (c *proxyFlags) catalogue(f *flags) {
	c.consulStale = true
	f.StringVar(&c.consul, "consul", "", "`ADDRESS` of the Consul agent (host:port, http://, https://, unix://; also CONSUL_HTTP_ADDR; "+consul.DefaultAddress+")")
	f.BoolVar(&c.consulStale, "consul-stale", true, "let any Consul server answer, not only the leader")
	f.StringVar(&c.consulNear, "consul-near", "", "sort by distance from this `NODE` (\"_agent\" for the agent's own); turns Consul's streaming off")
	f.StringVar(&c.consulDC, "consul-datacenter", "", "`DATACENTER` to watch, if not the agent's own")
	c.watches = count{128, 8, 10000}
	f.Var(&c.watches, "consul-watches", "maximum `NUMBER` of blocking queries open at the same time, over plain HTTP; raise it only with the agent's http_max_conns_per_client (200)")
	f.Var(&c.fabioKV, "fabio-kv", "`KEY` of Consul's KV store with Fabio's own routes (route add, route del, route weight), there and below it, such as fabio/config; see pointsman help from-fabio")
	c.acme.inConsul(f)
	f.Var(&c.register, "register", "`NAME` under which the proxy registers itself in Consul, with a health check, while it runs: at the first -listen address, or at the one from which it reaches the agent")
}

// consulConfig is flag over CONSUL_* over default.
func (c *proxyFlags) consulConfig(f *flags) (consul.Config, error) {
	config, err := consul.FromEnv(func(name string) string { text, _ := f.p.lookup(name); return text })
	if err != nil {
		return config, err
	}
	if c.consul != "" {
		if _, _, err := net.SplitHostPort(c.consul); err != nil && !strings.Contains(c.consul, "://") {
			return config, fmt.Errorf("invalid value %q for -consul: want host:port, http://, https:// or unix://", c.consul)
		}
		config = config.WithAddress(c.consul)
	}
	if c.consulDC != "" {
		config.Datacenter = c.consulDC
	}
	config.Stale, config.Near = c.consulStale, c.consulNear
	if err := config.Check(); err != nil {
		return config, fmt.Errorf("address of Consul (-consul, CONSUL_HTTP_ADDR): %w", err)
	}
	return config, nil
}
