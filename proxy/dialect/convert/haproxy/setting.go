package haproxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// rules are the words that steps are made of, see stepsOf.
var rules = map[string]bool{"http-request": true, "http-response": true, "http-after-response": true, "tcp-request": true, "redirect": true, "block": true, "use_backend": true,
	"default_backend": true, "monitor-uri": true, "reqrep": true, "reqirep": true, "reqadd": true, "reqdel": true, "reqidel": true, "rspadd": true,
	"rspdel": true, "rspidel": true, "reqdeny": true, "reqideny": true, "reqtarpit": true, "reqitarpit": true, "reqallow": true, "reqiallow": true, "reqpass": true,
	"reqipass": true, "rspdeny": true, "rspideny": true, "rsprep": true, "rspirep": true, "monitor": true, "use-server": true, "http-error": true, "tcp-response": true, "bind": true}

// setting reads a statement that is no rule.
func (r *reader) setting(s *section, set *settings, st *statement) {
	m := st.remark
	switch word := st.words[0]; word {
	case "mode":
		m.Mark(convert.Carried, "", "")
		if set.tcp {
			m.Mark(convert.Unsupported, "mode tcp: not carried over", "")
		} else if st.word(1) != "http" {
			m.Mark(convert.Unsupported, "mode "+st.word(1)+" has no counterpart", "")
		}
	case "server":
		r.server(set, st)
	case "disabled":
		set.disabled = true
		m.Mark(convert.Carried, "its routes are refused", "")
	case "server-template":
		m.Mark(convert.Partly, "all addresses of the name take requests, as many as there are", "")
		r.serverTemplate(set, st)
	case "default-server":
		set.usual = st.from(1)
		m.Mark(convert.Carried, "with each server", "")
	case "balance":
		if len(st.words) > 1 && s.leads() {
			w, why := balanced(st.from(1))
			set.balance = w
			m.Mark(outcome(why), why, "")
		}
		m.Mark(convert.Implied, "", "")
	case "cookie":
		r.cookie(set, st)
	case "timeout":
		r.timeout(set, st)
	case "option":
		r.option(set, st)
	case "http-check":
		r.httpCheck(st)
	case "stats":
		set.statistics = true
		m.Mark(convert.Partly, "the dashboard and the metrics are on the -admin address", "it has no password: reach it over -admin 127.0.0.1:8090, or put a route with auth= in front")
	case "compression":
		r.compression(set, st)
	case "errorfile", "errorloc", "errorloc302", "errorloc303":
		r.errorFile(set, st)
	case "log", "log-format", "log-format-sd", "log-tag", "capture", "unique-id-format", "unique-id-header":
		r.log(st)
	case "maxconn":
		if s.kind == "backend" && s.inherits(st) {
			return // it is about frontends
		}
		if s.kind == "backend" {
			m.Mark(convert.Unsupported, "a backend as a whole has no limit", "max-conns= for each server")
		} else {
			r.maxConnections(st)
		}
	default:
		if !rules[word] {
			r.rest(st)
		}
	}
}

func outcome(why string) convert.Outcome {
	if why == "" {
		return convert.Carried
	}
	return convert.Partly
}

// timeouts are those that have a counterpart.
var timeouts = map[string]string{"connect": "connect-timeout", "server": "answer-timeout and progress-timeout", "client": "-idle-timeout and -progress-timeout",
	"http-request": "-head-timeout", "http-keep-alive": "-idle-timeout"}

func (r *reader) timeout(set *settings, st *statement) {
	name := st.word(1)
	d, err := span(st.word(2))
	switch where, ok := timeouts[name]; {
	case err != nil:
		st.remark.Mark(convert.Unsupported, err.Error(), "")
	case ok && d == 0:
		st.remark.Mark(convert.Unsupported, "0 is no time", "")
	case ok:
		set.timeouts[name] = d
		st.remark.Mark(convert.Carried, where+" "+written(d), "")
	case name == "queue":
		st.remark.Mark(convert.Implied, "requests do not wait for a server: the next one gets them, else 503 with Retry-After", "")
	case name == "check":
		st.remark.Mark(convert.Partly, "a check's time is its own", "SERVICE_CHECK_TIMEOUT="+written(d)+", or health-timeout="+written(d))
	case name == "tunnel":
		st.remark.Mark(convert.Partly, "a WebSocket stays open for as long as both sides keep it", "")
	default:
		st.remark.Mark(convert.Unsupported, "timeout "+name+" has no counterpart", "")
	}
}

func (r *reader) cookie(set *settings, st *statement) {
	insert := false
	for _, w := range st.from(2) {
		switch w {
		case "insert", "prefix":
			insert = true
		case "rewrite":
			insert = false
		case "indirect", "nocache", "httponly", "secure", "postonly", "preserve", "dynamic":
		default:
			st.remark.Mark(convert.Partly, w+" has no counterpart", "")
		}
	}
	if !insert || st.word(1) == "" {
		st.remark.Mark(convert.Unsupported, "a cookie of the application's is not read", "sticky="+st.word(1)+" has the proxy set one")
		return
	}
	set.sticky = convert.Word{Name: "sticky", Value: st.word(1)}
	st.remark.Mark(convert.Carried, "sticky="+st.word(1)+"; its value is a hash of the server's name", "")
}

func (r *reader) compression(set *settings, st *statement) {
	switch st.word(1) {
	case "algo":
		set.compress = append(set.compress, convert.Word{Name: "compress", Value: "gzip"})
	case "type":
		set.compress = append(set.compress, convert.Word{Name: "compress-types", Value: strings.Join(st.from(2), ",")})
	case "offload":
		st.remark.Mark(convert.Implied, "", "")
	default:
		st.remark.Mark(convert.Unsupported, "it has no counterpart", "")
	}
	st.remark.Mark(convert.Carried, "", "")
}

func (r *reader) errorFile(set *settings, st *statement) {
	status, what := st.word(1), st.word(2)
	switch {
	case strings.HasPrefix(st.words[0], "errorloc"):
	case !strings.HasPrefix(what, "/") || !strings.HasSuffix(what, ".http"):
		st.remark.Mark(convert.Unsupported, "a file of HAProxy's begins with a head, which is cut off where the whole path of the file ends in .http", "call it so, or write the page alone to a file, and on="+status+":page:FILE to the routes")
		return
	default:
		what = "page:" + what
	}
	if !strings.HasPrefix(what, "page:") && !strings.HasPrefix(what, "/") && !strings.Contains(what, "://") {
		st.remark.Mark(convert.Unsupported, "it is neither a path nor an URL", "")
		return
	}
	set.on = append(set.on, convert.Word{Name: "on", Value: status + ":" + what})
	st.remark.Mark(convert.Carried, "on="+status+":"+what, "")
}

func (r *reader) log(st *statement) {
	switch st.words[0] {
	case "log", "log-tag":
		st.remark.Mark(convert.Implied, "the log goes to stderr, and requests to -access-log", "")
	default:
		st.remark.Mark(convert.Partly, "the line of -access-log has its own fields", "-access-log-format writes nginx's variables")
	}
}
