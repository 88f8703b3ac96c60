package haproxy

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// process adds the timeouts of the process.
func (r *reader) process() {
	if len(r.public) == 0 {
		return
	}
	base := r.base()
	add := func(option string, from ...string) {
		for _, name := range from {
			if d := base[name]; d > 0 {
				r.result.AddOption(option, written(d))
				return
			}
		}
	}
	add("connect-timeout", "connect")
	add("answer-timeout", "server")
	add("progress-timeout", "server", "client")
	add("idle-timeout", "http-keep-alive", "client")
	add("head-timeout", "http-request", "client")
}

// inherited marks what in a defaults section is no setting of the sections behind it.
func (r *reader) inherited(st *statement) {
	if st.words[0] == "acl" {
		st.remark.Mark(convert.Unsupported, "an acl of a defaults section is not inherited", "")
	}
}

// global reads a statement of the global section.
func (r *reader) global(st *statement) {
	m := st.remark
	switch word := st.words[0]; {
	case word == "maxconn":
		r.maxConnections(st)
	case word == "log":
		m.Mark(convert.Implied, "the log goes to stderr, and requests to -access-log", "")
	case word == "stats":
		m.Mark(convert.Implied, "the API is on the -admin address", "")
	case strings.HasPrefix(word, "tune."), strings.HasPrefix(word, "ssl-"), strings.HasPrefix(word, "no"), processWords[word]:
		m.Mark(convert.Implied, "about HAProxy's own process", "")
	case word == "crt-base", word == "ca-base":
		m.Mark(convert.Partly, "files without a folder in front are in "+st.word(1), "write the whole path in -tls-cert and -upstream-ca")
	default:
		m.Mark(convert.Unsupported, "it has no counterpart", "")
	}
}

// processWords are about HAProxy's own process.
var processWords = words("daemon user group uid gid chroot pidfile nbproc nbthread cpu-map ulimit-n master-worker spread-checks maxsslconn maxconnrate maxsessrate maxpipes log-tag log-send-hostname " +
	"node description quiet debug hard-stop-after unix-bind server-state-base server-state-file setenv presetenv external-check insecure-fork-wanted h1-case-adjust " +
	"busy-polling localpeer expose-experimental-directives zero-warning strict-limits set-dumpable max-spread-checks default-path grace")

func words(text string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		out[w] = true
	}
	return out
}

// sectionAdvice is what to do about sections that hold no routes.
var sectionAdvice = map[string]string{"userlist": "a list whose passwords are all hashed by bcrypt becomes auth=; write the users of another one to a file by htpasswd -B", "resolvers": "names are asked of the system's DNS servers, as often as their answers say", "cache": "the proxy keeps no responses",
	"peers": "each proxy counts for itself"}

// other marks the sections of other kinds.
func (r *reader) other(s *section) {
	if _, ok := s.users(); ok && s.kind == "userlist" { // who asks for them says so
		return
	}
	o := convert.Unsupported
	if s.kind == "resolvers" {
		o = convert.Implied
	}
	s.head.remark.Mark(o, "a section "+s.kind+" holds no routes", sectionAdvice[s.kind])
	for i := range s.own {
		s.own[i].remark.Mark(o, "in a section "+s.kind, "")
	}
}

// restAdvice is what to do about words of sections that have no counterpart.
var restAdvice = map[string]string{"stick-table": "rate-limit=100/s counts requests by client, sticky keeps a client at its server", "stick": "sticky keeps a client at its server by a cookie",
	"fullconn": "max-conns= of a server", "rate-limit": "rate-limit=100/s", "bind-process": "", "hash-type": "keys go to the same server for as long as it is there", "hash-balance-factor": "hash-balance=1.25",
	"filter": "", "email-alert": "", "external-check": "SERVICE_CHECK_HTTP=/path", "errorfiles": "on=503:page:FILE", "force-persist": "", "http-error": "on=503:respond:503,TEXT"}

// rest marks what is not known.
func (r *reader) rest(st *statement) {
	switch st.words[0] {
	case "retries":
		st.remark.Mark(convert.Implied, "a server that refuses a connection is passed over, with any number of others", "")
	case "retry-on":
		st.remark.Mark(convert.Partly, "what is repeated is told by method and by whether a server has read it", "next-upstream=error,timeout,503")
	case "http-reuse", "bind-process", "description", "id", "backlog", "clitimeout", "contimeout", "srvtimeout", "hash-type", "unique-id-format", "source", "grace", "guid":
		st.remark.Mark(convert.Implied, "", "")
	default:
		st.remark.Mark(convert.Unsupported, st.words[0]+" has no counterpart", restAdvice[st.words[0]])
	}
}

// maxConnections is maxconn of the process or of a frontend.
func (r *reader) maxConnections(st *statement) {
	if n, err := strconv.Atoi(st.word(1)); err != nil || n <= 0 || n > 1_000_000 {
		st.remark.Mark(convert.Unsupported, "it is no number of connections", "-max-connections NUMBER")
		return
	}
	r.result.AddOption("max-connections", st.word(1))
	st.remark.Mark(convert.Carried, "-max-connections "+st.word(1), "")
}
