package traefik

import (
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func forwardAuth(c *chain, o *optionsOf) error {
	address := o.get("address")
	if !c.file && !o.group.ofFile() {
		address = dialect.AuthAddress(address)
	}
	if service, ok := strings.CutPrefix(address, dialect.ServicePrefix); ok {
		name, _, _ := strings.Cut(service, "/")
		c.out.Names = append(c.out.Names, dialect.ServiceName{Name: name})
	}
	c.add("forward-auth", address)
	if names := o.list("authresponseheaders"); len(names) > 0 {
		c.add("forward-auth-headers", strings.Join(names, ","))
	}
	if names := o.list("authrequestheaders"); len(names) > 0 {
		c.add("forward-auth-sends", strings.Join(names, ","))
	}
	for _, n := range notAsked {
		value := o.get(n.option)
		if value != "" && !strings.EqualFold(value, "false") {
			return errors.New("forwardauth." + n.option + ": " + n.why)
		}
	}
	for key := range o.left {
		if strings.HasPrefix(key, "tls.") {
			return errors.New("forwardauth.tls: an authentication server's certificate is verified by the system's authorities, and it is shown none")
		}
	}
	return nil
}

// notAsked are options of forwardauth that can't be honoured, and why. What they say to the other server, or the instance, would be missing.
var notAsked = []struct{ option, why string }{
	{"forwardbody", "the authentication server is told of no body"},
	{"preserverequestmethod", "the authentication server is asked by GET, and told the method in X-Forwarded-Method"},
	{"authresponseheadersregex", "fields of the answer are taken by their names: write them in authResponseHeaders"},
	{"addauthcookiestoresponse", "cookies of an answer that lets the request in reach no client"},
	{"authsigninurl", "the client gets the authentication server's own answer: have it redirect"},
}
