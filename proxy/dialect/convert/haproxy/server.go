package haproxy

import (
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// ServicePrefix stands in front of the name of a service of the catalogue, in the place of an address: so converters of templates write it.
const ServicePrefix = "service:"

// server is one that takes requests; closed is why it does not.
type server struct {
	convert.Server
	checked bool
	closed  string
	remark  *convert.Remark
}

// ignoredServerWords have no counterpart and are not missed; the number is how many words follow.
var ignoredServerWords = map[string]int{"resolvers": 1, "init-addr": 1, "resolve-prefer": 1, "resolve-net": 1, "resolve-opts": 1, "fall": 1, "rise": 1, "on-marked-down": 1, "on-marked-up": 1,
	"on-error": 1, "observe": 1, "error-limit": 1, "id": 1, "minconn": 1, "maxqueue": 1, "pool-max-conn": 1, "pool-purge-delay": 1, "pool-low-conn": 1, "tfo": 0, "no-tfo": 0,
	"fastinter": 1, "downinter": 1, "log-proto": 1, "guid": 1, "check-reuse-pool": 0, "non-stick": 0, "max-reuse": 1, "tcp-ut": 1, "no-ssl": 0, "no-check": 0, "no-backup": 0, "enabled": 0,
	"ciphers": 1, "ciphersuites": 1, "curves": 1, "ssl-min-ver": 1, "ssl-max-ver": 1, "no-sslv3": 0, "no-tlsv10": 0, "no-tlsv11": 0, "no-tls-tickets": 0, "ssl-reuse": 0, "alpn": 1, "npn": 1,
	"check-sni": 1, "check-alpn": 1, "check-ssl": 0, "check-proto": 1, "proto": 1, "port": 1, "addr": 1, "agent-check": 0, "agent-port": 1, "agent-inter": 1, "agent-addr": 1, "agent-send": 1, "force-tlsv12": 0}

func (r *reader) server(set *settings, st *statement) {
	s := server{remark: st.remark}
	r.address(&s, st.word(2))
	r.serverWords(set, &s, append(set.usual[:len(set.usual):len(set.usual)], st.from(3)...))
	st.remark.Mark(convert.Carried, "", "")
	set.servers = append(set.servers, s)
}

// serverTemplate is a name with all its addresses: PREFIX COUNT NAME:PORT words.
func (r *reader) serverTemplate(set *settings, st *statement) {
	one := *st
	one.words = append([]string{"server"}, append(st.words[1:min(2, len(st.words)):2], st.from(3)...)...)
	r.server(set, &one)
}

// address reads where a server is.
func (r *reader) address(s *server, text string) {
	if strings.Contains(text, "$") {
		s.closed = "its address " + text + " is of the environment, which is not read here (write the value into the file)"
		return
	}
	for _, prefix := range []string{"ipv4@", "ipv6@"} {
		text = strings.TrimPrefix(text, prefix)
	}
	if name, ok := strings.CutPrefix(text, ServicePrefix); ok {
		s.Name, s.Catalogue = name, true
		return
	}
	if socket, ok := strings.CutPrefix(text, "unix@"); ok || strings.HasPrefix(text, "/") {
		s.Name = "unix:" + socket
		if !ok {
			s.Name = "unix:" + text
		}
		return
	}
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		s.closed = "the server has no port: HAProxy takes that of the client's connection"
		return
	}
	host, port := text[:at], text[at+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	switch {
	case err != nil || n == 0 || strings.HasPrefix(port, "+"):
		s.closed = "its port is no number"
	case strings.ContainsAny(host, "@$%{}/ ") || host == "" || host == "*":
		s.closed = "its address can't be read"
	}
	if addr, err := netip.ParseAddr(host); err == nil && (addr.IsUnspecified() || addr.IsMulticast()) {
		s.closed = "its address is none of a server's"
	}
	s.Name, s.Port = host, int(n)
}

// serverWords reads what stands behind the address.
func (r *reader) serverWords(set *settings, s *server, words []string) {
	add := func(name, value string) { s.Words = append(s.Words, convert.Word{Name: name, Value: value}) }
	tls, verified, name := false, true, ""
	for i := 0; i < len(words); i++ {
		w, arg := words[i], ""
		if i+1 < len(words) {
			arg = words[i+1]
		}
		switch w {
		case "check":
			s.checked = true
		case "cookie":
			i++ // the cookie's value is a hash of the server's name
		case "weight":
			i++
			if arg == "0" {
				s.closed = "weight 0 gets no requests"
			} else if arg != "1" {
				add("weight", arg)
			}
		case "maxconn":
			i++
			if arg != "0" {
				add("max-conns", arg)
			}
		case "slowstart":
			i++
			r.serverTime(s, "slow-start", arg)
		case "inter":
			i++
			if set.check {
				r.serverTime(s, "health-interval", arg)
			}
		case "backup":
			add("backup", "")
		case "disabled":
			s.closed = "it is disabled"
		case "ssl":
			tls = true
		case "verify":
			i++
			verified = arg != "none"
		case "verifyhost":
			i++
			name = arg
		case "sni":
			i++
			if fixed, ok := strings.CutPrefix(arg, "str("); ok {
				name = strings.TrimSuffix(fixed, ")")
			} else {
				s.remark.Mark(convert.Partly, "sni "+arg+": the name sent is that of host=, else the server's address", "servername=NAME")
			}
		case "ca-file":
			i++
			if arg != "@system-ca" {
				add("ca", r.named("upstream-ca", arg, arg))
			}
		case "crt":
			i++
			add("client-cert", r.named("upstream-cert", arg, arg+","+arg))
		case "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "check-send-proxy":
			s.closed = w + ": the PROXY protocol is not spoken to servers"
		case "crl-file", "socks4", "source", "namespace", "track", "redir":
			i++
			s.closed = w + " has no counterpart"
		default:
			n, ok := ignoredServerWords[w]
			i += n
			if !ok {
				s.remark.Mark(convert.Partly, w+" is not known here", "")
			} else if w == "fall" || w == "rise" {
				s.remark.Mark(convert.Partly, w+": two failures in a row count, one success brings it back", "")
			} else if w == "proto" || w == "alpn" {
				s.remark.Mark(convert.Partly, w+": servers are spoken to over HTTP/1.1", "")
			}
		}
	}
	if tls {
		s.Words = append([]convert.Word{{Name: "proto", Value: "https"}}, s.Words...)
		if !verified {
			add("tlsskipverify", "true")
		} else if name != "" {
			add("servername", name)
		}
	}
	if s.closed != "" {
		s.remark.Mark(convert.Unsupported, s.closed+": it gets no requests", "")
	}
}

func (r *reader) serverTime(s *server, option, text string) {
	d, err := span(text)
	if err != nil || d == 0 {
		s.remark.Mark(convert.Partly, option+" "+text+" is no time", "")
		return
	}
	s.Words = append(s.Words, convert.Word{Name: option, Value: written(d)})
}

// named gives a file a name for lines, by an option of the process.
func (r *reader) named(option, file, value string) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, strings.ToLower(strings.TrimSuffix(path.Base(file), path.Ext(file))))
	if name == "" {
		name = "default"
	}
	for n := 1; ; n++ {
		own := name
		if n > 1 {
			own = fmt.Sprintf("%s-%d", name, n)
		}
		taken := false
		for _, o := range r.result.Options {
			taken = taken || o.Name == option && strings.HasPrefix(o.Value, own+"=") && o.Value != own+"="+value
		}
		if !taken {
			r.result.AddOption(option, own+"="+value)
			return own
		}
	}
}
