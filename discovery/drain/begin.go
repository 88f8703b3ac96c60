package drain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

const (
	// keepRoom is how much of a drain must be left for another one to prolong it. Proxies end it at its time by their own clocks, and give the
	// instance requests again: what they answered before would count no more.
	keepRoom = 10 * time.Second
	// swapTries is how often somebody else may have come before.
	swapTries = 10
	// undoTime is how long it takes at most to take back what was begun.
	undoTime = 10 * time.Second
)

// Begin drains instances until a time, and returns their drains as they are in effect. One that is drained already keeps its drain, whose end may move away but not
// nearer. by says who asks, for people. With an error none has begun, or the error says so.
func Begin(ctx context.Context, s discovery.Store, instances []discovery.Instance, until time.Time, by string) ([]Drain, error) {
	if until.After(time.Now().Add(Longest)) {
		return nil, fmt.Errorf("a drain lasts %s at most", Longest)
	}
	var out []Drain
	for i := range instances {
		d := newDrain(&instances[i], until, by)
		wrote, err := d.begin(ctx, s)
		if wrote {
			out = append(out, d)
		}
		if err != nil {
			return nil, undone(ctx, s, out, err)
		}
	}
	return out, nil
}

// begin writes a drain, or prolongs the one that there is. wrote says that it may have been written.
func (d *Drain) begin(ctx context.Context, s discovery.Store) (wrote bool, err error) {
	mine := d.ID
	for range swapTries {
		before, err := s.Get(ctx, d.key())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrote, err
		}
		next, now := *d, time.Now()
		was, bad := parse(d.key(), before, now)
		if bad == nil && was.Until.After(now.Add(keepRoom)) && was.of().Identity == d.of().Identity {
			next.ID, next.Since, next.Kept = was.ID, was.Since, was.ID != mine
			if was.Until.After(next.Until) {
				next.Until = was.Until
			}
		}
		value, err := next.value()
		if err != nil {
			return wrote, err
		}
		switch err = s.Swap(ctx, d.key(), before, value); {
		case err == nil:
			if *d = next; bad == nil && was.ID != d.ID {
				_ = s.Delete(ctx, was.answers()) // they count for nothing
			}
			return true, nil
		case !errors.Is(err, discovery.ErrChanged):
			return true, err
		}
		wrote = true // by an attempt before whose answer was lost, perhaps
	}
	return wrote, discovery.ErrChanged
}

// undone takes back what was begun, and adds to why what could not be.
func undone(ctx context.Context, s discovery.Store, list []Drain, why error) error {
	list = slices.DeleteFunc(list, func(d Drain) bool { return d.Kept })
	if len(list) == 0 || errors.Is(why, discovery.ErrDenied) && len(list) == 1 { // nothing was written
		return why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if err := End(ctx, s, list); err != nil {
		return fmt.Errorf("%w; it may be drained all the same, until %s", why, list[0].Until.Local().Format(time.DateTime))
	}
	return why
}

// End ends drains before their time. Others that have begun since stay.
func End(ctx context.Context, s discovery.Store, list []Drain) error {
	for i := range list {
		if err := list[i].end(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *Drain) end(ctx context.Context, s discovery.Store) error {
	for range swapTries {
		there, err := s.Get(ctx, d.key())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if was, bad := parse(d.key(), there, time.Now()); bad != nil || was.ID != d.ID {
			return nil
		}
		switch err := s.Swap(ctx, d.key(), there, nil); {
		case err == nil:
			return s.Delete(ctx, d.answers())
		case !errors.Is(err, discovery.ErrChanged):
			return err
		}
	}
	return discovery.ErrChanged
}

// List is all drains that are in effect, by instance. Values that are none are left out.
func List(ctx context.Context, s discovery.Store) (out []Drain, err error) {
	all, err := s.Values(ctx, drainsAt, discovery.Query{})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, key := range slices.Sorted(maps.Keys(all.Values)) {
		if d, err := parse(key, all.Values[key], now); err == nil && d.Until.After(now) {
			out = append(out, d)
		}
	}
	return out, nil
}
