package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mholt/acmez/v3"
	protocol "github.com/mholt/acmez/v3/acme"
)

// orderTime bounds an order, with all that is waited for.
const orderTime = 5 * time.Minute

// obtain gets a certificate for a name: that of another process where there is a new one by now, else one that is ordered. A certificate
// with an error is one that could not be stored.
func (c *Certificates) obtain(ctx context.Context, text string) (cert *tls.Certificate, ordered bool, err error) {
	err = c.locked(ctx, "certificate-"+c.issuer()+"-"+safe(text), func(ctx context.Context) error {
		stored, err := c.load(ctx, text)
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.As(err, new(corruptError)) {
			if late, err := c.keepLate(ctx, text, stored); late || err != nil {
				return err
			}
		}
		switch {
		case err == nil && time.Now().Before(renewAt(stored)):
			cert = stored
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.As(err, new(corruptError)):
			return err
		}
		cert, err = c.orderNow(ctx, text)
		ordered = cert != nil
		return err
	})
	return cert, ordered, err
}

// orderNow orders a certificate, unless it has to wait: for the storage, after a failure of the name, or after too many orders.
func (c *Certificates) orderNow(ctx context.Context, text string) (*tls.Certificate, error) {
	before, err := c.loadFailure(ctx, text)
	if err != nil {
		return nil, err
	}
	if err := c.checkStorage(ctx); err != nil {
		return nil, err
	}
	if err := c.takeOrder(ctx); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	cert, err := c.order(limited, text)
	switch {
	case cert != nil:
		c.dropFailure(ctx, text, before)
	case ctx.Err() != nil || errors.As(err, new(storageError)):
	case isCAs(err):
		c.giveBackOrder(ctx)
	default:
		err = c.keepFailure(ctx, text, before, err)
	}
	return cert, err
}

// order orders a certificate and stores it. A CA that has lost our account gets another one, once.
func (c *Certificates) order(ctx context.Context, text string) (*tls.Certificate, error) {
	for again := false; ; again = true {
		account, err := c.useAccount(ctx)
		if err != nil {
			return nil, err
		}
		cert, err := c.orderAs(ctx, account, text)
		var p protocol.Problem
		if again || !errors.As(err, &p) || p.Type != protocol.ProblemTypeAccountDoesNotExist {
			return cert, err
		}
		if err := c.dropAccount(ctx, account); err != nil {
			return nil, err
		}
	}
}

func (c *Certificates) orderAs(ctx context.Context, account protocol.Account, text string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	client := acmez.Client{Client: c.client, ChallengeSolvers: c.solvers()}
	chains, err := client.ObtainCertificateForSANs(ctx, account, key, []string{text})
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errors.New("the CA sent no certificate")
	}
	c.mu.Lock()
	c.ordered++
	c.mu.Unlock()
	return c.keep(ctx, text, chains[0].ChainPEM, key)
}

// keep stores a certificate. One that can't be stored is used all the same.
func (c *Certificates) keep(ctx context.Context, text string, chain []byte, key crypto.Signer) (*tls.Certificate, error) {
	value, err := encode(chain, key)
	if err != nil {
		return nil, err
	}
	cert, err := decode(value, text)
	if err != nil {
		return nil, fmt.Errorf("the CA sent a certificate that can't be used: %w", err)
	}
	if err := c.o.Storage.Store(ctx, c.certificateKey(text), value); err != nil {
		c.setUnstored(text, value)
		return cert, storageError{fmt.Errorf("store the certificate of %s: %w", text, err)}
	}
	return cert, nil
}

// keepLate stores a certificate that could not be stored when it came, and is true where that was all that there was to do. stored is
// the one that the storage has, or nil.
func (c *Certificates) keepLate(ctx context.Context, text string, stored *tls.Certificate) (done bool, err error) {
	c.mu.Lock()
	value := c.names[text].unstored
	c.mu.Unlock()
	if value == nil {
		return false, nil
	}
	ours, err := decode(value, text)
	if err != nil || stored != nil && !stored.Leaf.NotAfter.Before(ours.Leaf.NotAfter) {
		c.setUnstored(text, nil) // another process has ordered one meanwhile
		return false, nil
	}
	if err := c.o.Storage.Store(ctx, c.certificateKey(text), value); err != nil {
		return false, storageError{fmt.Errorf("store the certificate of %s: %w", text, err)}
	}
	c.setUnstored(text, nil)
	c.o.Log.Info().Str("name", text).Msg("a certificate is stored that could not be stored when it came")
	return true, nil
}

func (c *Certificates) setUnstored(text string, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[text].unstored = value
}
