package certs

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

func TestAuthoritiesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	one, two := fixture.NewAuthority(t, "one"), fixture.NewAuthority(t, "two")
	ofOne, ofTwo := one.Issue(t, nil), two.Issue(t, nil)
	file, _, _ := one.WriteFiles(t, dir, ofOne)
	admits := func(a *Authorities, c *x509.Certificate) bool { return a.Admits([]*x509.Certificate{c}) == nil }
	a, err := NewAuthorities(file, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if !admits(a, ofOne.Leaf) || admits(a, ofTwo.Leaf) || a.Admits(nil) == nil {
		t.Error("the wrong ones are let in")
	}
	a.checked = time.Time{}
	if err := os.WriteFile(file, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !admits(a, ofOne.Leaf) || admits(a, ofTwo.Leaf) {
		t.Error("a broken file replaced good authorities")
	}
	if _, err := a.Reload(); err == nil {
		t.Error("a broken file was read")
	}
	two.WriteFiles(t, dir, ofTwo)
	if changed, err := a.Reload(); err != nil || !changed || admits(a, ofOne.Leaf) || !admits(a, ofTwo.Leaf) {
		t.Errorf("not read again: %v %v", changed, err)
	}
	if changed, err := a.Reload(); err != nil || changed {
		t.Errorf("the same file: %v %v", changed, err)
	}
}

func TestAuthoritiesAdmitNobodyWhoseTimeIsOver(t *testing.T) {
	authority := fixture.NewAuthority(t, "one")
	file, _, _ := authority.WriteFiles(t, t.TempDir(), authority.Issue(t, nil))
	soon := time.Now().Add(time.Second).Truncate(time.Second)
	short := authority.Issue(t, func(c *x509.Certificate) { c.NotAfter = soon })
	a, err := NewAuthorities(file, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); a.Admits([]*x509.Certificate{short.Leaf}) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("let in after its end")
		}
	}
	if time.Now().Before(soon) {
		t.Error("not let in before its end")
	}
}

func TestAuthoritiesAreReadAsAWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	authority := fixture.NewAuthority(t, "one")
	ca, cert, key := authority.WriteFiles(t, dir, authority.Issue(t, nil))
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := read(ca)
	for name, c := range map[string]struct {
		text string
		good bool
	}{
		"one": {good, true}, "two": {good + read(cert), true}, "remarks": {"# ours\n" + good + "\n# end\n", true},
		"nothing": {"", false}, "a key": {read(key), false}, "a key too": {good + read(key), false},
		"no certificate": {good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false},
	} {
		file := filepath.Join(dir, "x.pem")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewAuthorities(file, zerolog.Nop()); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewAuthorities(filepath.Join(dir, "missing"), zerolog.Nop()); err == nil {
		t.Error("a missing file was read")
	}
}
