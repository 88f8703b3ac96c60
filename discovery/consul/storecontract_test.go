package consul

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
)

// TestStores runs one table of behaviour against Consul and against the embedded store: who uses them can't tell them apart.
func TestStores(t *testing.T) {
	t.Parallel()
	address := realAgent(t)
	makers := map[string]func(t *testing.T) discovery.Store{
		"consul": func(t *testing.T) discovery.Store { return newStore(t, Config{Address: address}) },
		"memory": func(t *testing.T) discovery.Store {
			s, err := memory.NewStore(filepath.Join(t.TempDir(), "store"))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
	for _, name := range slices.Sorted(maps.Keys(makers)) {
		t.Run(name, func(t *testing.T) {
			s := makers[name](t)
			for _, behaviour := range storeContract {
				t.Run(behaviour.name, func(t *testing.T) { behaviour.check(t, s) })
			}
		})
	}
}

var storeContract = []struct {
	name  string
	check func(t *testing.T, s discovery.Store)
}{
	{"a value is read as it was written", storeReads},
	{"a deleted key takes those below it along", storeDeletes},
	{"a value is replaced only where the expected one stands", storeSwaps},
	{"a text that is no key is refused", storeRefusesKeys},
	{"a question waits for a change below its prefix, and for no longer than its wait", storeWaits},
	{"a question ends with its context", storeEnds},
	{"a lock has one holder, and writes with it end with it", storeLocks},
	{"what is held goes with who holds it", storeHolds},
	{"a watch tells of each change and of all values", storeWatched},
}

func storeReads(t *testing.T, s discovery.Store) {
	if v, err := s.Get(t.Context(), "reads/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q %v", v, err)
	}
	odd := "reads/" + discovery.KeyOf("a b/ü_:8080")
	for key, value := range map[string][]byte{"reads/a": []byte("1"), odd: {0, 0xff}} {
		if err := s.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(got, value) {
			t.Errorf("%s: %q %v", key, got, err)
		}
	}
	if list, err := s.Keys(t.Context(), "reads"); err != nil || len(list) != 2 || !slices.Contains(list, odd) {
		t.Errorf("%q %v", list, err)
	}
	if v, err := s.Values(t.Context(), "reads", discovery.Query{}); err != nil || len(v.Values) != 2 || string(v.Values["reads/a"]) != "1" || v.Index == 0 {
		t.Errorf("%q %+v %v", v.Values, v.Meta, err)
	}
	if v, err := s.Values(t.Context(), "nothing/here", discovery.Query{}); err != nil || len(v.Values) != 0 || v.Index == 0 {
		t.Errorf("%q %+v %v", v.Values, v.Meta, err)
	}
}

func storeDeletes(t *testing.T, s discovery.Store) {
	for _, key := range []string{"del/a", "del/a/b", "del/ab"} {
		if err := s.Put(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Delete(t.Context(), "del/a"); err != nil {
			t.Error(err)
		}
	}
	if list, err := s.Keys(t.Context(), "del"); err != nil || !slices.Equal(list, []string{"del/ab"}) {
		t.Errorf("%q %v", list, err)
	}
}

func storeSwaps(t *testing.T, s discovery.Store) {
	one, two, empty := []byte("1"), []byte("2"), []byte{}
	for i, step := range []struct {
		from, to, stands []byte
		changed          bool
	}{
		{from: one, to: two, changed: true}, // there is none
		{from: empty, to: two, changed: true},
		{from: nil, to: nil},
		{from: nil, to: one, stands: one},
		{from: nil, to: two, stands: one, changed: true},
		{from: two, to: nil, stands: one, changed: true},
		{from: one, to: two, stands: two},
		{from: two, to: empty, stands: empty},
		{from: nil, to: one, stands: empty, changed: true},
		{from: empty, to: one, stands: one},
		{from: one, to: nil},
	} {
		if err := s.Swap(t.Context(), "swaps/a", step.from, step.to); errors.Is(err, discovery.ErrChanged) != step.changed || err != nil && !step.changed {
			t.Errorf("step %d: %v", i, err)
		}
		if v, err := s.Get(t.Context(), "swaps/a"); (err == nil) != (step.stands != nil) || !bytes.Equal(v, step.stands) {
			t.Errorf("step %d: %q %v", i, v, err)
		}
	}
	if err := s.Put(t.Context(), "swaps/b", one); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := s.Swap(t.Context(), "swaps/b", one, []byte{byte(i)}); err == nil {
				won.Add(1)
			} else if !errors.Is(err, discovery.ErrChanged) {
				t.Error(err)
			}
		})
	}
	if all.Wait(); won.Load() != 1 {
		t.Errorf("%d of 8 have replaced it at the same time", won.Load())
	}
}

func storeRefusesKeys(t *testing.T, s discovery.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "../a", ".", "a b", strings.Repeat("a", 481)} {
		_, read := s.Get(t.Context(), key)
		for name, err := range map[string]error{"get": read, "put": s.Put(t.Context(), key, nil), "swap": s.Swap(t.Context(), key, nil, []byte{1}), "delete": s.Delete(t.Context(), key)} {
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s %.20q: %v", name, key, err)
			}
		}
	}
	if err := s.Put(t.Context(), strings.Repeat("a", 480), nil); err != nil {
		t.Error(err)
	}
}

func storeWaits(t *testing.T, s discovery.Store) {
	if err := s.Put(t.Context(), "waits/a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	now, err := s.Values(t.Context(), "waits", discovery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if again, err := s.Values(t.Context(), "waits", discovery.Query{Index: now.Index, Wait: 200 * time.Millisecond}); err != nil || len(again.Values) != 1 || time.Since(began) < 200*time.Millisecond {
		t.Errorf("after %s: %q %v", time.Since(began), again.Values, err)
	}
	wrote := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() { wrote <- s.Put(context.WithoutCancel(t.Context()), "waits/b", []byte("2")) })
	next, err := s.Values(t.Context(), "waits", discovery.Query{Index: now.Index, Wait: time.Minute})
	if err != nil || string(next.Values["waits/b"]) != "2" || next.Index <= now.Index {
		t.Errorf("%q %+v %v", next.Values, next.Meta, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func storeEnds(t *testing.T, s discovery.Store) {
	now, err := s.Values(t.Context(), "ends", discovery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if v, err := s.Values(ctx, "ends", discovery.Query{Index: now.Index, Wait: time.Minute}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%q %v", v.Values, err)
	}
}

func storeLocks(t *testing.T, s discovery.Store) {
	held, release, err := s.Lock(t.Context(), "locks/x")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(held, "locked", []byte("1")); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := s.Lock(ctx, "locks/x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two hold it: %v", err)
	}
	if err := release(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Put(held, "locked", []byte("2")); err == nil || held.Err() == nil {
		t.Error("written after the release")
	}
	_, release, err = s.Lock(t.Context(), "locks/x")
	if err != nil {
		t.Fatal(err)
	}
	if err := release(t.Context()); err != nil {
		t.Error(err)
	}
}

func storeHolds(t *testing.T, s discovery.Store) {
	ctx, stop := context.WithCancel(t.Context())
	told, ended := make(chan error, 10), make(chan error)
	go func() { ended <- s.Hold(ctx, "held/a", []byte("me"), func(err error) { told <- err }) }()
	if err := within1(t, told); err != nil {
		t.Error(err)
	}
	if v, err := s.Get(t.Context(), "held/a"); err != nil || string(v) != "me" {
		t.Errorf("%q %v", v, err)
	}
	stop()
	if err := within1(t, ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if v, err := s.Get(t.Context(), "held/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q %v", v, err)
	}
}

func within1(t *testing.T, from <-chan error) error {
	t.Helper()
	select {
	case err := <-from:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("it never came")
		return nil
	}
}

func storeWatched(t *testing.T, s discovery.Store) {
	if err := s.Put(t.Context(), "watched/a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	got := make(chan map[string][]byte, 100)
	w := discovery.StoreWatch{Store: s, Prefix: "watched", Changed: func(v map[string][]byte) { got <- v }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	await := func(want string) {
		t.Helper()
		for {
			select {
			case v := <-got:
				text := ""
				for _, key := range slices.Sorted(maps.Keys(v)) {
					text += strings.TrimPrefix(key, "watched/") + "=" + string(v[key]) + ";"
				}
				if text == want {
					return
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("never told of %s", want)
			}
		}
	}
	await("a=1;")
	<-w.First()
	if err := s.Put(t.Context(), "watched/b/c", []byte("2")); err != nil {
		t.Fatal(err)
	}
	await("a=1;b/c=2;")
	if err := s.Delete(t.Context(), "watched/a"); err != nil {
		t.Fatal(err)
	}
	await("b/c=2;")
	if err := s.Delete(t.Context(), "watched/b"); err != nil {
		t.Fatal(err)
	}
	await("")
	if at, err := w.Health(); err != nil || time.Since(at) > time.Minute {
		t.Errorf("%s %v", at, err)
	}
	stop()
	<-ended
}

// A value that is held comes back when somebody removes it, and when its session is ended under it.
func TestWhatIsHeldComesBack(t *testing.T) {
	t.Parallel()
	address := realAgent(t)
	s := newStore(t, Config{Address: address})
	ctx, stop := context.WithCancel(t.Context())
	told, ended := make(chan error, 100), make(chan error)
	go func() { ended <- s.Hold(ctx, "held/a", []byte("me"), func(err error) { told <- err }) }()
	if err := within1(t, told); err != nil {
		t.Fatal(err)
	}
	lose := map[string]func(){
		"removed": func() { put(t, address, storePrefix+"held/a", "") },
		"its session ended": func() {
			for _, id := range sessions(t, address) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/v1/session/destroy/"+id, nil)
				if err != nil {
					t.Fatal(err)
				}
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
			}
		},
	}
	for name, do := range lose {
		do()
		if err := within1(t, told); err == nil {
			t.Errorf("%s: nobody was told", name)
		}
		if err := within1(t, told); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v, err := s.Get(t.Context(), "held/a"); err != nil || string(v) != "me" {
			t.Errorf("%s: %q %v", name, v, err)
		}
	}
	stop()
	<-ended
	if list := sessions(t, address); len(list) > 0 {
		t.Errorf("sessions are left: %s", list)
	}
}
