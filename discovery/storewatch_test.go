package discovery

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// scripted is a Store of which only Values works: it answers what the test says.
type scripted struct {
	Store
	answers chan any // a Values or an error
	asked   chan Query
}

func (s *scripted) Values(ctx context.Context, _ string, q Query) (Values, error) {
	select {
	case s.asked <- q:
	default:
	}
	select {
	case a := <-s.answers:
		if err, ok := a.(error); ok {
			return Values{}, err
		}
		return a.(Values), nil
	case <-ctx.Done():
		return Values{}, ctx.Err()
	}
}

// watched runs f over a watch. say answers its next question; the result is what the watch last told of, "-" for nothing new.
func watched(t *testing.T, f func(w *StoreWatch, say func(any) string)) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: make(chan any), asked: make(chan Query, 100)}
		got := "-"
		w := &StoreWatch{Store: s, Prefix: "p", Changed: func(v map[string][]byte) { got = strings.Join(slices.Sorted(maps.Keys(v)), " ") }}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		f(w, func(a any) string {
			got = "-"
			s.answers <- a
			synctest.Wait()
			return got
		})
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func values(index uint64, keys ...string) Values {
	v := Values{Values: map[string][]byte{}, Meta: Meta{Index: index, IndexBad: index == 0}}
	for _, k := range keys {
		v.Values[k] = nil
	}
	return v
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: told of %q, want %q", what, got, want)
	}
}

func TestStoreErrorsTakeNothingAway(t *testing.T) {
	watched(t, func(w *StoreWatch, say func(any) string) {
		expect(t, "an error first", say(errors.New("away")), "-")
		select {
		case <-w.First():
			t.Error("nothing is known yet")
		default:
		}
		expect(t, "the first answer", say(values(7, "a", "b")), "a b")
		<-w.First()
		for range 5 {
			expect(t, "an error", say(errors.New("away")), "-")
		}
		if _, err := w.Health(); err == nil {
			t.Error("healthy")
		}
		expect(t, "the same again", say(values(7, "a", "b")), "-")
		expect(t, "a younger answer", say(values(9, "a")), "a")
		if _, err := w.Health(); err != nil {
			t.Error(err)
		}
	})
}

func TestStoreThatIsOlderTakesNothingAwayAtOnce(t *testing.T) {
	watched(t, func(_ *StoreWatch, say func(any) string) {
		say(values(100, "a", "b"))
		expect(t, "an older store", say(values(50, "a")), "-")
		expect(t, "it goes on", say(values(51, "a", "c")), "a b c")
		time.Sleep(retentionLimit)
		expect(t, "a minute later", say(values(52, "a", "c", "d")), "a c d")
	})
	watched(t, func(_ *StoreWatch, say func(any) string) {
		say(values(100, "a", "b"))
		expect(t, "a wiped store", say(values(5)), "-")
		for range 3 {
			time.Sleep(retentionLimit)
			expect(t, "it stays empty", say(values(5)), "-")
		}
		expect(t, "somebody writes", say(values(6, "c")), "a b c")
		time.Sleep(retentionLimit)
		expect(t, "a minute later", say(values(7, "c")), "c")
	})
	watched(t, func(_ *StoreWatch, say func(any) string) {
		say(values(100, "a", "b"))
		expect(t, "no index", say(values(0, "a")), "-")
		expect(t, "an index again", say(values(101, "a", "b")), "-")
		expect(t, "removed", say(values(102, "a")), "a")
	})
}

// Who may not read waits for the right without asking all the time, and nobody waits for what will not be told.
func TestStoreWithoutARight(t *testing.T) {
	watched(t, func(w *StoreWatch, say func(any) string) {
		began := time.Now()
		for range 4 {
			say(ErrDenied)
		}
		<-w.First()
		if after := time.Since(began); after < 3*deniedPause {
			t.Errorf("asked four times in %s", after)
		}
		expect(t, "with the right", say(values(3, "a")), "a")
	})
}

func FuzzKeyOf(f *testing.F) {
	for _, s := range []string{"web", "host:web-1:8080", "../x", "a_b", "ü", ".", "_2F", "_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name, err := NameOfKey(s); err == nil && KeyOf(name) != s {
			t.Errorf("%q is the key of %q, whose key is %q", s, name, KeyOf(name))
		}
		key := KeyOf(s)
		if s == "" || len(key) > outside.MaxKey {
			return
		}
		if err := outside.CheckKey(key); err != nil || strings.Contains(key, "/") {
			t.Errorf("%q: %v", s, err)
		}
		if name, err := NameOfKey(key); err != nil || name != s {
			t.Errorf("%q came back as %q, %v", s, name, err)
		}
	})
}
