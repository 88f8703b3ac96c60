package dialect

import (
	"net/url"
	"strings"
)

// AuthAddress is where an authentication server is asked, as forward-auth= has it: a URL, or where its host is a name without a dot the service of
// the catalogue that is called so, a container of the same network.
func AuthAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), ".:") {
		return text
	}
	return ServicePrefix + u.Hostname() + u.RequestURI()
}
