package traefik

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// passOver tells that a middleware is not in effect.
func passOver(c *chain, o *optionsOf) error {
	c.ignored(o.group, "it is not in effect: the proxy's own rules hold")
	return nil
}

// ignored tells of labels that are not in effect.
func (c *chain) ignored(of group, reason string) { c.without(of, dialect.VerdictIgnored, reason) }

// without tells of labels that are not in effect as written. A label that several routers use is told of once.
func (c *chain) without(of group, kind dialect.VerdictKind, reason string) {
	v := dialect.Verdict{Kind: kind, Reason: reason}
	sources := of.sources()
	c.sources = slices.DeleteFunc(c.sources, func(s string) bool { return slices.Contains(sources, s) })
	if !slices.ContainsFunc(c.out.Verdicts, func(o dialect.Verdict) bool {
		return o.Kind == kind && o.Reason == reason && slices.Equal(o.Sources, sources)
	}) {
		c.tell(v, sources...)
	}
}

func redirectScheme(c *chain, o *optionsOf) error {
	if scheme := o.get("scheme"); !strings.EqualFold(scheme, "https") {
		return fmt.Errorf("a redirect to %s: there is one to https", quoted(scheme))
	}
	port := o.get("port")
	switch {
	case port == "" || port == "443":
		port = ""
	case dialect.ParsePort(port) == 0:
		return fmt.Errorf("%s is no port", quoted(port))
	default:
		port = ":" + port
	}
	return c.secure(code(o.get("permanent")), port)
}

func code(permanent string) string {
	if strings.EqualFold(permanent, "true") {
		return "301"
	}
	return "302"
}

func basicAuth(c *chain, o *optionsOf) error {
	users, file := o.list("users"), o.get("usersfile")
	switch {
	case file != "" && len(users) > 0:
		return errors.New("basicauth has users and usersFile: one of the two")
	case file == "" && len(users) == 0:
		return errors.New("basicauth.users names nobody")
	}
	for _, u := range users {
		if _, err := dialect.ParseUser(u); err != nil || strings.Contains(u, "|") {
			return errors.New("basicauth.users is no list of NAME:HASH, as htpasswd writes it; in a compose file each $ is written $$")
		}
	}
	if file != "" { // which only the operator may name
		c.add("auth", "file:"+file)
	} else {
		c.add("auth", "basic:"+strings.Join(users, ","))
	}
	if realm := o.get("realm"); realm != "" {
		c.add("auth-realm", realm)
	}
	if !strings.EqualFold(o.get("removeheader"), "true") {
		c.add("auth-pass", "true")
	}
	return nil
}

func allowList(c *chain, o *optionsOf) error {
	list := o.list("sourcerange")
	for _, text := range list {
		_, err := netip.ParseAddr(text)
		if _, wrong := netip.ParsePrefix(text); err != nil && wrong != nil {
			return errors.New("sourcerange is no list of addresses and networks")
		}
	}
	if len(list) == 0 {
		return errors.New("sourcerange names nobody")
	}
	c.add("allow", strings.Join(list, ","))
	return nil
}

var periods = map[string]string{"": "s", "1": "s", "1s": "s", "60": "m", "60s": "m", "1m": "m", "3600": "h", "60m": "h", "1h": "h"}

func rateLimit(c *chain, o *optionsOf) error {
	average, burst, period := o.get("average"), o.get("burst"), periods[o.get("period")]
	n, err := strconv.ParseUint(average, 10, 31)
	if err != nil || n == 0 || period == "" {
		return errors.New("ratelimit needs an average, and a period of 1s, 1m or 1h")
	}
	if burst == "" || burst == "0" {
		burst = "1"
	}
	if _, err := strconv.ParseUint(burst, 10, 31); err != nil {
		return errors.New("ratelimit.burst is no number")
	}
	c.add("rate-limit", average+"/"+period+",burst="+burst+",by=client")
	return nil
}

func buffering(c *chain, o *optionsOf) error {
	most := o.get("maxrequestbodybytes")
	if most == "" || most == "0" {
		return nil
	}
	n, err := strconv.ParseUint(most, 10, 62)
	if err != nil {
		return errors.New("maxrequestbodybytes is no number")
	}
	if c.body != 0 && c.body <= n { // a request has to pass both
		return nil
	}
	c.last.words = slices.DeleteFunc(slices.Clone(c.last.words), func(w string) bool { return c.body != 0 && w == word("max-body", strconv.FormatUint(c.body, 10)) })
	c.body = n
	c.add("max-body", strconv.FormatUint(n, 10))
	return nil
}

func compress(c *chain, o *optionsOf) error {
	if strings.EqualFold(o.get(""), "false") {
		return nil
	}
	c.last.words = append(c.last.words, "compress")
	return nil
}

// What changes the path, in the order in which a line does it.
const (
	rankStrip = 1 + iota
	rankReplace
	rankAdd
)

func stripPrefix(c *chain, o *optionsOf) error {
	list := o.list("prefixes")
	for i, p := range list {
		if _, err := dialect.ParsePath(dialect.PathPrefix, p); err != nil {
			return errors.New("a value of prefixes is no path")
		}
		list[i] = regexp.QuoteMeta(p)
	}
	switch len(list) {
	case 0:
		return errors.New("stripprefix names no prefix")
	case 1:
		return c.path(rankStrip, "strip", o.list("prefixes")[0])
	}
	return c.path(rankReplace, "replace-path", "^(?:"+strings.Join(list, "|")+")/? /") // the first of them that a path begins with
}

func stripRegexp(c *chain, o *optionsOf) error {
	list := o.list("regex")
	for _, re := range list {
		if _, err := regexp.Compile(re); err != nil || strings.ContainsAny(re, " \t") {
			return errors.New("a value of stripprefixregex is no regular expression that a line can have")
		}
	}
	if len(list) == 0 {
		return errors.New("stripprefixregex names none")
	}
	return c.path(rankReplace, "replace-path", "^(?:"+strings.Join(list, "|")+")/? /")
}

func addPrefix(c *chain, o *optionsOf) error {
	p := o.get("prefix")
	if _, err := dialect.ParsePath(dialect.PathPrefix, p); err != nil {
		return errors.New("addprefix names no path")
	}
	return c.path(rankAdd, "prepend", p)
}

func replacePath(c *chain, o *optionsOf) error {
	p := o.get("path")
	if _, err := dialect.ParsePath(dialect.PathPrefix, p); err != nil || strings.Contains(p, "$") {
		return errors.New("replacepath names no path")
	}
	return c.path(rankReplace, "replace-path", "^.*$ "+p)
}

// braced is a group's number in braces.
var braced = regexp.MustCompile(`\$\{([0-9])\}`)

func replaceRegexp(c *chain, o *optionsOf) error {
	re, with := o.get("regex"), braced.ReplaceAllString(o.get("replacement"), "$$$1")
	if !strings.HasPrefix(re, "^") {
		return errors.New("replacepathregex.regex does not begin with ^: Traefik replaces all matches, a line the first one")
	}
	if _, err := dialect.ParsePathReplacement(re + " " + with); err != nil || strings.ContainsAny(re+with, " \t") {
		return errors.New("replacepathregex has no expression and replacement that a line can have")
	}
	return c.path(rankReplace, "replace-path", re+" "+with)
}
