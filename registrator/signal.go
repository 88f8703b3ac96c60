package registrator

import (
	"context"
	"sync"
)

// breaker cuts the stream of events that is open at the moment.
type breaker struct {
	mu  sync.Mutex
	cut context.CancelCauseFunc
}

func (b *breaker) set(cut context.CancelCauseFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = cut
}

func (b *breaker) now(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cut != nil {
		b.cut(why)
	}
}

// onceSignal tells that the first attempt to open the stream has ended, either way.
type onceSignal struct {
	ch   chan struct{}
	once sync.Once
}

func (s *onceSignal) init() { s.ch = make(chan struct{}) }

func (s *onceSignal) done() { s.once.Do(func() { close(s.ch) }) }

func (s *onceSignal) wait(ctx context.Context) {
	select {
	case <-s.ch:
	case <-ctx.Done():
	}
}
