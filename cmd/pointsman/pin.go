package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// pinning is which service is held at which table; At is as history.ParseMoment reads it.
type pinning struct {
	Service string `json:"service"`
	At      string `json:"at,omitempty"`
}

// runPin asks a running proxy to hold a service's routes.
func runPin(ctx context.Context, p program) int {
	f := newFlags(p, "pin", "hold the routes of a service as they were in an earlier table, and never its instances", "SERVICE@TABLE")
	return runPinning(ctx, f, "pin", parsePinning)
}

// runRelease asks a running proxy to let the routes of a service follow its tags again.
func runRelease(ctx context.Context, p program) int {
	f := newFlags(p, "release", "let the routes of a service that is pinned follow its tags again", "SERVICE")
	return runPinning(ctx, f, "release", func(text string, _ time.Time) (pinning, error) { return pinning{Service: text}, nil })
}

func runPinning(ctx context.Context, f *flags, action string, parse func(string, time.Time) (pinning, error)) int {
	var to actionFlags
	to.register(f, "the proxy's")
	if code, done := f.parse(1); done {
		return code
	}
	wish, err := parse(f.Arg(0), time.Now())
	if err != nil {
		return f.refuse(err)
	}
	var did admin.Done
	if err := to.act(ctx, f.p, action, wish, &did); err != nil {
		fmt.Fprintf(f.p.stderr, "pointsman %s: %v\n", action, err)
		return exitFatal
	}
	fmt.Fprintln(f.p.stdout, did.Text)
	return exitOK
}

// parsePinning reads SERVICE@TABLE. Times of the day are those of this clock.
func parsePinning(text string, now time.Time) (p pinning, err error) {
	at := strings.LastIndexByte(text, '@')
	if at <= 0 {
		return p, fmt.Errorf("%.100q is not of the form web@41", text)
	}
	moment, err := history.ParseMoment(text[at+1:], now)
	if err != nil {
		return p, fmt.Errorf("%.100q: %w", text, err)
	}
	return pinning{Service: text[:at], At: moment.String()}, nil
}

// pin follows the pins of the Store, and lets whoever has the token change them.
func (h *dataPath) pin(a *actors) {
	w := &discovery.StoreWatch{Store: h.store, Prefix: discovery.PinPrefix, Changed: h.pinsChanged, Log: h.log}
	a.support(w.Run)
	a.support(func(ctx context.Context) error {
		select {
		case <-w.First(): // where it may not be known what there is, nobody has to wait for it
			h.watcher.PinsUnknown()
			<-ctx.Done()
		case <-ctx.Done():
		}
		return nil
	})
	pins := admin.Pinning{Table: h.table.Load, History: h.history, Store: h.store}
	h.offer("pin", pins.Pin())
	h.offer("release", pins.Release())
}

// offer adds an action for whoever has the token.
func (h *dataPath) offer(name string, do admin.Action) {
	if h.actions == nil {
		h.actions = map[string]admin.Action{}
	}
	h.actions[name] = do
}

// pinsChanged tells the Watcher of the pins that there are, and people of what is different.
func (h *dataPath) pinsChanged(values map[string][]byte) {
	list := make([]*discovery.Text, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, discovery.NewText(discovery.TextKV, key, string(values[key]), 0))
		if !bytes.Equal(h.pins[key], values[key]) {
			h.notePin(key, values[key])
		}
	}
	for key := range h.pins {
		if _, still := values[key]; !still {
			h.notePin(key, nil)
		}
	}
	h.pins = values
	h.watcher.SetPins(list)
}

// notePin notes a pin that came or changed, or went where text is nil. Those that can't be read are among what the table refuses.
func (h *dataPath) notePin(key string, text []byte) {
	service, err := discovery.PinnedService(key)
	if err != nil {
		return
	}
	one := admin.Notice{Kind: admin.NoticePin, Service: service, Text: "released: its routes follow its tags again"}
	if text != nil {
		p, err := routing.ParsePin(service, string(text))
		if err != nil {
			return
		}
		one.Text = fmt.Sprintf("pinned: its routes are held as they were in table %d of the proxy that was asked", p.Table)
	}
	h.notices.Add(one)
	h.log.Info().Str("service", service).Msg(one.Text)
}
