package main

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// What can't be read, or is misspelt, is refused before anything is bound.
func TestUpstreamTLSFlags(t *testing.T) {
	authority := fixture.NewAuthority(t, "one")
	ca, cert, key := authority.WriteFiles(t, t.TempDir(), authority.Issue(t, nil))
	for _, c := range []struct{ ca, cert, want string }{
		{"a=" + ca, "p=" + cert + "," + key, ""},
		{"a=" + ca + " b=" + ca, "", ""},
		{"a=" + ca + " a=" + ca, "", "twice"},
		{"a", "", "want NAME=FILE"},
		{"", "p=" + cert, "want NAME=CERT,KEY"},
		{"A/b=" + ca, "", "want NAME=FILE"},
		{"a=" + key, "", "-upstream-ca a"},
		{"", "p=" + ca + "," + key, "-upstream-cert p"},
		{"", "p=" + cert + "," + cert + ".none", "-upstream-cert p"},
	} {
		f := newFlags(program{}, "proxy", "", "")
		var u upstreamTLSFlags
		u.register(f)
		var err error
		if c.ca != "" {
			err = u.cas.Set(c.ca)
		}
		if c.cert != "" && err == nil {
			err = u.certs.Set(c.cert)
		}
		if err == nil {
			err = u.check()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	u := upstreamTLSFlags{cas: namedFiles{list: []namedFile{{"a", []string{ca}}}}, certs: namedFiles{list: []namedFile{{"p", []string{cert, key}}}}}
	var a actors
	cas, shown, err := u.load(&a, zerolog.Nop())
	if err != nil || cas["a"].Pool() == nil || shown["p"].Present() == nil || len(a.files) != 2 {
		t.Errorf("%v %v %v, %d files to read again", cas, shown, err, len(a.files))
	}
}
