package haproxy

import (
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// impliedOptions are those that the proxy does anyway, or needs no such thing.
var impliedOptions = map[string]string{
	"dontlognull": "a connection without a request is not logged", "dontlog-normal": "access-log=off leaves requests out",
	"http-server-close": "connections to servers are kept and used again", "httpclose": "connections are kept and used again", "forceclose": "connections are kept and used again",
	"http-keep-alive": "connections are kept and used again", "redispatch": "a request that a server refuses goes to the next one", "prefer-last-server": "",
	"abortonclose": "", "tcp-smart-accept": "", "tcp-smart-connect": "", "splice-auto": "", "splice-request": "", "splice-response": "", "tcpka": "", "clitcpka": "", "srvtcpka": "",
	"log-health-checks": "ejections are logged", "log-separate-errors": "", "logasap": "", "nolinger": "", "http-no-delay": "", "http-use-htx": "", "contstats": "", "idle-close-on-response": "",
	"http-ignore-probes": "", "accept-invalid-http-request": "requests that are not well formed are refused", "accept-invalid-http-response": "", "checkcache": "", "allbackups": "all backup servers serve",
	"socket-stats": "", "http-buffer-request": "", "independent-streams": "", "h1-case-adjust-bogus-client": "", "h1-case-adjust-bogus-server": "", "http-pretend-keepalive": "", "http-tunnel": "",
}

func (r *reader) option(set *settings, st *statement) {
	m := st.remark
	name := st.word(1)
	why, ok := impliedOptions[name]
	switch {
	case ok:
		m.Mark(convert.Implied, why, "")
	case name == "forwardfor":
		m.Mark(convert.Implied, "X-Forwarded-For is written anyway, and taken from nobody but -trusted-proxies", "")
		if i := indexOf(st.words, "header"); i > 0 && !strings.EqualFold(st.word(i+1), "X-Forwarded-For") {
			m.Mark(convert.Partly, "the address is in X-Forwarded-For and X-Real-IP, not in "+st.word(i+1), "")
		}
	case name == "httplog", name == "tcplog":
		if !set.tcp {
			r.result.AddOption("access-log", "json")
			m.Mark(convert.Carried, "-access-log json", "")
		}
		m.Mark(convert.Implied, "", "")
	case name == "httpchk":
		r.httpchk(set, st)
	case strings.HasSuffix(name, "-check"), strings.HasSuffix(name, "-chk"):
		m.Mark(convert.Unsupported, "servers are asked over HTTP, or connected to", "SERVICE_CHECK_TCP=true, or HTTP with SERVICE_CHECK_HTTP=/path")
	default:
		m.Mark(convert.Unsupported, "it has no counterpart", "")
	}
}

// httpchk reads METHOD PATH VERSION\r\nFIELDS, or a path alone.
func (r *reader) httpchk(set *settings, st *statement) {
	set.check, set.checkPath = true, "/"
	method, fields := "OPTIONS", ""
	switch args := st.from(2); {
	case len(args) == 1:
		set.checkPath = args[0]
	case len(args) > 1:
		method, set.checkPath = args[0], args[1]
		_, fields, _ = strings.Cut(strings.Join(args[2:], " "), "\r\n")
	}
	advice := "or label the service SERVICE_CHECK_HTTP=" + set.checkPath
	if method == "HEAD" {
		advice += " and SERVICE_CHECK_HTTP_METHOD=HEAD"
	}
	if name, value, ok := strings.Cut(strings.TrimSpace(fields), ":"); ok {
		advice += fmt.Sprintf(" and SERVICE_CHECK_HEADER={%q:[%q]}", strings.TrimSpace(name), strings.TrimSpace(strings.Split(value, "\r")[0]))
	}
	advice += ": then Consul asks, for all proxies"
	if method == "GET" && fields == "" {
		st.remark.Mark(convert.Carried, "health-check="+set.checkPath, advice)
		return
	}
	st.remark.Mark(convert.Partly, "health-check="+set.checkPath+", by GET and with the server's address as its Host", advice)
}

func (r *reader) httpCheck(st *statement) {
	switch {
	case st.word(1) == "expect" && st.word(2) == "status" && (strings.HasPrefix(st.word(3), "2") || st.word(3) == "200-399"):
		st.remark.Mark(convert.Implied, "2xx and 429 are good", "")
	case st.word(1) == "disable-on-404":
		st.remark.Mark(convert.Unsupported, "404 is a failed check", "")
	default:
		st.remark.Mark(convert.Unsupported, "of an answer the status alone counts: 2xx and 429 are good", "SERVICE_CHECK_HEADER sends fields, SERVICE_CHECK_HTTP_METHOD=HEAD a HEAD")
	}
}
