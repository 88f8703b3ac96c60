package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
)

// Whoever drains at a proxy waits for what they have drained, whatever others have.
func TestAdminDrainWaitsForItsOwn(t *testing.T) {
	var left, asked atomic.Int64
	left.Store(2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any = admin.Done{Text: "draining", Drains: []admin.Drained{{ID: "mine", Until: time.Now().Add(time.Minute)}}}
		if r.URL.Path == "/api/drains" {
			asked.Add(1)
			list := []admin.DrainView{{ID: "other", Instance: "other-1", Left: 7, Listed: true}}
			if n := left.Load(); n >= 0 {
				list = append(list, admin.DrainView{ID: "mine", Instance: "web-1", Left: n})
			}
			answer = map[string]any{"drains": list}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer s.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(strings.Repeat("x", leastToken)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &adminDrainer{at: &actionFlags{admin: address(strings.TrimPrefix(s.URL, "http://")), token: token}, of: map[string][]admin.Drained{}}
	if _, _, err := a.begin(t.Context(), "web-1", time.Minute, false); err != nil {
		t.Fatal(err)
	}
	var said []drain.Pending
	if err := a.await(t.Context(), "web-1", func(p drain.Progress) {
		said = append(said, p.Pending...)
		left.Store(0)
	}); err != nil || len(said) != 1 || said[0].Instance != "web-1" || said[0].Left != 2 || asked.Load() != 2 {
		t.Errorf("%+v, asked %d times: %v", said, asked.Load(), err)
	}
	if err := a.gone(t.Context(), "web-1"); err != nil { // the other one is still listed
		t.Error(err)
	}
	left.Store(-1)
	if err := a.await(t.Context(), "web-1", func(drain.Progress) {}); !errors.Is(err, drain.ErrEnded) {
		t.Errorf("somebody has ended it: %v", err)
	}
}
