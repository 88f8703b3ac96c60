package memory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// What is put is there after a restart, what is held is not, and a file that is none is told.
func TestStoreSurvivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	s := store(t, file)
	if err := s.Put(t.Context(), "pins/web", []byte("7")); err != nil {
		t.Fatal(err)
	}
	held := make(chan error, 1)
	go func() { _ = s.Hold(t.Context(), "proxies/me", nil, func(err error) { held <- err }) }()
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "pins/api", []byte("8")); err != nil {
		t.Fatal(err)
	}
	again := store(t, file)
	if v, err := again.Values(t.Context(), "pins", discovery.Query{}); err != nil || len(v.Values) != 2 || string(v.Values["pins/web"]) != "7" {
		t.Errorf("%q %v", v.Values, err)
	}
	if list, err := again.Keys(t.Context(), "proxies"); err != nil || len(list) != 0 {
		t.Errorf("%q %v", list, err)
	}
	if at, err := os.Stat(file); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", at, err)
	}
	for _, bad := range []string{"", "{", `{"values":{"../x":"YQ=="}}`} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewStore(file); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// What can't be written is not in effect.
func TestStoreIsWhatItsFileIs(t *testing.T) {
	s := store(t, filepath.Join(t.TempDir(), "no folder", "store"))
	if err := s.Put(t.Context(), "a", nil); err == nil {
		t.Error("written nowhere")
	}
	if list, err := s.Keys(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("%q %v", list, err)
	}
	s = store(t, "")
	if err := s.Put(t.Context(), "a", make([]byte, discovery.MaxValueBytes+1)); err == nil {
		t.Error("more than there is room for")
	}
}

func store(t *testing.T, file string) *Store {
	t.Helper()
	s, err := NewStore(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
