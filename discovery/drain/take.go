package drain

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// take compares what the Store holds with what is in effect.
func (f *Follower) take(now time.Time) {
	next, bad, example := map[string]*tracked{}, 0, error(nil)
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		d, err := parse(key, f.values[key], now)
		if err == nil && len(next) >= maxDrains {
			err = errors.New("there are too many")
		}
		switch {
		case err != nil:
			bad, example = bad+1, err
		case d.Until.After(now):
			t := f.drain[key]
			if t == nil || t.ID != d.ID {
				t = &tracked{loads: map[Load]bool{}, told: -1}
			}
			f.mu.Lock()
			t.Drain = d
			f.mu.Unlock()
			next[key] = t
		}
	}
	if bad > 0 && bad != f.bad {
		f.o.Log.Warn().Int("keys", bad).AnErr("for example", example).Msg("keys below pointsman/drains can't be used: they are ignored")
	}
	f.bad = bad
	f.replace(next, now)
}

// replace puts other drains into effect.
func (f *Follower) replace(next map[string]*tracked, now time.Time) {
	f.mu.Lock()
	before := f.drain
	f.drain = next
	f.mu.Unlock()
	var list []discovery.Drain
	for _, key := range slices.Sorted(maps.Keys(next)) {
		list = append(list, next[key].of())
	}
	f.o.Set(list)
	for key, t := range next {
		if was := before[key]; was == nil || was.ID != t.ID {
			f.o.Log.Info().Str("service", t.Service).Str("instance", t.Instance).Time("until", t.Until).Str("by", t.By).Msg("draining an instance: it gets no new requests")
			f.o.Notice(t.Drain, "draining until "+t.Until.Format(time.TimeOnly)+" UTC")
		}
	}
	for key, t := range before {
		if is := next[key]; is != nil && is.ID == t.ID {
			continue
		}
		if t.wrote {
			f.leftover[f.o.Self.key(&t.Drain)] = true
		}
		if next[key] == nil {
			f.o.Log.Info().Str("service", t.Service).Str("instance", t.Instance).Bool("at its time", !t.Until.After(now)).Msg("a drain has ended")
			f.o.Notice(t.Drain, "no longer draining")
		}
	}
}
