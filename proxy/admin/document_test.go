package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/routing"
)

// Who asks for something else does not get what somebody has just asked for.
func TestAnswersAreSharedByWhoAsksForTheSame(t *testing.T) {
	h := Admin(Options{Table: filled(1).Load})
	for range 3 { // within the time that a document is fresh
		for _, query := range []string{"", "?tags=1", "?load=1", "?tags=1&load=1"} {
			var view struct{ Tags []any }
			body := get(h, "localhost", "/api/services/web00000"+query).Body.Bytes()
			if err := json.Unmarshal(body, &view); err != nil || (len(view.Tags) > 0) != strings.Contains(query, "tags") {
				t.Errorf("%q: %v %d tags", query, err, len(view.Tags))
			}
		}
	}
}

// A panic while an answer is made costs that answer: those who wait for the same, and for others, get theirs.
func TestAPanicCostsOneAnswer(t *testing.T) {
	var panics atomic.Int64
	panics.Store(3 * mostMaking)
	table := filled(1).Load
	var armed atomic.Bool
	h := Admin(Options{Table: func() *routing.Table {
		if armed.Load() && panics.Add(-1) >= 0 {
			panic("a fault of ours")
		}
		return table()
	}})
	ask := func() (code int) {
		defer func() {
			if recover() != nil { // as net/http does
				code = http.StatusInternalServerError
			}
		}()
		r := newRequest("/api/routes")
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		return recorded(h, r.WithContext(ctx)).Code
	}
	armed.Store(true)
	for panics.Load() > 0 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { ask() })
		}
		all.Wait()
	}
	if code := ask(); code != 200 {
		t.Errorf("afterwards: %d", code)
	}
}
