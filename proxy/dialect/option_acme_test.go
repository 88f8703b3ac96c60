package dialect

import (
	"strings"
	"testing"
)

func TestTLSOption(t *testing.T) {
	for text, want := range map[string]struct {
		env  Env
		acme bool
		says string // of the verdict; "" without one
	}{
		"a.example/ tls=acme":                     {Env{}, true, ""},
		"a.example/x tls=acme redirect=301,/y":    {Env{}, true, ""},
		"a.example/":                              {Env{}, false, ""},
		"a.example/ tls=off":                      {Env{}, false, "is not acme"},
		"a.example/ tls":                          {Env{}, false, "is not acme"},
		"/ tls=acme":                              {Env{}, false, "a host name in full"},
		"*.a.example/ tls=acme":                   {Env{}, false, "a host name in full"},
		"a*.example/ tls=acme":                    {Env{}, false, "a host name in full"},
		"192.0.2.7/ tls=acme":                     {Env{}, false, "a host name in full"},
		"b.example/ tls=acme":                     {Env{NoACME: true}, false, "orders no certificates"},
		"a.example/ tls=acme listener=http":       {Env{Listeners: "http,https", SecureListeners: "https"}, false, "do not speak TLS"},
		"a.example/ tls=acme listener=https":      {Env{Listeners: "http,https", SecureListeners: "https"}, true, ""},
		"a.example/ tls=acme listener=anything":   {Env{}, true, ""},
		"a.example/ tls=acme listener=http|https": {Env{Listeners: "http,https", SecureListeners: "https"}, true, ""},
	} {
		rule, verdicts := ParseLine(text, PathSegments, want.env)
		told := ""
		for _, v := range verdicts {
			told += v.Reason
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule != nil && rule.Policy.ACME != want.acme {
			t.Errorf("%q: asks for a certificate: %t", text, rule.Policy.ACME)
		}
	}
}
