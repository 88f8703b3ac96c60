package dialect

import "testing"

func TestServiceNames(t *testing.T) {
	for text, want := range map[string]ServiceName{
		"web":         {Name: "web"},
		"web@dc2":     {"web", "dc2"},
		"web@DC2":     {"web", "dc2"},
		"a@b@dc-2_x":  {"a@b", "dc-2_x"},
		"web@dc2@":    {Name: "web@dc2"}, // a service of that name
		"web@":        {Name: "web"},
		"web@@":       {Name: "web@"},
		"web@mail.io": {Name: "web@mail.io"}, // no datacenter has a dot
		"":            {},
		"@dc2":        {Datacenter: "dc2"},
		"@":           {},
	} {
		got, err := ParseServiceName(text)
		if got != want || (err == nil) != (want.Name != "") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func FuzzServiceName(f *testing.F) {
	for _, text := range []string{"web", "web@dc2", "a@b@", "@@", "x@y.z@"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseServiceName(text)
		if err != nil {
			return
		}
		if again, err := ParseServiceName(s.String()); err != nil || again != s {
			t.Errorf("%q is %+v, printed as %q, which is %+v, %v", text, s, s.String(), again, err)
		}
	})
}

func TestFailoverOfALineNeedsAServiceOfItsOwn(t *testing.T) {
	for text, want := range map[string]string{
		"a.io/ service=web failover=dc2":         "dc2",
		"a.io/ service=web@dc3,web failover=dc2": "dc2",
		"a.io/ service=web@dc3 failover=dc2":     "",
		"a.io/ failover=dc2":                     "",
		"a.io/ to=10.0.0.1:80 failover=dc2":      "",
	} {
		rule, verdicts := ParseLine(text, PathSegments, Env{Writer: WriterOperator})
		if rule == nil || rule.Policy.Tries.Failover != want || (want == "") != (len(verdicts) == 1) {
			t.Errorf("%s: %+v, %v", text, rule, verdicts)
		}
	}
}

func TestRestrictsAs(t *testing.T) {
	read := func(text string) *Rule {
		rule, _ := ParseLine(text, PathSegments, Env{})
		return rule
	}
	a := read("a.io/ allow=10.0.0.0/8 weight=3")
	for text, want := range map[string]bool{
		"b.io/ allow=10.0.0.0/8 strip=/b": true,
		"b.io/ allow=10.0.0.0/9":          false,
		"b.io/":                           false,
		"b.io/ allow=10.0.0.0/8 forward-auth=service:x/": false,
		"b.io/ allow=nonsense":                           false,
	} {
		if got := a.RestrictsAs(read(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if shut := a.Shut(); shut.RestrictsAs(shut) {
		t.Error("one that lets nobody in restricts as no other")
	}
}
