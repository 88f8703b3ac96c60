package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

func newStore(t *testing.T, c Config) *Store {
	t.Helper()
	s, err := NewStore(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreOnARealConsul(t *testing.T) {
	address := realAgent(t)
	s := newStore(t, Config{Address: address, Stale: true})
	ctx := t.Context()
	if v, err := s.Get(ctx, "a/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%q %v", v, err)
	}
	largest := bytes.Repeat([]byte{0xff}, maxValue)
	for key, value := range map[string][]byte{"a/b": []byte("1"), "a/b/c": {0, 1, 2}, "a/bc": nil, "large": largest} {
		if err := s.Put(ctx, key, value); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(ctx, key); err != nil || !bytes.Equal(got, value) {
			t.Errorf("%s: %d bytes, want %d, %v", key, len(got), len(value), err)
		}
	}
	if err := s.Put(ctx, "large", append(largest, 0)); err == nil || !strings.Contains(err.Error(), "512 KiB") || !strings.Contains(err.Error(), "pointsman/large") {
		t.Errorf("more than fits: %v", err)
	}
	list, err := s.Keys(ctx, "")
	if slices.Sort(list); err != nil || strings.Join(list, " ") != "a/b a/b/c a/bc large" {
		t.Errorf("%s %v", list, err)
	}
	if list, err := s.Keys(ctx, "a/b"); err != nil || strings.Join(list, " ") != "a/b/c" {
		t.Errorf("%s %v", list, err)
	}
	for range 2 {
		if err := s.Delete(ctx, "a/b"); err != nil {
			t.Error(err)
		}
	}
	if list, err := s.Keys(ctx, "a"); err != nil || strings.Join(list, " ") != "a/bc" {
		t.Errorf("%s %v", list, err)
	}
	if list, err := s.Keys(ctx, "none"); err != nil || len(list) != 0 {
		t.Errorf("%s %v", list, err)
	}
}

// One holds a lock at a time; the next one gets it at once; nothing stays.
func TestLocksOnARealConsul(t *testing.T) {
	address := realAgent(t)
	one, other := newStore(t, Config{Address: address}), newStore(t, Config{Address: address})
	held, release, err := one.Lock(t.Context(), "locks/x")
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Put(held, "v", []byte("1")); err != nil {
		t.Errorf("write within a lock: %v", err)
	}
	inner, releaseInner, err := one.Lock(held, "locks/y")
	if err != nil {
		t.Fatalf("a lock within a lock: %v", err)
	}
	if err := one.Put(inner, "v", []byte("2")); err != nil {
		t.Error(err)
	}
	got := make(chan error, 1)
	var releaseOther func(context.Context) error
	go func() {
		_, release, err := other.Lock(t.Context(), "locks/x")
		releaseOther = release
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("two have the lock: %v", err)
	case <-time.After(time.Second):
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := other.Lock(ctx, "locks/x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it was not waited for: %v", err)
	}
	for _, r := range []func(context.Context) error{releaseInner, release} {
		if err := r(t.Context()); err != nil {
			t.Error(err)
		}
	}
	select { // with Consul's default delay it would take 15 s
	case err := <-got:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a lock that was released is not given on")
	}
	if held.Err() == nil || errors.Is(context.Cause(held), ErrLockLost) {
		t.Errorf("after the release: %v", context.Cause(held))
	}
	if err := one.Put(held, "v", []byte("3")); err == nil {
		t.Error("written after the release")
	}
	if err := releaseOther(t.Context()); err != nil {
		t.Error(err)
	}
	if list, err := one.Keys(t.Context(), ""); err != nil || strings.Join(list, " ") != "v" {
		t.Errorf("%s %v", list, err)
	}
	if list := sessions(t, address); len(list) > 0 {
		t.Errorf("sessions are left: %s", list)
	}
}

// sessions are the IDs of those that are open.
func sessions(t *testing.T, address string) (out []string) {
	t.Helper()
	response, err := http.Get("http://" + address + "/v1/session/list")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list []struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		out = append(out, s.ID)
	}
	return out
}

// Who has lost a lock without knowing it can't write any more, and is told soon. One who never had the lock is not in the way.
func TestALostLockWritesNothing(t *testing.T) {
	address := realAgent(t)
	s := newStore(t, Config{Address: address})
	held, release, err := s.Lock(t.Context(), "locks/x")
	if err != nil {
		t.Fatal(err)
	}
	inner, releaseInner, err := s.Lock(held, "locks/y")
	if err != nil {
		t.Fatal(err)
	}
	outer, _ := held.Value(lockKey{}).(*lock)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/v1/session/destroy/"+outer.session, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%+v %v", response, err)
	}
	response.Body.Close()
	for name, ctx := range map[string]context.Context{"the lock": held, "a lock within it": inner} {
		if err := s.Put(ctx, "v", []byte("1")); !errors.Is(err, ErrLockLost) {
			t.Errorf("written with %s: %v", name, err)
		}
		if err := s.Delete(ctx, "v"); !errors.Is(err, ErrLockLost) {
			t.Errorf("removed with %s: %v", name, err)
		}
	}
	select {
	case <-held.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
	if !errors.Is(context.Cause(held), ErrLockLost) || !errors.Is(context.Cause(inner), ErrLockLost) {
		t.Errorf("%v, %v", context.Cause(held), context.Cause(inner))
	}
	_, releaseNext, err := s.Lock(t.Context(), "locks/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []func(context.Context) error{release, releaseInner, releaseNext} {
		if err := r(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// Without a right each call names it.
func TestStoreWithoutRights(t *testing.T) {
	const master = "11111111-2222-3333-4444-555555555555"
	c := raw{t: t, token: master, address: realAgent(t, `{"acl":{"enabled":true,"default_policy":"deny","tokens":{"initial_management":"`+master+`","agent":"`+master+`"}}}`)}
	with := func(name, rules string) *Store {
		c.put("/v1/acl/policy", map[string]string{"Name": name, "Rules": rules})
		var token struct{ SecretID string }
		if err := json.Unmarshal(c.put("/v1/acl/token", map[string]any{"Policies": []map[string]string{{"Name": name}}}), &token); err != nil {
			t.Fatal(err)
		}
		return newStore(t, Config{Address: c.address, Token: token.SecretID})
	}
	calls := func(s *Store) map[string]error {
		_, get := s.Get(t.Context(), "a")
		_, release, lock := s.Lock(t.Context(), "locks/a")
		if lock == nil {
			lock = release(t.Context())
		}
		_, values := s.Values(t.Context(), "a", discovery.Query{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var hold error
		_ = s.Hold(ctx, "held/a", nil, func(err error) { hold = err; cancel() })
		return map[string]error{"values": values, "hold": hold, "get": get, "put": s.Put(t.Context(), "b", nil), "delete": s.Delete(t.Context(), "b"), "lock": lock}
	}
	for name, s := range map[string]*Store{"none": newStore(t, Config{Address: c.address}), "others": with("others", `service_prefix "" { policy = "write" }`)} {
		for call, err := range calls(s) {
			right := keyRight
			if call == "lock" || call == "hold" {
				right = sessionRight
			}
			if !errors.Is(err, discovery.ErrDenied) || !strings.Contains(err.Error(), right) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %s: %v", name, call, err)
			}
		}
	}
	if err := calls(with("keys-only", keyRight))["hold"]; !errors.Is(err, discovery.ErrDenied) || !strings.Contains(err.Error(), sessionRight) {
		t.Errorf("keys without sessions: %v", err)
	}
	if err := calls(with("keys", keyRight))["lock"]; !errors.Is(err, discovery.ErrDenied) || !strings.Contains(err.Error(), sessionRight) {
		t.Errorf("keys without sessions: %v", err)
	}
	if err := calls(with("sessions", sessionRight))["lock"]; !errors.Is(err, discovery.ErrDenied) || !strings.Contains(err.Error(), keyRight) {
		t.Errorf("sessions without keys: %v", err)
	}
	for call, err := range calls(with("both", keyRight+"\n"+sessionRight)) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("with both rights: %s: %v", call, err)
		}
	}
}
