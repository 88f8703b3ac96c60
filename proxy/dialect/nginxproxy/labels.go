package nginxproxy

import (
	"regexp"
	"strings"
)

// readLabel reads a label of a container.
func (r *reader) readLabel(w word) {
	rest, own := strings.CutPrefix(w.key, ownLabels)
	l, known := labels[rest]
	switch {
	case !own:
		r.ignore(w, true, ofCertificates, "")
	case !known:
		r.ignore(w, false, "nginx-proxy knows no such label", "")
	case w.key == labelBalance:
		r.readBalance(w)
	case w.key == labelVerify:
		switch strings.ToLower(w.value) {
		case "", "off", "optional", "optional_no_ca":
			r.ignore(w, false, "clients need no certificate", "pointsman.client-ca=NAME:optional asks for one")
		default:
			r.shut(w, "clients are to show a certificate, of which authorities is the operator's to say: pointsman.client-ca=NAME, and -client-ca of the proxy")
		}
	default:
		r.ignore(w, l.quiet, l.why, l.advice)
	}
}

// hashed is a hash of nginx's by one variable of a request.
var hashed = regexp.MustCompile(`^hash \$(cookie|http|arg)_([a-z0-9_]+)( consistent)?$`)

// readBalance reads a directive of nginx's that chooses among instances.
func (r *reader) readBalance(w word) {
	text := strings.Join(strings.Fields(strings.TrimSuffix(strings.TrimSpace(w.value), ";")), " ")
	how := map[string]string{
		"": "round-robin", "round_robin": "round-robin", "least_conn": "least-connections", "ip_hash": "hash:client-ip",
		"random two": "least-connections", "random two least_conn": "least-connections",
		"hash $remote_addr": "hash:client-ip", "hash $remote_addr consistent": "hash:client-ip", "hash $binary_remote_addr": "hash:client-ip",
		"hash $binary_remote_addr consistent": "hash:client-ip",
		"hash $uri":                           "hash:path", "hash $uri consistent": "hash:path", "hash $request_uri": "hash:path", "hash $request_uri consistent": "hash:path",
	}[text]
	if m := hashed.FindStringSubmatch(text); m != nil {
		switch m[1] {
		case "http":
			how = "hash:header:" + strings.ReplaceAll(m[2], "_", "-")
		case "arg":
			how = "hash:query:" + m[2]
		default:
			how = "hash:cookie:" + m[2]
		}
	}
	if how == "" {
		r.ignore(w, false, "it chooses among instances in a way that this proxy does not have", "pointsman.balance=POLICY")
		return
	}
	r.use(w, "balance="+how)
}
