package traefik

import (
	"errors"
	"maps"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// ownFields are those of requests in which the proxy says itself what it knows; a label does not change them.
var ownFields = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "X-Request-Id", "Forwarded", "Via"}

func headers(c *chain, o *optionsOf) error {
	for _, key := range slices.Sorted(maps.Keys(o.group)) {
		if err := c.header(o, key); err != nil {
			return err
		}
	}
	sts, err := dialect.StrictTransport(o.get("stsseconds"), o.get("stsincludesubdomains"), o.get("stspreload"))
	if err == nil && sts != "" {
		err = c.field("response-header", "Strict-Transport-Security", sts)
	}
	if err != nil {
		return err
	}
	c.cors(o)
	if strings.EqualFold(o.get("sslredirect"), "true") {
		return c.secure(code(strconv.FormatBool(!strings.EqualFold(o.get("ssltemporaryredirect"), "true"))), "")
	}
	return nil
}

// header reads one option that changes fields.
func (c *chain) header(o *optionsOf, key string) error {
	if name, value, ok := dialect.SecurityField(key, o.value(key)); ok {
		o.get(key)
		if name == "" {
			return nil
		}
		return c.field("response-header", name, value)
	}
	if name, ok := strings.CutPrefix(key, "customresponseheaders."); ok {
		return c.field("response-header", name, o.get(key))
	}
	name, ok := strings.CutPrefix(key, "customrequestheaders.")
	if !ok {
		return nil
	}
	value := o.get(key)
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch {
	case name == dialect.ForwardedProto && (value == "http" || value == "https"):
	case slices.Contains(ownFields, name):
		c.ignored(group{key: o.group[key]}, name+" is what the proxy says about the client")
		return nil
	case name == "Host":
		host, err := checkHost(value)
		if err != nil || host == "" {
			return errors.New("the field Host names no host")
		}
		c.add("host", host)
		return nil
	}
	return c.field("request-header", name, value)
}

// field sets a field, or takes it away where there is no value.
func (c *chain) field(option, name, value string) error {
	change, err := dialect.ChangeField(name, value)
	if err != nil {
		return err
	}
	c.add(option, change)
	return nil
}
