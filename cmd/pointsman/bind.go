package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/certs"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/listen"
)

// ports are the bound listeners of a process. Binding comes before everything else, so that a port that is taken ends
// the process before it has done anything.
type ports struct {
	plain, secure []port
	admin, status net.Listener // nil when off
	discovery     net.Listener // likewise
	redirect      bool         // plain HTTP to HTTPS
	httpsPort     string       // that redirects name; "" where there is no TLS listener
	httpPorts     []string     // see proxy.Shared; nil where the operator says which port redirects name
	tls           *tlsFlags
	set           *certs.Set // of the TLS listeners; nil without one
	all           []net.Listener
	own           own
	allow         []netip.Prefix
	agent         netip.AddrPort // of Consul; zero where there is none
}

// port is a listener with its name.
type port struct {
	net.Listener
	name string
}

// bind opens every address, or none.
func bind(c *proxyFlags) (*ports, error) {
	p := &ports{tls: &c.tls, allow: c.allowUpstreams}
	for _, x := range []struct {
		flag string
		list []named
		into *[]port
	}{{"-listen", c.listen.list, &p.plain}, {"-tls-listen", c.tlsListen.list, &p.secure}} {
		for _, n := range x.list {
			l, err := p.open(x.flag, n.address)
			if err != nil {
				return nil, err
			}
			*x.into = append(*x.into, port{l, n.name})
		}
	}
	for _, x := range []struct {
		flag  string
		where address
		into  *net.Listener
	}{{"-admin", c.admin, &p.admin}, {"-status", c.status, &p.status}, {"-discovery-listen", c.discovery.listen, &p.discovery}} {
		if x.where == "" {
			continue
		}
		l, err := p.open(x.flag, string(x.where))
		if err != nil {
			return nil, err
		}
		*x.into = l
	}
	if err := c.discovery.checkBound(p.discovery); err != nil {
		p.close()
		return nil, err
	}
	p.redirect = c.redirectHTTPS
	p.setHTTPSPort(string(c.httpsPort))
	return p, nil
}

// setHTTPSPort says which port redirects name: the operator's, or the one that is bound.
func (p *ports) setHTTPSPort(public string) {
	if public != "" {
		p.httpsPort = public
		return
	}
	p.httpPorts = []string{}
	for _, l := range p.plain {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		p.httpPorts = append(p.httpPorts, port)
	}
	if len(p.secure) > 0 {
		_, p.httpsPort, _ = net.SplitHostPort(p.secure[0].Addr().String())
	}
}

func (p *ports) open(flag, where string) (net.Listener, error) {
	config := listen.Config()
	l, err := config.Listen(context.Background(), "tcp", where)
	if err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	p.all = append(p.all, l)
	p.own.add(l)
	return l, nil
}

// gate lets nothing be dialled that leads to one of these listeners.
func (p *ports) gate() outside.Gate {
	return outside.Gate{Own: p.own.is, Allow: p.allow, Agent: func(to netip.AddrPort) bool { return p.own.reaches(p.agent, to) }}
}

// close gives every port back; closing one twice does no harm.
func (p *ports) close() {
	for _, l := range p.all {
		_ = l.Close()
	}
}

// tell names every bound address.
func (p *ports) tell(log zerolog.Logger) {
	for _, l := range p.plain {
		log.Info().Stringer("address", l.Addr()).Str("listener", l.name).Msg("listening for HTTP")
	}
	for _, l := range p.secure {
		log.Info().Stringer("address", l.Addr()).Str("listener", l.name).Msg("listening for HTTPS")
	}
	for _, x := range []struct {
		l    net.Listener
		what string
	}{{p.admin, "the admin API"}, {p.status, "health and metrics"}, {p.discovery, "the discovery API"}} {
		if x.l != nil {
			log.Info().Stringer("address", x.l.Addr()).Msg("listening for " + x.what)
		}
	}
}

// http are the listeners for plain HTTP, whoever serves them.
func (p *ports) http() (out []listen.Listener) {
	for _, l := range p.plain {
		out = append(out, listen.Listener{Listener: l.Listener, Name: l.name, RedirectHTTPS: p.redirect})
	}
	return out
}

// clientAuth reads whose certificates clients may show.
func (p *ports) clientAuth(a *actors, log zerolog.Logger) (out proxy.ClientAuth, err error) {
	sets, err := p.tls.clients.authorities(log)
	if err != nil {
		return out, err
	}
	out = proxy.ClientAuth{Authorities: map[string]proxy.Authority{}, Listeners: map[string]dialect.ClientCA{}}
	for name, set := range sets {
		a.reread("the authorities of -client-ca "+name, set.Reload)
		out.Authorities[name] = set
	}
	for _, l := range p.secure {
		if c, ok := p.tls.clients.of(l.name); ok {
			out.Listeners[l.name] = c
		}
	}
	return out, nil
}

// https are the listeners for HTTPS.
func (p *ports) https(a *actors, log zerolog.Logger) (out []listen.Listener, err error) {
	if len(p.secure) == 0 {
		return nil, nil
	}
	if p.set, err = p.tls.set(log); err != nil {
		return nil, err
	}
	set := p.set
	log.Info().Int("names", set.Names()).Msg("certificates are read")
	a.reread("the certificates", set.Reload)
	a.support(set.Run)
	for _, l := range p.secure {
		out = append(out, listen.Listener{Listener: l.Listener, Name: l.name, TLS: certs.Config(set)})
	}
	return out, nil
}
