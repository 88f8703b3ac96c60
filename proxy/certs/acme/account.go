package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	protocol "github.com/mholt/acmez/v3/acme"

	"github.com/pointsman/pointsman/proxy/certs/storage"
)

// storedAccount is an account as the storage has it.
type storedAccount struct {
	Status   string   `json:"status"`
	Location string   `json:"location"`
	Contact  []string `json:"contact,omitempty"`
	Key      string   `json:"key"` // PEM
}

// useAccount is the account with the CA, which is made where there is none yet. All processes over one storage share it.
func (c *Certificates) useAccount(ctx context.Context) (account protocol.Account, err error) {
	c.mu.Lock()
	account = c.account
	c.mu.Unlock()
	if account.Location != "" {
		return account, nil
	}
	err = c.locked(ctx, "account-"+c.issuer(), func(ctx context.Context) error {
		account, err = c.loadAccount(ctx)
		switch {
		case errors.As(err, new(corruptError)):
			c.o.Log.Warn().Err(err).Msg("the stored account with the CA can't be used: another one is made")
		case !errors.Is(err, fs.ErrNotExist): // nil, too
			return err
		}
		account, err = c.newAccount(ctx)
		return err
	})
	if err != nil {
		return account, err
	}
	c.mu.Lock()
	c.account = account
	c.mu.Unlock()
	return account, nil
}

func (c *Certificates) loadAccount(ctx context.Context) (a protocol.Account, err error) {
	value, err := c.o.Storage.Load(ctx, c.accountKey())
	if errors.Is(err, storage.ErrCorrupt) {
		return a, corruptError{err}
	}
	if err != nil {
		return a, storageError{fmt.Errorf("read the account with the CA: %w", err)}
	}
	var s storedAccount
	if err = json.Unmarshal(value, &s); err == nil && s.Location == "" {
		err = errors.New("it has no location")
	}
	key, bad := decodeKey([]byte(s.Key))
	if err = errors.Join(err, bad); err != nil {
		return a, corruptError{fmt.Errorf("read %s: %w", c.accountKey(), err)}
	}
	return protocol.Account{Status: s.Status, Location: s.Location, Contact: s.Contact, PrivateKey: key}, nil
}

// newAccount makes an account, and stores it. Whoever gives -acme-dir agrees to the CA's terms.
func (c *Certificates) newAccount(ctx context.Context) (a protocol.Account, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return a, err
	}
	a = protocol.Account{TermsOfServiceAgreed: true, PrivateKey: key}
	if c.o.Email != "" {
		a.Contact = []string{"mailto:" + c.o.Email}
	}
	if c.o.EAB.KeyID != "" {
		if err := a.SetExternalAccountBinding(ctx, c.client, protocol.EAB(c.o.EAB)); err != nil {
			return a, caError{fmt.Errorf("bind the account with the CA: %w", err)}
		}
	}
	if a, err = c.client.NewAccount(ctx, a); err != nil {
		return a, caError{fmt.Errorf("make an account with the CA: %w", err)}
	}
	text, err := encodeKey(key)
	if err != nil {
		return a, err
	}
	value, err := json.Marshal(storedAccount{Status: a.Status, Location: a.Location, Contact: a.Contact, Key: string(text)})
	if err != nil {
		return a, err
	}
	if err := c.o.Storage.Store(ctx, c.accountKey(), value); err != nil {
		return a, storageError{fmt.Errorf("store the account with the CA: %w", err)}
	}
	c.o.Log.Info().Str("ca", c.o.Directory).Str("account", a.Location).Msg("account with the CA made")
	return a, nil
}

// dropAccount forgets an account that the CA does not know any more.
func (c *Certificates) dropAccount(ctx context.Context, lost protocol.Account) error {
	c.mu.Lock()
	c.account = protocol.Account{}
	c.mu.Unlock()
	return c.locked(ctx, "account-"+c.issuer(), func(ctx context.Context) error {
		switch stored, err := c.loadAccount(ctx); {
		case errors.Is(err, fs.ErrNotExist) || errors.As(err, new(corruptError)): // which the next use replaces
			return nil
		case err != nil:
			return err
		case stored.Location != lost.Location: // another process has made one
			return nil
		}
		c.o.Log.Warn().Str("account", lost.Location).Msg("the CA does not know our account any more: another one is made")
		if err := c.o.Storage.Delete(ctx, c.accountKey()); err != nil {
			return storageError{fmt.Errorf("remove the account with the CA: %w", err)}
		}
		return nil
	})
}
