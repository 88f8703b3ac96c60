package proxy

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However a client writes a field that the route sets or removes, in other letters, with underscores, twice, named in Connection or beside
// fields that end here: the instance gets what the route says, and nothing that an application could take for it.
func TestFieldsOfTheRouteCantBeSmuggled(t *testing.T) {
	d := newDesk(t, nil)
	d.serve(1, "pointsman.route=web.io/ request-header=set:X-Auth-User:me request-header=remove:X-Real-User auth=basic:anna:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")
	names := rapid.SampledFrom([]string{"X-Auth-User", "x-auth-user", "X_Auth_User", "X-Auth_User", "x_auth-user", "X-AUTH-USER", "X-Real-User", "X_Real_User", "X-Other", "Authorization",
		"Connection", "Keep-Alive", "Proxy-Connection", "Trailer", "TE"})
	values := rapid.SampledFrom([]string{"root", "X-Auth-User", "close, X-Auth-User", "x-auth-user, X-Real-User", "keep-alive", "X_Auth_User, TE", "me", ""})
	rapid.Check(t, func(rt *rapid.T) {
		in := "GET / HTTP/1.1|Host: web.io|Authorization: Basic YW5uYTpzZWNyZXQ="
		for range rapid.IntRange(0, 8).Draw(rt, "fields") {
			name := names.Draw(rt, "name")
			if name == "Authorization" { // a second one is refused
				name = "X-Authorization"
			}
			in += "|" + name + ": " + values.Draw(rt, "value")
		}
		seen := 0
		for line := range strings.SplitSeq(d.sent(t, in), "|") {
			name, value, _ := strings.Cut(line, ": ")
			switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
			case "x-auth-user":
				seen++
				if name != "X-Auth-User" || value != "me" {
					rt.Errorf("%s: %s", in, line)
				}
			case "x-real-user", "authorization":
				rt.Errorf("%s: %s", in, line)
			}
		}
		if seen != 1 {
			rt.Errorf("%s: X-Auth-User stands there %d times", in, seen)
		}
	})
}
