package storage

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// Secrets seal and open values (AES-256-GCM). The first one seals; all of them open, so that a secret can be replaced.
type Secrets struct{ list []secret }

type secret struct {
	id   []byte // tells which secret sealed a value, and nothing else of it
	aead cipher.AEAD
}

const (
	// leastSecret is the shortest secret in bytes: whoever reads the store can try out as many as he likes.
	leastSecret = 32
	// mostSecrets and mostText bound what is taken for a file of secrets.
	mostSecrets, mostText = 16, 4 << 10
	// magic begins each sealed value, and is the version of its form.
	magic   = "pointsman-sealed-1\n"
	idBytes = 8
)

// ParseSecrets reads the text of a file: a secret in each line, of at least 32 characters. Errors do not repeat what is in it.
func ParseSecrets(text []byte) (*Secrets, error) {
	if len(text) > mostText {
		return nil, fmt.Errorf("more than %d bytes are no file of secrets", mostText)
	}
	out := &Secrets{}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(line) < leastSecret {
			return nil, fmt.Errorf("a secret (a line) has fewer than %d characters; `openssl rand -base64 32` makes a good one", leastSecret)
		}
		s, err := derive(line)
		if err != nil {
			return nil, err
		}
		out.list = append(out.list, s)
	}
	if len(out.list) == 0 || len(out.list) > mostSecrets {
		return nil, fmt.Errorf("there are %d secrets (lines), want 1 to %d", len(out.list), mostSecrets)
	}
	return out, nil
}

// derive makes the key of a secret, and the id that stands in what it seals (RFC 5869).
func derive(text []byte) (s secret, err error) {
	key, err := hkdf.Key(sha256.New, text, nil, "pointsman certificates: key", 32)
	if err != nil {
		return s, err
	}
	if s.id, err = hkdf.Key(sha256.New, text, nil, "pointsman certificates: id", idBytes); err != nil {
		return s, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return s, err
	}
	s.aead, err = cipher.NewGCM(block)
	return s, err
}

// seal makes a value that only the holders of the secret can read, and only as that of the key. Its form is magic, the secret's id, a random
// nonce, and what AES-GCM makes.
func (s *Secrets) seal(key string, value []byte) []byte {
	with := s.list[0]
	out := slices.Concat([]byte(magic), with.id)
	nonce := make([]byte, with.aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	out = append(out, nonce...)
	return with.aead.Seal(out, nonce, value, bound(key))
}

var errNotSealed = errors.New("it is no sealed value")

// open is the value that was sealed for the key.
func (s *Secrets) open(key string, sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(magic))
	if !ok || len(rest) < idBytes {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, errNotSealed)
	}
	id, rest := rest[:idBytes], rest[idBytes:]
	for _, with := range s.list {
		if !bytes.Equal(with.id, id) {
			continue
		}
		n := with.aead.NonceSize()
		if len(rest) < n {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, errNotSealed)
		}
		value, err := with.aead.Open(nil, rest[:n], rest[n:], bound(key))
		if err != nil {
			return nil, fmt.Errorf("%w: it was changed, cut off, or sealed for another key", ErrCorrupt)
		}
		return value, nil
	}
	return nil, fmt.Errorf("%w than those of -secret-file: give the file that it was sealed with, or remove what it sealed", ErrOtherSecret)
}

// bound is what a sealed value belongs to: a value that somebody moves to another key can't be opened.
func bound(key string) []byte { return []byte(magic + key) }
