package acme

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/caddyserver/certmagic"

	"github.com/pointsman/pointsman/proxy/certs/storage"
)

// safe makes a text one part of a storage's key.
func safe(text string) string { return certmagic.StorageKeys.Safe(text) }

// issuer is the CA as a part of a key: what one has issued, another one can't renew.
func (c *Certificates) issuer() string {
	text := c.o.Directory
	if u, err := url.Parse(text); err == nil {
		text = u.Host + strings.ReplaceAll(strings.TrimSuffix(u.Path, "/"), "/", "-")
	}
	return safe(text)
}

// The keys of what is stored: a value each, so that no process finds half of a pair.
func (c *Certificates) certificateKey(name string) string {
	return path.Join("certificates", c.issuer(), safe(name)+".pem")
}

func (c *Certificates) accountKey() string {
	email := c.o.Email
	if email == "" {
		email = "default"
	}
	return path.Join("accounts", c.issuer(), safe(email)+".json")
}

func challengeKey(issuer, name string) string {
	return path.Join("challenges", issuer, safe(name)+".json")
}

// corruptError is what is wrong with a value that was read.
type corruptError struct{ error }

func (e corruptError) Unwrap() error { return e.error }

// load reads a certificate.
func (c *Certificates) load(ctx context.Context, name string) (*tls.Certificate, error) {
	value, err := c.o.Storage.Load(ctx, c.certificateKey(name))
	if errors.Is(err, storage.ErrCorrupt) {
		return nil, corruptError{fmt.Errorf("read the certificate of %s: %w", name, err)}
	}
	if err != nil {
		return nil, storageError{fmt.Errorf("read the certificate of %s: %w", name, err)}
	}
	cert, err := decode(value, name)
	if err != nil {
		return nil, corruptError{fmt.Errorf("read the certificate of %s: %w", name, err)}
	}
	return cert, nil
}

// checkStorage makes sure that what is ordered could be stored: a certificate that is lost counts with the CA all the same.
func (c *Certificates) checkStorage(ctx context.Context) error {
	key := path.Join("checks", rand.Text())
	value := make([]byte, 16<<10) // more than a certificate with its chain has
	if err := c.o.Storage.Store(ctx, key, value); err != nil {
		return storageError{fmt.Errorf("try to store something: %w", err)}
	}
	if err := c.o.Storage.Delete(ctx, key); err != nil {
		return storageError{fmt.Errorf("try to remove something: %w", err)}
	}
	return nil
}

// encode is a certificate with its chain, and its key, in PEM.
func encode(chain []byte, key crypto.Signer) ([]byte, error) {
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return append(append([]byte{}, chain...), text...), nil
}

// decode reads what encode wrote, for a name.
func decode(value []byte, name string) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(value, value)
	if err != nil {
		return nil, err
	}
	return &pair, pair.Leaf.VerifyHostname(name)
}

const keyBlock = "PRIVATE KEY" // PKCS #8 (RFC 5958)

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

func decodeKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != keyBlock {
		return nil, errors.New("there is no private key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is no key to sign with")
	}
	return signer, nil
}
