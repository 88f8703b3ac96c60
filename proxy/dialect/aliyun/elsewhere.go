package aliyun

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// elsewhere says of a group of labels that is not about routing what to do. What the proxy could not do anything about is Quiet.
func elsewhere(group string) dialect.Verdict {
	v := dialect.Verdict{Kind: dialect.VerdictIgnored}
	switch group {
	case "scale":
		v.Reason = "how many containers run is not the proxy's to say"
		v.Advice = "docker-compose scale NAME=N, and traffic follows"
	case "lb":
		v.Reason = "it opens a port at the cloud's load balancer: there is no route"
		v.Advice = "publish the port of the container (ports:) and name it there; for HTTP write " + prefix + "routing.port_N=HOST"
	case "proxy":
		v.Reason = "it is read by another router: there is no route"
		v.Advice = "write " + prefix + "routing.port_N=HOST, N being the container's port"
	default:
		v.Reason, v.Quiet = "it is not about routing", true
	}
	return v
}

// keyCertificate is the other router's label with a certificate and its private key.
const keyCertificate = "proxy.ssl_cert"

// isSecret says whether a label that is not about routing is named like one with a credential.
func isSecret(key string) bool {
	group, _, _ := strings.Cut(key, ".")
	return key == keyCertificate || group != "routing" && group != "probe" && dialect.IsSecretName(key[strings.LastIndexByte(key, '.')+1:])
}

// source is a label as it stands in verdicts.
func source(l label) string {
	if isSecret(l.key) {
		return prefix + shown(l.key) + "=set"
	}
	return dialect.Source(l.tag)
}

// shown makes a text fit for people; quoted puts it in quotes.
func shown(text string) string  { return dialect.Source(text) }
func quoted(text string) string { return `"` + shown(text) + `"` }
