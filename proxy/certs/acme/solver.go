package acme

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
)

// solver makes challenges answered: by our listeners, and by those of other processes over the same storage.
type solver struct{ *challenges }

// Present is acmez.Solver's.
func (s solver) Present(ctx context.Context, p protocol.Challenge) error {
	c, err := withProof(p)
	if err != nil {
		return err
	}
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	name := p.Identifier.Value
	s.mu.Lock()
	s.own[name] = c
	s.mu.Unlock()
	if err := s.storage.Store(ctx, challengeKey(s.issuer, name), value); err != nil {
		return storageError{fmt.Errorf("store the answer to a challenge: %w", err)}
	}
	return nil
}

// Wait is acmez.Waiter's.
func (s solver) Wait(ctx context.Context, _ protocol.Challenge) error {
	wait := time.NewTimer(beforeAsked)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CleanUp is acmez.Solver's.
func (s solver) CleanUp(ctx context.Context, p protocol.Challenge) error {
	name := p.Identifier.Value
	s.mu.Lock()
	delete(s.own, name)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTime)
	defer cancel()
	return s.storage.Delete(ctx, challengeKey(s.issuer, name))
}
