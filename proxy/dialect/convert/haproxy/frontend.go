package haproxy

import (
	"fmt"
	"path"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// listener is an address of a frontend.
type listener struct {
	name, address, port string
	tls                 bool
}

// frontend is a section that clients reach over HTTP.
type frontend struct {
	*section
	listeners []*listener
	// redirects says that plain HTTP gets a redirect and nothing else.
	redirects bool
	// why is a reason for which nobody is let in.
	why string
}

// frontends finds the sections that clients reach over HTTP, and their listeners.
func (r *reader) frontends() {
	for _, s := range r.all {
		if !s.serves() || r.settings[s].tcp {
			continue
		}
		f := &frontend{section: s}
		if r.settings[s].disabled {
			f.why = "the section is disabled"
		}
		statistics := s.kind == "listen" && len(r.settings[s].servers) == 0 && r.settings[s].statistics && !names(s, "use_backend", "default_backend")
		for i := range s.own {
			if s.own[i].words[0] != "bind" {
				continue
			}
			if statistics {
				s.own[i].remark.Mark(convert.Implied, "the dashboard is on the -admin address", "")
				continue
			}
			r.bind(f, &s.own[i])
		}
		if !statistics {
			r.public = append(r.public, f)
		}
	}
	r.nameListeners()
}

func names(s *section, words ...string) bool {
	for _, st := range s.own {
		for _, w := range words {
			if st.words[0] == w {
				return true
			}
		}
	}
	return false
}

// bind reads addresses and what is said of TLS there.
func (r *reader) bind(f *frontend, st *statement) {
	m := st.remark
	tls := indexOf(st.words, "ssl") > 0
	for address := range strings.SplitSeq(st.word(1), ",") {
		l, why := listening(address)
		if why != "" {
			m.Mark(convert.Unsupported, why, "name an address and a port")
			continue
		}
		l.tls = tls
		f.listeners = append(f.listeners, l)
	}
	r.bindWords(f, st)
	if f.why != "" {
		m.Mark(convert.Unsupported, f.why+": nobody is let in", "")
	}
	m.Mark(convert.Carried, "", "")
}

// listening reads an address of bind.
func listening(text string) (*listener, string) {
	for _, prefix := range []string{"ipv4@", "ipv6@"} {
		text = strings.TrimPrefix(text, prefix)
	}
	at := strings.LastIndexByte(text, ':')
	if at < 0 || strings.ContainsAny(text, "@$%/ ") {
		return nil, "it is no address and port"
	}
	host, port := text[:at], text[at+1:]
	if strings.Trim(port, "0123456789") != "" || port == "" || len(port) > 5 {
		return nil, "it is no address and port"
	}
	if host == "*" || host == "::" || host == "[::]" || host == "0.0.0.0" {
		host = ""
	} else if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return &listener{address: host + ":" + port, port: port}, ""
}

// certificate is a file that holds a certificate and its key, or a folder of such.
func (r *reader) certificate(st *statement, file string) {
	if path.Ext(file) == "" || strings.HasSuffix(file, "/") {
		r.result.AddOption("tls-dir", strings.TrimSuffix(file, "/"))
		st.remark.Mark(convert.Carried, "-tls-dir "+file, "")
		return
	}
	r.result.AddOption("tls-cert", file)
	r.result.AddOption("tls-key", file)
	st.remark.Mark(convert.Carried, "-tls-cert and -tls-key "+file+", which holds both", "")
}

// nameListeners gives the listeners names, and the process its options for them. Where one frontend alone has some, their names say what they
// speak.
func (r *reader) nameListeners() {
	seen := map[string]bool{}
	of := map[string]*frontend{} // no two frontends share a name: what is said of the one must not hold for the other
	for _, f := range r.public {
		own := listenerName(f.name)
		for n := 2; of[own] != nil; n++ {
			own = fmt.Sprintf("%s-%d", listenerName(f.name), n)
		}
		of[own] = f
		for _, l := range f.listeners {
			option, name := "listen", "http"
			if l.tls {
				option, name = "tls-listen", "https"
			}
			value := l.address
			l.name = name
			if len(r.public) > 1 {
				l.name = own
				if l.tls {
					l.name = own + "_tls"
				}
				value = l.name + "=" + l.address
			}
			if !seen[l.address] {
				r.result.AddOption(option, value)
			}
			seen[l.address] = true
		}
	}
}

// listenerName is a frontend's name as a listener may be called, without _, which stands in front of tls.
func listenerName(text string) string {
	text = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			return c
		}
		return '-'
	}, strings.ToLower(text))
	if len(text) > 50 {
		text = text[:50]
	}
	return "f-" + text
}

// redirectsAll takes a redirect of all plain HTTP to HTTPS as an option. It is false where the redirect is about other requests.
func (r *reader) redirectsAll(s *section, st *statement, cond []string) bool {
	for _, f := range r.public {
		if f.section != s {
			continue
		}
		c := r.condition(cond, r.tests[s])
		tls := false
		for _, l := range f.listeners {
			tls = tls || l.tls
		}
		plain := len(c) == 1 && len(c[0]) == 1 && c[0][0].not && c[0][0].atom == atom{kind: kindListener, text: "tls"}
		plain = plain || len(c) == 1 && len(c[0]) == 0 && !tls
		if !plain || names(s, "monitor-uri") {
			return false
		}
		if len(r.public) == 1 {
			r.result.AddOption("redirect-https", "")
			f.redirects = true
			st.remark.Mark(convert.Carried, "-redirect-https, with 308", "")
			return true
		}
	}
	return false
}

// described is a frontend for people.
func (f *frontend) described() string { return fmt.Sprintf("%s %s", f.kind, f.name) }
