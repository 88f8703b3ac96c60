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
var ignoredServerWords = map[string]int{"resolvers": 1, "init-addr": 1, "resolve-prefer": 1, "resolve-net": 1, "resolve-opts": 1, "on-marked-down": 1, "on-marked-up": 1,
	"on-error": 1, "observe": 1, "error-limit": 1, "id": 1, "minconn": 1, "maxqueue": 1, "pool-max-conn": 1, "pool-purge-delay": 1, "pool-low-conn": 1, "tfo": 0, "no-tfo": 0,
	"fastinter": 1, "downinter": 1, "log-proto": 1, "guid": 1, "check-reuse-pool": 0, "non-stick": 0, "max-reuse": 1, "tcp-ut": 1, "no-ssl": 0, "no-check": 0, "no-backup": 0, "enabled": 0,
	"ciphers": 1, "ciphersuites": 1, "curves": 1, "ssl-min-ver": 1, "ssl-max-ver": 1, "no-sslv3": 0, "no-tlsv10": 0, "no-tlsv11": 0, "no-tls-tickets": 0, "ssl-reuse": 0, "npn": 1,
	"check-sni": 1, "check-alpn": 1, "check-ssl": 0, "check-proto": 1, "port": 1, "addr": 1, "agent-check": 0, "agent-port": 1, "agent-inter": 1, "agent-addr": 1, "agent-send": 1, "force-tlsv12": 0}

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
