package traefik

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Traefik's dynamic file, which the operator writes: what its keys ask for is read as labels are, but that it may name addresses, hosts and files. What
// it defines is called NAME@file in labels.

// DefineFile is the middlewares of a file. An error is that it can't be read at all.
func (l language) DefineFile(name, content string) (out []*dialect.Definition, err error) {
	tree, err := readFile(name, content)
	if err != nil {
		return nil, err
	}
	for of, group := range tree.middlewares {
		d := definition(middlewarePrefix, of, group)
		d.Name += fileProvider
		out = append(out, d)
	}
	return out, nil
}

// ParseFile reads a whole file. An error is that it can't be read at all.
func (l language) ParseFile(name, content string, env dialect.Env) (dialect.Result, error) {
	tree, err := readFile(name, content)
	if err != nil {
		return dialect.Result{}, err
	}
	env.Writer = dialect.WriterOperator
	r := reader{file: true, env: env, labels: tree.labels}
	for _, router := range sortedNames(r.routers) {
		r.route(router)
	}
	r.define()
	for _, l := range r.all {
		if s := source(l); !r.told[s] {
			r.tell(elsewhereInFile(l.key), s)
		}
	}
	for _, rule := range r.out.Rules {
		if !rule.Policy.Closed {
			r.out.Verdicts = append(r.out.Verdicts, dialect.Verdict{Kind: dialect.VerdictUsed, Rule: rule.Name, Sources: rule.Sources})
		}
	}
	return r.out, nil
}

// Certificate is a pair of files that a file names, with the default one first.
type Certificate struct{ Cert, Key string }

// Certificates are those that a file names.
func Certificates(name, content string) (out []Certificate, err error) {
	tree, err := readFile(name, content)
	if err != nil {
		return nil, err
	}
	for _, key := range sortedNames(tree.plain) {
		rest, ok := strings.CutSuffix(key, ".certfile")
		if !ok || !isPair(rest) {
			continue
		}
		c := Certificate{tree.plain.value(key), tree.plain.value(rest + ".keyfile")}
		if rest == defaultPair {
			out = slices.Insert(out, 0, c)
		} else {
			out = append(out, c)
		}
	}
	return out, nil
}

const defaultPair = "tls.stores.default.defaultcertificate"

// isPair says whether a key is that of a certificate with its key.
func isPair(key string) bool {
	return key == defaultPair || strings.HasPrefix(key, "tls.certificates[") && strings.Count(key, ".") == 1
}

// elsewhereInFile says of a key that belongs to no router what became of it.
func elsewhereInFile(key string) dialect.Verdict {
	v := dialect.Verdict{Kind: dialect.VerdictIgnored}
	pair, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(key, ".certfile"), ".keyfile"), ".stores[")
	switch {
	case pair != key && isPair(pair):
		v.Kind = dialect.VerdictUsed
	case strings.HasPrefix(key, "tls.certificates["):
		v.Reason, v.Quiet = "all certificates are chosen by the names that they are for", true
	case strings.HasPrefix(key, "tls.options."):
		v.Reason = "the proxy's own TLS settings hold; routers that name these options are refused"
	case strings.HasPrefix(key, "tls."):
		v.Reason = "the proxy's own TLS settings hold"
	case strings.HasPrefix(key, "tcp."), strings.HasPrefix(key, "udp."):
		v.Reason = "it is about TCP or UDP: not in effect, this proxy serves HTTP"
	case strings.HasPrefix(key, "http.services."), strings.HasPrefix(key, "http.serverstransports."):
		v.Reason, v.Quiet = "no router of the file leads there", true
	default:
		v.Kind, v.Reason = dialect.VerdictRefused, "there is no key "+shown(key)
	}
	return v
}

// checkFile refuses a file as a whole where it restricts all routes in a way that can't be honoured.
func checkFile(l *labels) error {
	for key := range l.plain {
		if strings.HasPrefix(key, "tls.options.default.clientauth") {
			return errors.New("tls.options.default.clientAuth asks all clients for certificates, which -client-ca does here; the file is not read")
		}
	}
	return nil
}

// fileService is where a router of a file leads: for each line the options that say it.
func (x *router) fileService(name string) (ways [][]string, err error) {
	of := x.services[name]
	if of == nil {
		return nil, fmt.Errorf("the file has no service %s", quoted(name))
	}
	if why := of.problem(); why != "" {
		return nil, errors.New(why)
	}
	kinds := map[string]bool{}
	for key := range of {
		kind, _, _ := strings.Cut(key, ".")
		kinds[kind] = true
	}
	switch {
	case len(kinds) == 1 && kinds["loadbalancer"]:
		servers, err := x.servers(of)
		if err != nil {
			return nil, err
		}
		return weigh([]weighted{{servers: servers, weight: 1}})
	case len(kinds) == 1 && kinds["weighted"]:
		return x.weighted(of)
	}
	return nil, errors.New("its service is neither loadBalancer nor weighted, which are supported")
}
