package admin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// hostGuard lets only requests pass whose Host is a loopback name, an IP literal or one of names. A page on another site
// can make a browser connect to this address under a name of its own; it cannot make it send another Host.
func hostGuard(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowedHost(r.Host, names) {
			problem{Status: http.StatusMisdirectedRequest, Detail: "this host name is not served here; -admin-host allows it"}.answer(w)
			return
		}
		next.ServeHTTP(w, r)
	})
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
