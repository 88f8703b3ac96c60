package acme

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
)

// logger passes what the library says on at the level debug: what people have to know is a line of our own.
func logger(log zerolog.Logger) *slog.Logger { return slog.New(handler{log: log}) }

type handler struct {
	log   zerolog.Logger
	attrs []slog.Attr
}

// Enabled is slog.Handler's.
func (h handler) Enabled(context.Context, slog.Level) bool {
	return h.log.GetLevel() <= zerolog.DebugLevel
}

// Handle is slog.Handler's.
func (h handler) Handle(_ context.Context, r slog.Record) error {
	line := h.log.Debug()
	add := func(a slog.Attr) bool {
		line = line.Str(a.Key, a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line.Msg("ACME: " + r.Message)
	return nil
}

// WithAttrs is slog.Handler's.
func (h handler) WithAttrs(list []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], list...)
	return h
}

// WithGroup is slog.Handler's: groups are not told apart.
func (h handler) WithGroup(string) slog.Handler { return h }
