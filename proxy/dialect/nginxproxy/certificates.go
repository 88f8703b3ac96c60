package nginxproxy

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// readCertificates reads for which hosts a certificate is wanted.
func (r *reader) readCertificates() {
	w, ok := r.words[keyACME]
	if !ok || w.value == "" {
		return
	}
	for host := range strings.SplitSeq(w.value, ",") {
		if host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), "."); host != "" {
			r.acme = append(r.acme, host)
		}
	}
	partly := func(reason, advice string) {
		r.tell(dialect.Verdict{Kind: dialect.VerdictPartly, Reason: reason, Advice: advice}, w)
	}
	others := slices.DeleteFunc(slices.Clone(r.acme), r.has)
	switch {
	case dialect.Withheld(w.value) != "":
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: dialect.Withheld(w.value), Final: true}, w)
		r.acme = nil
	case r.method == "nohttps":
		r.ignore(w, false, "HTTPS_METHOD=nohttps serves no HTTPS", "")
		r.acme = nil
	case r.env.NoACME:
		partly("no certificate is ordered: the proxy has no -acme-dir. One of -tls-dir that covers the host is used", "-acme-dir and -acme-email of the proxy")
	case len(others) > 0:
		partly("no certificate is ordered for "+dialect.Source(strings.Join(others, ", "))+": there is no route of that name", "name it in "+keyHost+", in full")
	default:
		r.sources = append(r.sources, w.source())
	}
}

// has says whether a host is one of those that have a route, in full.
func (r *reader) has(host string) bool {
	if text := r.value(keyMultiports); text != "" {
		hosts, _, _ := parseMultiports(text)
		_, ok := hosts[host]
		return ok
	}
	for name := range strings.SplitSeq(r.value(keyHost), ",") {
		if strings.EqualFold(strings.TrimSpace(name), host) && !strings.ContainsAny(host, "*~") {
			return true
		}
	}
	return false
}

// orders says whether a certificate is ordered for a host.
func (r *reader) orders(host string) bool {
	return !r.env.NoACME && slices.Contains(r.acme, host) && !strings.ContainsAny(host, "*?[{")
}
