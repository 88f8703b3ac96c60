package haproxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// serverReading is a server whose words are read.
type serverReading struct {
	*server
	reader          *reader
	set             *settings
	tls, unverified bool
	name            string // that its certificate must be for
}

func (s *serverReading) add(name, value string) {
	s.Words = append(s.Words, convert.Word{Name: name, Value: value})
}

func (s *serverReading) close(why string) { s.closed = why }

// serverWord is one that may stand behind a server's address, with how many arguments; arg is the first of them.
type serverWord struct {
	args int
	read func(s *serverReading, word, arg string)
}

var (
	serverUnspoken = serverWord{0, func(s *serverReading, w, _ string) { s.close(w + ": the PROXY protocol is not spoken to servers") }}
	serverUnknown  = serverWord{1, func(s *serverReading, w, _ string) { s.close(w + " has no counterpart") }}
)

// serverWordTable is all of them that say something here.
var serverWordTable = map[string]serverWord{
	"check":      {0, func(s *serverReading, _, _ string) { s.checked = true }},
	"cookie":     {1, func(*serverReading, string, string) {}}, // its value is a hash of the server's name
	"weight":     {1, weightWord},
	"maxconn":    {1, maxConnWord},
	"slowstart":  {1, func(s *serverReading, _, arg string) { s.time("slow-start", arg) }},
	"inter":      {1, interWord},
	"backup":     {0, func(s *serverReading, _, _ string) { s.add("backup", "") }},
	"disabled":   {0, func(s *serverReading, _, _ string) { s.close("it is disabled") }},
	"ssl":        {0, func(s *serverReading, _, _ string) { s.tls = true }},
	"verify":     {1, func(s *serverReading, _, arg string) { s.unverified = arg == "none" }},
	"verifyhost": {1, func(s *serverReading, _, arg string) { s.name = arg }},
	"sni":        {1, sniWord},
	"ca-file":    {1, authorityWord},
	"crt": {1, func(s *serverReading, _, arg string) {
		s.add("client-cert", s.reader.named("upstream-cert", arg, arg+","+arg))
	}},
	"send-proxy": serverUnspoken, "send-proxy-v2": serverUnspoken, "send-proxy-v2-ssl": serverUnspoken, "send-proxy-v2-ssl-cn": serverUnspoken, "check-send-proxy": serverUnspoken,
	"crl-file": serverUnknown, "socks4": serverUnknown, "source": serverUnknown, "namespace": serverUnknown, "track": serverUnknown, "redir": serverUnknown,
	"fall": {1, failuresWord}, "rise": {1, failuresWord}, "proto": {1, protocolWord}, "alpn": {1, protocolWord},
}

func weightWord(s *serverReading, _, arg string) {
	if arg == "0" {
		s.close("weight 0 gets no requests")
	} else if arg != "1" {
		s.add("weight", arg)
	}
}

func maxConnWord(s *serverReading, _, arg string) {
	if arg != "0" {
		s.add("max-conns", arg)
	}
}

func interWord(s *serverReading, _, arg string) {
	if s.set.check {
		s.time("health-interval", arg)
	}
}

func sniWord(s *serverReading, _, arg string) {
	if fixed, ok := strings.CutPrefix(arg, "str("); ok {
		s.name = strings.TrimSuffix(fixed, ")")
		return
	}
	s.remark.Mark(convert.Partly, "sni "+arg+": the name sent is that of host=, else the server's address", "servername=NAME")
}

func authorityWord(s *serverReading, _, arg string) {
	if arg != "@system-ca" {
		s.add("ca", s.reader.named("upstream-ca", arg, arg))
	}
}

func failuresWord(s *serverReading, w, _ string) {
	s.remark.Mark(convert.Partly, w+": two failures in a row count, one success brings it back", "")
}

func protocolWord(s *serverReading, w, _ string) {
	s.remark.Mark(convert.Partly, w+": servers are spoken to over HTTP/1.1", "")
}

// serverWords reads what stands behind the address.
func (r *reader) serverWords(set *settings, of *server, words []string) {
	s := &serverReading{server: of, reader: r, set: set}
	for i := 0; i < len(words); i++ {
		w, arg := words[i], next(words, i)
		known, ok := serverWordTable[w]
		n := known.args
		if !ok {
			n, ok = ignoredServerWords[w]
		}
		if i += n; !ok {
			s.remark.Mark(convert.Partly, w+" is not known here", "")
		} else if known.read != nil {
			known.read(s, w, arg)
		}
	}
	if s.tls {
		s.Words = append([]convert.Word{{Name: "proto", Value: "https"}}, s.Words...)
		if s.unverified {
			s.add("tlsskipverify", "true")
		} else if s.name != "" {
			s.add("servername", s.name)
		}
	}
	if s.closed != "" {
		s.remark.Mark(convert.Unsupported, s.closed+": it gets no requests", "")
	}
}

func (s *serverReading) time(option, text string) {
	d, err := span(text)
	if err != nil || d == 0 {
		s.remark.Mark(convert.Partly, option+" "+text+" is no time", "")
		return
	}
	s.Words = append(s.Words, convert.Word{Name: option, Value: written(d)})
}
