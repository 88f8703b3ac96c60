package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// deniedPause is how often a question about texts is repeated to which there is no right: whoever gives the right waits so long at most.
	deniedPause = 10 * time.Second
	// aboutTexts is what a person calls the question.
	aboutTexts = "route lines in the KV store"
)

// lines is what the view knows of texts.
type lines struct {
	watch    *watch // of the catalogue's; nil where it holds none
	stored   []*Text
	answered bool      // or nothing is waited for
	held     doubt     // why some of stored are kept that the catalogue no longer has; sure where none are
	since    time.Time // of held
	denied   bool      // told

	texts      []*Text // all, as published
	names      []*Name // likewise
	changed    string  // what of these has, since they were published with the snapshot from disk; "" is nothing
	references References
	named      map[string]bool // references.Services
}

func (w *Watcher) newTextWatch(from TextLister, last uint64) *watch {
	f := w.newWatch(make(chan struct{}, callSlots), cursor{last: last})
	f.about, f.bytes, f.patient = aboutTexts, newBytes(), true
	f.ask = func(ctx context.Context, q Query) (reply, error) {
		a, err := from.Texts(ctx, q)
		return reply{of: ofTexts, texts: a}, err
	}
	return f
}

// takeTexts takes the catalogue's answer, or its error, which changes nothing.
func (v *view) takeTexts(e event) {
	l := &v.lines
	if e.err != nil {
		v.count.failed(errorKind(e.err))
		if denied := errors.Is(e.err, ErrDenied); denied {
			if !l.denied {
				v.o.Log.Error().Err(e.err).Msg("the catalogue denies access to route lines in its KV store: those known stay as they are; the token needs key_prefix read")
			}
			l.denied, l.answered = true, true
			v.checkComplete()
		}
		return
	}
	if l.denied {
		l.denied = false
		v.o.Log.Info().Msg("route lines in the KV store can be read")
	}
	next := slices.Clone(e.reply.texts.Texts)
	slices.SortFunc(next, (*Text).Compare)
	next = slices.CompactFunc(next, func(a, b *Text) bool { return a.Name == b.Name })
	l.stored = v.holdTexts(v.keepUnbroken(next), e.doubt)
	v.textIndex = e.cursor.last
	l.answered = true
	v.mergeTexts()
	v.checkComplete()
}

// holdTexts is next, with those of the texts before that are missing in it and whose absence is in doubt. A store that was wiped holds
// nothing: what was known stays until somebody writes there again, and for retentionLimit more, as a restore writes key by key.
func (v *view) holdTexts(next []*Text, d doubt) []*Text {
	l := &v.lines
	var missing []*Text
	for _, t := range l.stored {
		if !slices.ContainsFunc(next, func(n *Text) bool { return n.Name == t.Name }) {
			missing = append(missing, t)
		}
	}
	wiped := l.held == indexFell && len(next) == 0
	switch {
	case len(missing) == 0:
		l.held = sure
		return next
	case l.held == sure && d == sure:
		return next
	case l.held == sure:
		l.held, l.since = d, time.Now()
		v.o.Log.Warn().Int("keys", len(missing)).Str("for example", missing[0].Name).Stringer("why", d).
			Msg("route lines are gone from the KV store, and that is in doubt: they stay in effect")
	case d == indexFell:
		l.held, l.since = d, time.Now()
	case !wiped && time.Since(l.since) >= retentionLimit:
		l.held = sure
		v.o.Log.Warn().Int("keys", len(missing)).Msg("route lines that are gone from the KV store are no longer in effect")
		return next
	}
	next = append(next, missing...)
	slices.SortFunc(next, (*Text).Compare)
	return next
}

// keepUnbroken has those of the texts that are broken carry the last one of their name that was not.
func (v *view) keepUnbroken(next []*Text) []*Text {
	if v.o.Broken == nil {
		return next
	}
	for i, t := range next {
		at := slices.IndexFunc(v.lines.stored, func(o *Text) bool { return o.Name == t.Name })
		if at < 0 || !v.o.Broken(t) {
			continue
		}
		broken := *t
		if broken.Before = v.lines.stored[at]; broken.Before.Before != nil {
			broken.Before = broken.Before.Before
		} else if v.o.Broken(broken.Before) {
			broken.Before = nil
		}
		next[i] = &broken
	}
	return next
}

// mergeTexts brings together what stands in files and in the catalogue.
func (v *view) mergeTexts() {
	v.fed.mu.Lock()
	all := append(slices.Clone(v.fed.files), v.lines.stored...)
	v.fed.mu.Unlock()
	next, same := keep(v.lines.texts, all, func(a, b *Text) bool { return a.Kind == b.Kind && a.Name == b.Name })
	if same {
		return
	}
	cause := textCause(v.lines.texts, next)
	v.lines.texts = next
	v.refer()
	v.textsChanged(cause)
}

func (v *view) textsChanged(cause string) {
	v.dirty, v.lines.changed = true, cause
	if len(v.causes) <= maxCauses {
		v.causes = append(v.causes, cause)
	}
}

// textCause names the first text that differs, for people.
func textCause(was, is []*Text) string {
	for _, pair := range [...][2][]*Text{{is, was}, {was, is}} {
		for _, t := range pair[0] {
			if !slices.Contains(pair[1], t) {
				return fmt.Sprintf("routes in %.100s", t.Name)
			}
		}
	}
	return "routes"
}
