package storage

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const pemText = "-----BEGIN PRIVATE KEY-----\nof a name\n"

// Whoever reads the store sees nothing of a value, and what he changes, cuts off or moves is found out.
func TestSealedValues(t *testing.T) {
	place := newShared()
	s := sealed(t, place, oneSecret)
	for range 2 {
		if err := s.Store(t.Context(), "a/b.pem", []byte(pemText)); err != nil {
			t.Fatal(err)
		}
	}
	raw := place.values["acme/a/b.pem"]
	if len(raw) < len(pemText) || bytes.Contains(raw, []byte("PRIVATE")) || bytes.Contains(raw, []byte(oneSecret)) {
		t.Fatalf("%q", raw)
	}
	if again := s.secrets.seal("acme/a/b.pem", []byte(pemText)); bytes.Equal(again, raw) {
		t.Error("the same nonce twice")
	}
	place.values["acme/a/moved.pem"] = raw
	if v, err := s.Load(t.Context(), "a/moved.pem"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("moved: %q %v", v, err)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		place.values["acme/a/b.pem"] = changed
		if v, err := s.Load(t.Context(), "a/b.pem"); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrOtherSecret) {
			t.Errorf("byte %d changed: %q %v", i, v, err)
		}
		place.values["acme/a/b.pem"] = raw[:i]
		if v, err := s.Load(t.Context(), "a/b.pem"); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut off after %d: %q %v", i, v, err)
		}
	}
	place.values["acme/a/b.pem"] = []byte(pemText)
	if v, err := s.Load(t.Context(), "a/b.pem"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("not sealed: %q %v", v, err)
	}
	if err := s.Store(t.Context(), "locks/a", nil); err == nil {
		t.Error("a value in the place of a lock")
	}
}

// A lost secret is told apart from a corrupt value; one that was replaced still opens.
func TestSecretsAreReplaced(t *testing.T) {
	place := newShared()
	before, after, lost := sealed(t, place, oneSecret), sealed(t, place, otherSecret+"\r\n\n "+oneSecret+"\n"), sealed(t, place, otherSecret)
	if err := before.Store(t.Context(), "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if v, err := after.Load(t.Context(), "a"); err != nil || string(v) != "x" {
		t.Errorf("%q %v", v, err)
	}
	_, err := lost.Load(t.Context(), "a")
	if !errors.Is(err, ErrOtherSecret) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "acme/a") || !strings.Contains(err.Error(), "-secret-file") {
		t.Errorf("%v", err)
	}
	if err := after.Store(t.Context(), "a", []byte("y")); err != nil {
		t.Fatal(err)
	}
	if v, err := lost.Load(t.Context(), "a"); err != nil || string(v) != "y" {
		t.Errorf("the first one does not seal: %q %v", v, err)
	}
}

func TestSecretsThatCanNotBeUsed(t *testing.T) {
	for name, text := range map[string]string{
		"none": "", "blank": " \n\n", "short": "only-31-characters-of-a-secret!", "one of them short": oneSecret + "\nhunter2\n",
		"a log file": strings.Repeat(oneSecret+"\n", 200), "too many": strings.Repeat(oneSecret+"\n", mostSecrets+1),
	} {
		s, err := ParseSecrets([]byte(text))
		if err == nil {
			t.Errorf("%s: %v", name, s)
			continue
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && strings.Contains(err.Error(), line) {
				t.Errorf("%s: the secret is in the error: %v", name, err)
			}
		}
	}
	if _, err := NewSealed(newShared(), "acme", nil); err == nil {
		t.Error("sealed without a secret")
	}
}

func FuzzOpen(f *testing.F) {
	s := secrets(f, oneSecret)
	f.Add("k", []byte(magic))
	f.Add("acme/a", s.seal("acme/a", []byte("value")))
	f.Fuzz(func(t *testing.T, key string, text []byte) {
		if v, err := s.open(key, text); err == nil && (key != "acme/a" || string(v) != "value") {
			t.Errorf("opened %q as %q", text, v)
		}
		if v, err := s.open(key, s.seal(key, text)); err != nil || !bytes.Equal(v, text) {
			t.Errorf("%q %v, want %q", v, err, text)
		}
	})
}

func FuzzParseSecrets(f *testing.F) {
	f.Add([]byte(oneSecret + "\n" + otherSecret))
	f.Add([]byte("\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := ParseSecrets(text); (err == nil) != (s != nil && len(s.list) > 0) {
			t.Errorf("%v %v", s, err)
		}
	})
}
