package nginx

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// certificates makes options of a server's certificates.
func (c *converter) certificates(s *server) {
	certs, keys := s.scope.get("ssl_certificate"), s.scope.get("ssl_certificate_key")
	secure := false
	for _, l := range s.listeners {
		secure = secure || l.tls
	}
	if !secure {
		return
	}
	for i, d := range certs {
		if i >= len(keys) {
			d.partly("it has no ssl_certificate_key", "")
			continue
		}
		cert, key := s.scope.expand(d.arg(0)), s.scope.expand(keys[i].arg(0))
		if strings.Contains(cert+key, "$") || strings.HasPrefix(key, "engine:") || strings.HasPrefix(cert, "data:") {
			d.partly("not carried over: want the path of a file", "-tls-dir FOLDER finds certificates by their names")
			keys[i].partly("not carried over", "")
			continue
		}
		d.carried("-tls-cert")
		keys[i].carried("-tls-key")
		c.certificate(cert, key)
	}
	if d := s.scope.one("ssl_reject_handshake"); d != nil && d.arg(0) == "on" {
		d.carried("-tls-unknown alert")
		c.result.AddOption("tls-unknown", "alert")
	}
	if d := s.scope.one("ssl_protocols"); d != nil {
		for _, v := range d.args {
			if v == "TLSv1" || v == "TLSv1.1" || strings.HasPrefix(v, "SSL") {
				d.partly("TLS 1.2 and 1.3 are spoken, nothing older", "")
			}
		}
		d.implied("TLS 1.2 and 1.3 are spoken")
	}
}

// certificate adds a pair, once: certificates and keys belong together by their order.
func (c *converter) certificate(cert, key string) {
	for _, p := range c.pairs {
		if p == [2]string{cert, key} {
			return
		}
	}
	c.pairs = append(c.pairs, [2]string{cert, key})
	c.result.Options = append(c.result.Options, convert.Option{Name: "tls-cert", Value: cert}, convert.Option{Name: "tls-key", Value: key})
}

// verifyClient asks clients for certificates.
func (a *at) verifyClient(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	if len(a.h.listeners) > 0 && !a.h.listeners[0].tls {
		d.implied("nobody shows a certificate on plain HTTP")
		return
	}
	ca := s.one("ssl_client_certificate")
	switch {
	case d.arg(0) == "off":
		d.carried("")
	case ca == nil || strings.Contains(ca.arg(0), "$"):
		refuse(only(r), d, "whose certificates clients have to show is not known", "-client-ca NAME=FILE and client-ca=NAME")
	case d.arg(0) == "on":
		must(only(r), d, "client-ca", a.authorities(ca))
	case d.arg(0) == "optional":
		must(only(r), d, "client-ca", a.authorities(ca)+":optional")
	default:
		refuse(only(r), d, "a certificate is either asked for and verified, or not", "")
	}
}

// authorities is the name of a file of authorities in -client-ca.
func (c *converter) authorities(d *directive) string {
	file := d.arg(0)
	for i, f := range c.clientCAs {
		if f == file {
			return caName(i)
		}
	}
	c.clientCAs = append(c.clientCAs, file)
	name := caName(len(c.clientCAs) - 1)
	c.result.AddOption("client-ca", name+"="+file)
	d.carried("-client-ca " + name + "=" + convert.Shown(file))
	return name
}

func caName(i int) string {
	if i == 0 {
		return "clients"
	}
	return "clients-" + strconv.Itoa(i+1)
}

// upstreamTLS says how instances are verified. nginx does not verify them unless it is told to.
func (a *at) upstreamTLS(r *convert.Route, d *directive, s *scope) {
	if !s.on("proxy_ssl_verify") {
		add(only(r), d, "tlsskipverify", "true")
		d.carried("the certificate is not verified, as in nginx without proxy_ssl_verify")
	} else {
		s.one("proxy_ssl_verify").carried("")
		if ca := s.one("proxy_ssl_trusted_certificate"); ca != nil {
			must(only(r), ca, "ca", "upstreams")
			a.result.AddOption("upstream-ca", "upstreams="+ca.arg(0))
			ca.carried("-upstream-ca")
		}
	}
	if n := s.one("proxy_ssl_name"); n != nil && !strings.Contains(n.arg(0), "$") {
		add(only(r), n, "servername", n.arg(0))
	}
	if cert, key := s.one("proxy_ssl_certificate"), s.one("proxy_ssl_certificate_key"); cert != nil && key != nil {
		must(only(r), cert, "client-cert", "proxy")
		key.carried("-upstream-cert")
		a.result.AddOption("upstream-cert", "proxy="+cert.arg(0)+","+key.arg(0))
	}
	if n := s.one("proxy_ssl_server_name"); n != nil {
		n.implied("the name is sent")
	}
}

// process makes options of what is about nginx as a whole.
func (c *converter) process() {
	c.logged(c.http.own("access_log"))
	for _, s := range c.servers {
		for _, d := range s.scope.own("access_log") {
			if d.arg(0) != "off" {
				c.logged([]*directive{d})
			}
		}
	}
	c.realIP(c.http)
	for _, s := range c.servers {
		c.realIP(s.scope)
	}
}

// realIP is whom X-Forwarded-For is believed from.
func (c *converter) realIP(s *scope) {
	list := s.own("set_real_ip_from")
	if list == nil {
		return
	}
	var from []string
	for _, d := range list {
		if d.arg(0) == "unix:" || strings.Contains(d.arg(0), "$") {
			d.partly("not carried over", "")
			continue
		}
		d.carried("-trusted-proxies")
		from = append(from, d.arg(0))
	}
	for i, o := range c.result.Options {
		if o.Name == "trusted-proxies" {
			c.result.Options[i].Value += "," + strings.Join(from, ",")
			return
		}
	}
	c.result.AddOption("trusted-proxies", strings.Join(from, ","))
	if d := s.one("real_ip_header"); d != nil {
		if strings.EqualFold(d.arg(0), "X-Forwarded-For") || strings.EqualFold(d.arg(0), "X-Real-IP") {
			d.implied("")
		} else {
			d.partly("X-Forwarded-For, Forwarded and X-Real-IP are read, in this order", "")
		}
	}
	if d := s.one("real_ip_recursive"); d != nil {
		if d.arg(0) == "on" {
			d.implied("")
		} else {
			d.partly("the last address counts that is no trusted proxy", "")
		}
	}
}
