package registrator

import (
	"strconv"
	"strings"
)

// defaultInterval is Registrator's for every check that Consul runs.
const defaultInterval = "10s"

// compatCheck is the one check that Registrator makes; the first variable that is set decides. Nothing is validated.
func compatCheck(c Container, p compatPort, s settings, mode Compat) (Check, bool) {
	check, ok := compatCheckKind(c, p, s, mode)
	if !ok {
		return Check{}, false
	}
	if check.TTL == "" {
		check.Interval = defaultInterval
		if v := s.value("check_interval"); v != "" {
			check.Interval = v
		}
	}
	if mode == CompatHEAD {
		check.Status = s.value("check_initial_status")
		check.DeregisterAfter = s.value("check_deregister_after")
	}
	return check, true
}

func compatCheckKind(c Container, p compatPort, s settings, mode Compat) (Check, bool) {
	timeout, head := s.value("check_timeout"), mode == CompatHEAD
	switch {
	case s.value("check_http") != "":
		check := Check{HTTP: "http://" + p.unbracketed() + s.value("check_http"), Timeout: timeout}
		if head {
			check.Method = s.value("check_http_method")
		}
		return check, true
	case head && s.value("check_https") != "":
		return Check{HTTP: "https://" + p.unbracketed() + s.value("check_https"),
			Timeout: timeout, Method: s.value("check_https_method")}, true
	case s.value("check_cmd") != "":
		words := []string{"check-cmd", c.ShortID(), p.port, s.value("check_cmd")}
		if head {
			return Check{Script: words}, true
		}
		return Check{ShellLine: strings.Join(words, " ")}, true
	case s.value("check_script") != "":
		if head {
			line := substitute(s.value("check_script"), p.registeredIP, strconv.Itoa(p.registered))
			return Check{Script: []string{line}}, true
		}
		return Check{ShellLine: substitute(s.value("check_script"), p.hostIP, p.hostPort)}, true
	case s.value("check_ttl") != "":
		return Check{TTL: s.value("check_ttl")}, true
	case s.value("check_tcp") != "":
		return Check{TCP: p.unbracketed(), Timeout: timeout}, true
	case head && s.value("check_grpc") != "":
		tls := s.value("check_grpc_use_tls") != ""
		return Check{GRPC: p.unbracketed(), Timeout: timeout, GRPCUseTLS: tls,
			TLSSkipVerify: tls && s.value("check_tls_skip_verify") != ""}, true
	}
	return Check{}, false
}

// substitute puts address and port into a command.
func substitute(s, address, port string) string {
	return strings.NewReplacer("$SERVICE_IP", address, "$SERVICE_PORT", port).Replace(s)
}
