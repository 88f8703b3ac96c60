package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// Instances that die together, as ten killed containers do on a busy machine: a request waits unread in the socket of one, is sent
// to the next and dies with that one too. Nobody has read it, so it goes on until somebody answers, however many -retries allows.
func TestInstancesThatDieTogetherLoseNoGET(t *testing.T) {
	y, all := openCrowd(t, 6)
	for _, u := range all[1:] {
		u.Set(lab.Unread)
	}
	for n := range 8 { // few enough for the budget of retries
		if code, _, err := y.once(http.MethodGet); err != nil || code != http.StatusOK {
			t.Errorf("GET %d: %d, %v", n, code, err)
		}
	}
	for _, u := range all {
		u.Set(lab.Polite)
	}
	y.warm("web") // they are back
	all[0].Set(lab.Unread)
	failed := 0
	for range 12 {
		code, _, err := y.once(http.MethodPost)
		if err != nil || code != http.StatusOK && code != http.StatusBadGateway {
			t.Errorf("POST: %d, %v", code, err)
		}
		if code == http.StatusBadGateway {
			failed++
		}
	}
	if failed == 0 {
		t.Error("each POST was answered: one that may have arrived was sent twice, or the test tests nothing")
	}
}

// A request that breaks whoever reads it breaks no more than -retries say.
func TestRequestThatBreaksInstancesIsBounded(t *testing.T) {
	y, all := openCrowd(t, 6, "-retries", "2")
	for _, u := range all {
		u.Set(lab.CloseAfter)
	}
	before := y.ledger.Arrivals()
	code, _, err := y.once(http.MethodGet)
	if n := y.ledger.Arrivals() - before; err != nil || code != http.StatusBadGateway || n != 3 {
		t.Errorf("%d, %v; %d instances read it, want 502 and 3", code, err, n)
	}
}

// openCrowd is a yard with n hostile instances of the service web that are polite for now, and have answered.
func openCrowd(t *testing.T, n int, options ...string) (*yard, []*lab.Upstream) {
	t.Helper()
	y := openYard(t, options...)
	var all []*lab.Upstream
	for range n {
		i, u := y.hostile("web")
		y.list(i)
		all = append(all, u)
	}
	y.sees("web", n)
	y.warm("web")
	for _, u := range all {
		own := u
		lab.Eventually(t, 5*time.Second, fmt.Sprintf("%s has answered", own.Address), func() bool { return own.Ledger.Arrivals() > 0 })
	}
	return y, all
}
