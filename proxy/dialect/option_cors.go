package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// maxOrigins bounds a list that is looked through for each request of another origin.
const maxOrigins = 64

// cors is the policy that the line is about to have.
func (l *line) cors() *CORS {
	f := &l.rule.Policy.Filters
	if f.CORS == nil {
		f.CORS = &CORS{}
	}
	return f.CORS
}

// setCORS reads origins.
func setCORS(l *line, value string) error {
	var origins []string
	for _, text := range l.list(value) {
		origin, err := parseOrigin(text)
		if err != nil {
			return err
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	switch {
	case len(origins) > maxOrigins:
		return fmt.Errorf("cors may name %d origins", maxOrigins)
	case len(origins) > 1 && slices.Contains(origins, "*"):
		return errors.New("cors=* stands alone: it is every origin")
	}
	l.cors().Origins = origins
	return nil
}

// parseOrigin reads *, or scheme://host[:port] with a host that may begin with *., as browsers write it: in lower case, without the
// scheme's own port.
func parseOrigin(text string) (string, error) {
	if text == "*" {
		return text, nil
	}
	origin := strings.ToLower(text)
	scheme, authority, _ := strings.Cut(origin, "://")
	if scheme != "http" && scheme != "https" {
		return "", fmt.Errorf("%s is no origin: write https://HOST, https://*.HOST or *", shown(text))
	}
	host, port, err := splitAuthority(authority)
	name := strings.TrimPrefix(host, "*.")
	if h, bad := ParseHost(name); err != nil || bad != nil || h.Kind != HostExact || len(name) > outside.MaxHost {
		return "", fmt.Errorf("%s is no origin: write https://HOST, https://*.HOST or *", shown(text))
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return scheme + "://" + host, nil
	}
	return scheme + "://" + host + ":" + port, nil
}

func printCORS(r *Rule) []string {
	c := r.Policy.Filters.CORS
	return printIf(c != nil && len(c.Origins) > 0, printList(c, func(c *CORS) []string { return c.Origins }))
}

// printList joins a list of a policy that may be nil.
func printList(c *CORS, of func(c *CORS) []string) string {
	if c == nil {
		return ""
	}
	return strings.Join(of(c), ",")
}

// judgeCORS comes with each of its options: those beside cors are nothing without it.
func judgeCORS(l *line) {
	f := &l.rule.Policy.Filters
	switch c := f.CORS; {
	case c == nil:
	case len(c.Origins) == 0:
		l.note("the cors- options have no effect without cors=ORIGINS")
		f.CORS = nil
	case c.Credentials && c.Origins[0] == "*":
		l.note("cors-credentials has no effect with cors=*: every page could act for its visitors; name the origins")
		c.Credentials = false
	}
}

func setCORSCredentials(l *line, value string) error {
	switch value {
	case "", "true", "false":
		l.cors().Credentials = value != "false"
		return nil
	}
	return fmt.Errorf("cors-credentials=%s is neither true nor false", shown(value))
}

func printCORSCredentials(r *Rule) []string {
	c := r.Policy.Filters.CORS
	return printIf(c != nil && c.Credentials, "true")
}

// tokens reads a list of tokens.
func (l *line) tokens(option, value string) ([]string, error) {
	list := l.list(value)
	for i := range list {
		if list[i] = strings.Trim(list[i], " \t"); !isToken(list[i]) {
			return nil, fmt.Errorf("%s=%s is not a list of names", option, shown(value))
		}
	}
	return list, nil
}

func setCORSMethods(l *line, value string) (err error) {
	l.cors().Methods, err = l.tokens("cors-methods", value)
	return err
}

func printCORSMethods(r *Rule) []string {
	text := printList(r.Policy.Filters.CORS, func(c *CORS) []string { return c.Methods })
	return printIf(text != "", text)
}

func setCORSHeaders(l *line, value string) (err error) {
	l.cors().Headers, err = l.tokens("cors-headers", value)
	return err
}

func printCORSHeaders(r *Rule) []string {
	text := printList(r.Policy.Filters.CORS, func(c *CORS) []string { return c.Headers })
	return printIf(text != "", text)
}

func setCORSExpose(l *line, value string) (err error) {
	l.cors().Expose, err = l.tokens("cors-expose", value)
	return err
}

func printCORSExpose(r *Rule) []string {
	text := printList(r.Policy.Filters.CORS, func(c *CORS) []string { return c.Expose })
	return printIf(text != "", text)
}

// maxCORSAge is the most that any browser keeps to.
const maxCORSAge = 24 * time.Hour

func setCORSMaxAge(l *line, value string) error {
	age, err := time.ParseDuration(value)
	if n, bad := strconv.ParseUint(value, 10, 31); bad == nil { // as in the field: seconds
		age, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || age < time.Second || age > maxCORSAge || age%time.Second != 0 {
		return fmt.Errorf("cors-max-age=%s is not between 1s and 24h", shown(value))
	}
	l.cors().MaxAge = age
	return nil
}

func printCORSMaxAge(r *Rule) []string {
	c := r.Policy.Filters.CORS
	if c == nil || c.MaxAge == 0 {
		return nil
	}
	return []string{c.MaxAge.String()}
}
