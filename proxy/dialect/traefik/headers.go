package traefik

import (
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// fixedFields are the options of headers that set one field of responses to one value, where they are true.
var fixedFields = map[string][2]string{
	"browserxssfilter": {"X-XSS-Protection", "1; mode=block"}, "contenttypenosniff": {"X-Content-Type-Options", "nosniff"}, "framedeny": {"X-Frame-Options", "DENY"},
}

// writtenFields are those that set one field of responses to what is written.
var writtenFields = map[string]string{
	"custombrowserxssvalue": "X-XSS-Protection", "customframeoptionsvalue": "X-Frame-Options", "contentsecuritypolicy": "Content-Security-Policy",
	"contentsecuritypolicyreportonly": "Content-Security-Policy-Report-Only", "referrerpolicy": "Referrer-Policy", "permissionspolicy": "Permissions-Policy",
	"featurepolicy": "Feature-Policy",
}

// ownFields are those of requests in which the proxy says itself what it knows; a label does not change them.
var ownFields = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "X-Request-Id", "Forwarded", "Via"}

func headers(c *chain, o *optionsOf) error {
	for _, key := range slices.Sorted(maps.Keys(o.group)) {
		if err := c.header(o, key); err != nil {
			return err
		}
	}
	if err := c.strictTransport(o); err != nil {
		return err
	}
	if strings.EqualFold(o.get("sslredirect"), "true") {
		return c.secure(code(strconv.FormatBool(!strings.EqualFold(o.get("ssltemporaryredirect"), "true"))), "")
	}
	return nil
}

// header reads one option that changes fields.
func (c *chain) header(o *optionsOf, key string) error {
	if strings.HasPrefix(key, "accesscontrol") {
		c.ignored(group{key: o.group[key]}, "it is not in effect: browsers of other origins are not let in")
	}
	if f, ok := fixedFields[key]; ok {
		if strings.EqualFold(o.get(key), "true") {
			return c.field("response-header", f[0], f[1])
		}
		return nil
	}
	if name := writtenFields[key]; name != "" {
		return c.field("response-header", name, o.get(key))
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
	name = textproto.CanonicalMIMEHeaderKey(name)
	if strings.ContainsAny(name, ": \t") || strings.ContainsAny(value, "\r\n\x00") {
		return fmt.Errorf("%s is no field", quoted(name))
	}
	if value == "" {
		c.add(option, "remove:"+name)
		return nil
	}
	c.add(option, "set:"+name+":"+value)
	return nil
}

// strictTransport is the field that has browsers come by HTTPS; they pass over it where they come without.
func (c *chain) strictTransport(o *optionsOf) error {
	seconds, below, preload := o.get("stsseconds"), o.get("stsincludesubdomains"), o.get("stspreload")
	if seconds == "" || seconds == "0" {
		return nil
	}
	if _, err := strconv.ParseUint(seconds, 10, 62); err != nil {
		return errors.New("stsseconds is no number")
	}
	value := "max-age=" + seconds
	if strings.EqualFold(below, "true") {
		value += "; includeSubDomains"
	}
	if strings.EqualFold(preload, "true") {
		value += "; preload"
	}
	return c.field("response-header", "Strict-Transport-Security", value)
}
