package dialect

import (
	"slices"
	"strings"
	"testing"
)

func TestTLSOptions(t *testing.T) {
	for text, want := range map[string]struct {
		words string // as printed; "-" is refused
		field string // of answers over TLS
		says  string // of the verdicts; "" without one
	}{
		"https=redirect":                  {"https=redirect", "", ""},
		"https=off":                       {"", "", ""},
		"https=on":                        {"closed", "", "neither redirect nor off"},
		"https":                           {"closed", "", "neither redirect nor off"},
		"https=redirect https=off":        {"closed", "", "in one tag"},
		"prefer-https":                    {"prefer-https", "", ""},
		"prefer-https=off":                {"", "", ""},
		"prefer-https=yes":                {"-", "", "neither on nor off"},
		"hsts=31536000":                   {"hsts=31536000", "max-age=31536000", ""},
		"hsts=0":                          {"hsts=0", "max-age=0", ""},
		"hsts=off":                        {"", "", ""},
		"hsts=31536000,includesubdomains": {"hsts=31536000|includeSubDomains", "max-age=31536000; includeSubDomains", ""},
		"hsts=31536000|preload|includeSubDomains": {"hsts=31536000|includeSubDomains|preload", "max-age=31536000; includeSubDomains; preload", ""},
		"hsts=60,includeSubDomains,preload":       {"hsts=60|includeSubDomains", "max-age=60; includeSubDomains", "no list takes such a host"},
		"hsts=31536000,preload":                   {"hsts=31536000", "max-age=31536000", "no list takes such a host"},
		"hsts=":                                   {"-", "", "number of seconds"},
		"hsts=-1":                                 {"-", "", "number of seconds"},
		"hsts=1y":                                 {"-", "", "number of seconds"},
		"hsts=315360001":                          {"-", "", "number of seconds"},
		"hsts=60,preload,preload":                 {"-", "", "each once"},
		"hsts=60,x":                               {"-", "", "each once"},
		"hsts=60; includeSubDomains\r\nSet-Cookie: a": {"-", "", "not allowed"},
	} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{})
		told := ""
		for _, v := range verdicts {
			told += v.Reason + "; "
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		switch {
		case rule == nil:
			if want.words != "-" {
				t.Errorf("%q is refused: %s", text, told)
			}
			continue
		case rule.Policy.Closed:
			if want.words != "closed" {
				t.Errorf("%q is closed: %s", text, told)
			}
			continue
		}
		words := strings.Join(rule.Words(), " ")
		if words != want.words || rule.Policy.Filters.HSTS != want.field {
			t.Errorf("%q: printed %q with %q, want %q with %q", text, words, rule.Policy.Filters.HSTS, want.words, want.field)
		}
		if again, _ := ParseLine("t/ "+words, PathSegments, Env{}); again == nil || !slices.Equal(again.Words(), rule.Words()) {
			t.Errorf("%q is not read as it is printed", words)
		}
	}
}

// Where nothing serves HTTPS, a route that wants it alone is not served in plain text.
func TestHTTPSIsRefusedWhereNothingServesIt(t *testing.T) {
	rule, verdicts := ParseLine("t/ https=redirect", PathSegments, Env{PlainOnly: true})
	if rule == nil || !rule.Policy.Closed || len(verdicts) != 1 || verdicts[0].Kind != VerdictRefused {
		t.Errorf("%+v, %v", rule, verdicts)
	}
	if rule, verdicts = ParseLine("t/ https=off hsts=60", PathSegments, Env{PlainOnly: true}); rule == nil || rule.Policy.Closed || len(verdicts) != 0 {
		t.Errorf("%+v, %v", rule, verdicts)
	}
}

func TestClientCAOption(t *testing.T) {
	for text, want := range map[string]string{ // "" is refused, and the route closed
		"client-ca=partners":                "client-ca=partners",
		"client-ca=partners:optional":       "client-ca=partners:optional",
		"client-ca=a-b_1":                   "client-ca=a-b_1",
		"client-ca=":                        "",
		"client-ca":                         "",
		"client-ca=Partners":                "",
		"client-ca=partners:":               "",
		"client-ca=partners:Optional":       "",
		"client-ca=partners,optional":       "",
		"client-ca=/etc/ca.pem":             "",
		"client-ca=partners client-ca=b":    "",
		"client-cas=partners":               "?",
		"client-ca=partners auth=mine":      "",
		"client-ca=partners hsts=1y":        "",
		"client-ca=partners https=redirect": "https=redirect client-ca=partners",
	} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{})
		switch {
		case want == "?":
			if rule != nil && !rule.Policy.Closed && len(verdicts) == 0 {
				t.Errorf("%q is passed over in silence", text)
			}
		case want == "":
			if rule == nil || !rule.Policy.Closed {
				t.Errorf("%q does not close its route: %+v", text, rule)
			}
		case rule == nil || len(verdicts) > 0 || strings.Join(rule.Words(), " ") != want || !rule.Restricts():
			t.Errorf("%q: %+v, %v", text, rule, verdicts)
		}
	}
	for names, known := range map[string]bool{"": true, "a,partners": true, "a,b": false, NoNames: false} {
		rule, verdicts := ParseLine("t/ client-ca=partners", PathSegments, Env{ClientCAs: names})
		if rule == nil || rule.Policy.Closed == known || len(verdicts) == 0 != known {
			t.Errorf("with %q: %+v, %v", names, rule, verdicts)
		}
	}
}
