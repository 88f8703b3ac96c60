package conformance

import (
	"net/http"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// maxFailsCases are what an instance that answers 503 is asked of twenty GETs.
var maxFailsCases = []struct {
	options string
	asked   int // 0 is more than a few
}{
	{"max-fails=2 fail-timeout=1h next-upstream=error,503", 2},
	{"max-fails=3 next-upstream=error,503", 3},
	{"fail-timeout=1h next-upstream=error,503", 1},
	{"max-fails=0 next-upstream=error,503", 0},
	{"max-fails=2 fail-timeout=1h next-upstream=error", 0}, // 503 is no failure then
	{"max-fails=2 fail-timeout=1h", 0},                     // nor where nothing was written
}

// max-fails and fail-timeout mean what they mean in nginx, on every listener.
func TestMaxFails(t *testing.T) {
	for _, c := range maxFailsCases {
		t.Run(c.options, func(t *testing.T) {
			one(t, func(t testing.TB, k *kind) {
				bad, to, _ := pair(t, lab.Failing)
				r := start(t, k, setup{loops: 1}, at(to[0], "pointsman.route=/ "+c.options), at(to[1], "pointsman.route=/ "+c.options))
				r.asks(t, 1, 20, http.MethodGet, "/")
				judgeMaxFails(t, bad.Ledger.Arrivals(), c.asked)
			})
		})
	}
}

// The same over HTTP/2.
func TestMaxFailsOverHTTP2(t *testing.T) {
	t.Parallel()
	for _, c := range maxFailsCases {
		t.Run(c.options, func(t *testing.T) {
			t.Parallel()
			bad, to, _ := pair(t, lab.Failing)
			r := start(t, kindNamed("std"), setup{}, at(to[0], "pointsman.route=/ "+c.options), at(to[1], "pointsman.route=/ "+c.options))
			client := http2Client(t)
			for range 20 {
				a, err := client.Get("http://" + r.addr + "/?id=1")
				if err != nil {
					t.Fatal(err)
				}
				_ = a.Body.Close()
			}
			judgeMaxFails(t, bad.Ledger.Arrivals(), c.asked)
		})
	}
}

func judgeMaxFails(t testing.TB, got, want int) {
	t.Helper()
	const few = 5
	if want > 0 && got != want || want == 0 && got <= few {
		t.Errorf("the instance was asked %d times, want %d (0 is more than a few)", got, want)
	}
}
