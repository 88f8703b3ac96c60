package admin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// hostGuard lets only requests pass whose Host is a loopback name, an IP literal or one of names. A page on another site
// can make a browser connect to this address under a name of its own; it cannot make it send another Host. Nor does it pass where the
// browser says that such a page asks: the page could not read the answer, but have it made, or hold a stream.
func hostGuard(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowedHost(r.Host, names) {
			problem{Status: http.StatusMisdirectedRequest, Detail: "this host name is not served here; -admin-host allows it"}.answer(w)
			return
		}
		if foreignPage(r) {
			problem{Status: http.StatusForbidden, Detail: "a page of another site must not ask here"}.answer(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// foreignPage says whether a page of another site asks, and not a person who follows a link of it
// (https://www.w3.org/TR/fetch-metadata/#framework). Browsers tell it to loopback addresses and over TLS.
func foreignPage(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "cross-site" && (r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document")
}

func allowedHost(host string, names []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "localhost" || slices.Contains(names, name) {
		return true
	}
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil
}
