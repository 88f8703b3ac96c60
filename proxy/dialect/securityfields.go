package dialect

import (
	"errors"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"
)

// fixedFields are the options of Traefik's headers, in lower case, that set one field of responses to one value where they are true.
var fixedFields = map[string][2]string{
	"browserxssfilter": {"X-XSS-Protection", "1; mode=block"}, "contenttypenosniff": {"X-Content-Type-Options", "nosniff"}, "framedeny": {"X-Frame-Options", "DENY"},
}

// writtenFields are those that set one field of responses to what is written.
var writtenFields = map[string]string{
	"custombrowserxssvalue": "X-XSS-Protection", "customframeoptionsvalue": "X-Frame-Options", "contentsecuritypolicy": "Content-Security-Policy",
	"contentsecuritypolicyreportonly": "Content-Security-Policy-Report-Only", "referrerpolicy": "Referrer-Policy", "permissionspolicy": "Permissions-Policy",
	"featurepolicy": "Feature-Policy",
}

// SecurityField is the field of responses that an option of Traefik's headers, in lower case, sets, and what to. The name is "" where the
// option is false, ok is false where it is none of them.
func SecurityField(option, value string) (name, text string, ok bool) {
	if f, ok := fixedFields[option]; ok {
		if strings.EqualFold(value, "true") {
			return f[0], f[1], true
		}
		return "", "", true
	}
	name, ok = writtenFields[option]
	return name, value, ok
}

// StrictTransport is the value of the field that has browsers come by HTTPS (RFC 6797); they pass over it where they come without. It is ""
// where seconds are none.
func StrictTransport(seconds, subdomains, preload string) (string, error) {
	if seconds == "" || seconds == "0" {
		return "", nil
	}
	if _, err := strconv.ParseUint(seconds, 10, 62); err != nil {
		return "", errors.New("stsseconds is no number")
	}
	value := "max-age=" + seconds
	if strings.EqualFold(subdomains, "true") {
		value += "; includeSubDomains"
	}
	if strings.EqualFold(preload, "true") {
		value += "; preload"
	}
	return value, nil
}

// ChangeField is the value of request-header= or response-header= that sets a field, or takes it away where there is no value.
func ChangeField(name, value string) (string, error) {
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch {
	case strings.ContainsAny(name, ": \t") || strings.ContainsAny(value, "\r\n\x00"):
		return "", fmt.Errorf("%q is no field", shown(name))
	case value == "":
		return "remove:" + name, nil
	}
	return "set:" + name + ":" + value, nil
}
