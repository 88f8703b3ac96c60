package registrator

import (
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-shellwords"
	"golang.org/x/net/http/httpguts"
)

// maxHeaders bounds SERVICE_CHECK_HEADER: a health check needs a host name and a credential, not a page.
const maxHeaders = 16

// checker makes the check that SERVICE_CHECK_* asks for. It goes to the registered address and port and nowhere else,
// whatever the variables say.
type checker struct {
	container Container
	port      candidate
	at        addrPort
	s         settings
	o         Options
	g         *complaintCollector
}

// check is the first of the seven kinds that is set. One that is refused leaves the service without a check.
func (k checker) check() (Check, bool) {
	check, ok := k.kind()
	if !ok {
		return Check{}, false
	}
	if check.TTL == "" {
		check.Interval = k.duration("check_interval", defaultInterval)
	}
	check.Status = k.status()
	check.DeregisterAfter = k.duration("check_deregister_after", "")
	return check, true
}

func (k checker) kind() (Check, bool) {
	for _, kind := range []struct {
		key  string
		make func(value string) (Check, bool)
	}{
		{"check_http", k.http}, {"check_https", k.https}, {"check_cmd", k.command}, {"check_script", k.script},
		{"check_ttl", k.ttl}, {"check_tcp", k.tcp}, {"check_grpc", k.grpc},
	} {
		if v := k.s.value(kind.key); v != "" {
			return kind.make(v)
		}
	}
	return Check{}, false
}

func (k checker) hostPort() string { return net.JoinHostPort(k.at.address, strconv.Itoa(k.at.port)) }

func (k checker) refuse(key, problem string) (Check, bool) {
	k.g.add(k.s.source(key), problem, "the service has no check")
	return Check{}, false
}

func (k checker) http(path string) (Check, bool) { return k.web("check_http", "http", path) }

func (k checker) https(path string) (Check, bool) {
	check, ok := k.web("check_https", "https", path)
	check.TLSSkipVerify = k.s.value("check_tls_skip_verify") != ""
	return check, ok
}

func (k checker) web(key, scheme, path string) (Check, bool) {
	if f := flaw(path); f != "" {
		return k.refuse(key, f)
	}
	return Check{
		HTTP:        checkURL(scheme, k.hostPort(), path),
		Method:      k.method(key + "_method"),
		Header:      k.header(),
		NoRedirects: true,
		Timeout:     k.duration("check_timeout", ""),
	}, true
}

// checkURL builds the URL from its parts, so that a path such as "@169.254.169.254/" stays a path.
func checkURL(scheme, hostPort, path string) string {
	path, _, _ = strings.Cut(path, "#")
	path, query, hasQuery := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: scheme, Host: hostPort, Path: path, RawQuery: strings.ReplaceAll(query, " ", "%20")}
	u.ForceQuery = hasQuery && query == ""
	if plain, err := url.PathUnescape(path); err == nil {
		u.Path, u.RawPath = plain, path
	}
	return u.String()
}

// method is the one that a check asks with. Any but GET and HEAD may change something where it arrives, so that the operator
// has to allow it.
func (k checker) method(key string) string {
	v := k.s.value(key)
	switch {
	case v == "" || v == "GET" || v == "HEAD":
		return v
	case len(v) > 32 || !httpguts.ValidHeaderFieldName(v):
		k.g.add(k.s.source(key), Shown(v)+" is no HTTP method", "GET is used")
	case k.o.AllowCheckMethods:
		return v
	default:
		k.g.add(k.s.source(key), Shown(v)+" is neither GET nor HEAD (-allow-check-methods allows it)", "GET is used")
	}
	return ""
}

// header reads SERVICE_CHECK_HEADER: a JSON object of name to value or list of values.
func (k checker) header() map[string][]string {
	v := k.s.value("check_header")
	if v == "" {
		return nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(v), &fields); err != nil || len(fields) > maxHeaders {
		k.g.add(k.s.source("check_header"), "is no JSON object of up to 16 header fields", "the check sends none")
		return nil
	}
	out := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		values, ok := headerValues(fields[name])
		if !ok || !httpguts.ValidHeaderFieldName(name) {
			k.g.add(k.s.source("check_header"), "field "+Shown(name)+" is no valid header field", "the check does not send it")
			continue
		}
		out[name] = values
	}
	return out
}

func headerValues(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, one := range list {
		s, ok := one.(string)
		if !ok || !httpguts.ValidHeaderFieldValue(s) || len(out) == maxHeaders {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func (k checker) command(command string) (Check, bool) {
	if !k.o.AllowScriptChecks {
		return k.refuse("check_cmd", "asks for a command (-allow-script-checks allows it)")
	}
	if f := flaw(command); f != "" {
		return k.refuse("check_cmd", f)
	}
	return Check{Script: []string{"check-cmd", k.container.ShortID(), k.port.text(), command}}, true
}

// script splits a command into words as a shell would, but nothing is expanded and no shell is run: what needs one
// (pipes, redirection, substitution) is refused.
func (k checker) script(line string) (Check, bool) {
	if !k.o.AllowScriptChecks {
		return k.refuse("check_script", "asks for a command (-allow-script-checks allows it)")
	}
	if f := flaw(line); f != "" {
		return k.refuse("check_script", f)
	}
	parser := shellwords.NewParser()
	parser.ParseEnv, parser.ParseBacktick = false, false
	words, err := parser.Parse(line)
	switch {
	case err != nil:
		return k.refuse("check_script", "cannot be split into words: "+Shown(err.Error()))
	case parser.Position >= 0:
		return k.refuse("check_script", "needs a shell for what follows "+Shown(strings.Join(words, " "))+", and none is run")
	case len(words) == 0:
		return k.refuse("check_script", "holds no command")
	}
	for i, word := range words {
		words[i] = substitute(word, k.at.address, strconv.Itoa(k.at.port))
	}
	return Check{Script: words}, true
}

func (k checker) ttl(string) (Check, bool) {
	ttl := k.duration("check_ttl", "")
	if ttl == "" {
		return Check{}, false
	}
	return Check{TTL: ttl}, true
}

func (k checker) tcp(string) (Check, bool) {
	return Check{TCP: k.hostPort(), Timeout: k.duration("check_timeout", "")}, true
}

func (k checker) grpc(string) (Check, bool) {
	tls := k.s.value("check_grpc_use_tls") != ""
	return Check{GRPC: k.hostPort(), Timeout: k.duration("check_timeout", ""), GRPCUseTLS: tls,
		TLSSkipVerify: tls && k.s.value("check_tls_skip_verify") != ""}, true
}

// duration is a variable that Consul will take as a duration, else the fallback.
func (k checker) duration(key, fallback string) string {
	v := k.s.value(key)
	if v == "" {
		return fallback
	}
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return v
	}
	done := "it is ignored"
	if fallback != "" {
		done = fallback + " is used"
	}
	k.g.add(k.s.source(key), Shown(v)+" is no duration such as 10s", done)
	return fallback
}

func (k checker) status() string {
	v := k.s.value("check_initial_status")
	switch v {
	case "", "passing", "warning", "critical":
		return v
	}
	k.g.add(k.s.source("check_initial_status"), Shown(v)+" is none of passing, warning, critical", "it is ignored")
	return ""
}
