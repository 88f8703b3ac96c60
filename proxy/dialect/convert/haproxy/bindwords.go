package haproxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// bindReading is a bind whose words are read.
type bindReading struct {
	reader *reader
	of     *frontend
	st     *statement
	words  []string // behind the address
}

// verify is the argument of the word of that name, "" where there is none.
func (b *bindReading) verify() string {
	at := indexOf(b.words, "verify")
	if at < 0 {
		return ""
	}
	return next(b.words, at)
}

// bindWord is a word behind an address, with how many arguments; arg is the first of them.
type bindWord struct {
	args int
	read func(b *bindReading, word, arg string)
}

var (
	bindTLS = bindWord{1, func(b *bindReading, _, _ string) {
		b.st.remark.Mark(convert.Implied, "TLS 1.2 and 1.3 with the ciphers that are safe", "")
	}}
	bindImplied = bindWord{1, func(b *bindReading, _, _ string) { b.st.remark.Mark(convert.Implied, "", "") }}
	bindUnknown = bindWord{1, func(b *bindReading, w, _ string) { b.of.why = w + " has no counterpart" }}
)

// bindWordTable is all of them that say something here.
var bindWordTable = map[string]bindWord{
	"ssl":      {0, func(*bindReading, string, string) {}},
	"crt":      {1, func(b *bindReading, _, arg string) { b.reader.certificate(b.st, arg) }},
	"ca-file":  {1, clientAuthority},
	"verify":   {1, verifyClients},
	"crt-list": {1, certificateList},
	"accept-proxy": {0, func(b *bindReading, _, _ string) {
		b.of.why = "accept-proxy: the PROXY protocol is not read, and who the client is can't be told"
	}},
	"alpn": {1, protocolsOffered}, "npn": {1, protocolsOffered},
	"crl-file": bindUnknown, "crt-ignore-err": bindUnknown, "ca-ignore-err": bindUnknown, "ca-verify-file": bindUnknown,
	"ssl-min-ver": bindTLS, "ssl-max-ver": bindTLS, "ciphers": bindTLS, "ciphersuites": bindTLS, "curves": bindTLS, "ecdhe": bindTLS,
	"mode": bindImplied, "user": bindImplied, "group": bindImplied, "uid": bindImplied, "gid": bindImplied, "backlog": bindImplied, "maxconn": bindImplied,
	"name": bindImplied, "id": bindImplied, "interface": bindImplied, "process": bindImplied, "thread": bindImplied, "level": bindImplied, "mss": bindImplied,
	"nice": bindImplied, "tcp-ut": bindImplied, "shards": bindImplied, "proto": bindImplied,
}

func clientAuthority(b *bindReading, _, arg string) {
	name := b.reader.named("client-ca", arg, arg)
	if b.verify() == "optional" {
		name += ":optional"
	}
	if indexOf(b.words, "verify") >= 0 && b.verify() != "none" {
		b.reader.result.AddOption("tls-client-ca", name)
		b.st.remark.Mark(convert.Carried, "-tls-client-ca "+name, "")
	}
}

func verifyClients(b *bindReading, _, arg string) {
	if arg != "none" && indexOf(b.words, "ca-file") < 0 {
		b.of.why = "clients' certificates are verified, and by which authorities can't be told"
	}
}

func certificateList(b *bindReading, _, _ string) {
	b.st.remark.Mark(convert.Unsupported, "crt-list has no counterpart", "-tls-dir FOLDER with its certificates; which of them has a host is told by its names")
}

func protocolsOffered(b *bindReading, _, arg string) {
	if !strings.Contains(arg, "h2") {
		b.st.remark.Mark(convert.Partly, "HTTP/2 is offered too", "")
	}
}

// bindWords reads what stands behind the addresses of a bind.
func (r *reader) bindWords(f *frontend, st *statement) {
	b := &bindReading{reader: r, of: f, st: st, words: st.from(2)}
	for i := 0; i < len(b.words); i++ {
		w := b.words[i]
		known, ok := bindWordTable[w]
		if !ok {
			st.remark.Mark(convert.Implied, "", "")
			continue
		}
		known.read(b, w, next(b.words, i))
		i += known.args
	}
}
