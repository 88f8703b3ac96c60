package traefik1

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func (x *frontend) ofService(words ...string) { x.service = append(x.service, words...) }

// domain is a part of the rule by default, see defaultRule.
func domain(x *frontend, _ string) error {
	if x.of.value(keyRule) != "" {
		x.ignored("domain", "the rule says the host", true)
	}
	return nil
}

func protocol(x *frontend, value string) error {
	switch strings.ToLower(value) {
	case "http", "":
	case "https":
		x.ofService("proto=https")
	default:
		return fmt.Errorf("this proxy asks no instance by %s", quoted(value))
	}
	return nil
}

func weight(x *frontend, value string) error {
	const most = 65535
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil || n > most {
		return fmt.Errorf("it is no number up to %d", most)
	}
	if n > 0 {
		x.ofService("weight=" + strconv.FormatUint(n, 10))
	}
	return nil
}

func passHost(x *frontend, value string) error {
	if strings.EqualFold(value, "false") {
		x.ofService("host=dst")
	}
	return nil
}

func sticky(x *frontend, value string) error {
	name := x.of.value("backend.loadbalancer.stickiness.cookiename")
	switch {
	case !strings.EqualFold(value, "true"):
	case name == "":
		x.ofService("sticky")
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "":
		return fmt.Errorf("%s is no name of a cookie", quoted(name))
	default:
		x.ofService("sticky=" + name)
	}
	slices.Sort(x.service)
	x.service = slices.Compact(x.service)
	return nil
}

// method is how an instance is chosen: in turn, or in Traefik's drr by how fast they have answered.
func method(x *frontend, value string) error {
	if !strings.EqualFold(value, "wrr") {
		x.notes = append(x.notes, "backend.loadbalancer.method="+shown(value)+" is not in effect: the proxy's own choice holds")
	}
	return nil
}

func healthCheck(x *frontend, value string) error {
	x.ofService(dialect.Word("health-check", value))
	for _, o := range [...]string{"interval", "timeout"} {
		text := x.of.value("backend.healthcheck." + o)
		if text == "" {
			continue
		}
		if _, err := strconv.ParseUint(text, 10, 31); err == nil {
			text += "s"
		}
		x.ofService(dialect.Word("health-"+o, text))
	}
	return nil
}

// ownFields are those of requests in which the proxy says itself what it knows; a label does not change them.
var ownFields = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "X-Request-Id", "Forwarded", "Via"}

// fields reads NAME:VALUE||NAME:VALUE.
func fields(option string) func(*frontend, string) error {
	return func(x *frontend, value string) error {
		for part := range strings.SplitSeq(value, "||") {
			name, text, ok := strings.Cut(part, ":")
			name, text = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(text)
			switch {
			case !ok || name == "":
				return errors.New("it is not NAME:VALUE, with || between several")
			case option == "request-header" && name == "Host":
				host, err := hostTerm(text)
				if err != nil || host.host == "" {
					return errors.New("the field Host names no host")
				}
				x.ofService("host=" + host.host)
				continue
			case option == "request-header" && slices.Contains(ownFields, name) && !(name == dialect.ForwardedProto && (text == "http" || text == "https")):
				x.notes = append(x.notes, name+" is what the proxy says about the client")
				continue
			}
			change, err := dialect.ChangeField(name, text)
			if err != nil {
				return err
			}
			x.add(option, change)
		}
		return nil
	}
}

func securityField(option string) func(*frontend, string) error {
	return func(x *frontend, value string) error {
		name, text, _ := dialect.SecurityField(option, value)
		if name == "" {
			return nil
		}
		change, err := dialect.ChangeField(name, text)
		if err == nil {
			x.add("response-header", change)
		}
		return err
	}
}

func strictTransport(x *frontend, value string) error {
	text, err := dialect.StrictTransport(value, x.of.value("frontend.headers.stsincludesubdomains"), x.of.value("frontend.headers.stspreload"))
	if err == nil && text != "" {
		x.add("response-header", "set:Strict-Transport-Security:"+text)
	}
	return err
}
