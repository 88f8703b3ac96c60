package admin

import (
	"net/http"
	"strings"
	"testing"
)

func TestPagesAreServedAsPlainText(t *testing.T) {
	o := Options{Topic: func(name string) (string, bool) { return "# <b>Try it</b>\n", name == "start" || name == "" }}
	w := get(Admin(o), "localhost", "/help/start")
	if w.Code != http.StatusOK || w.Body.String() != "# <b>Try it</b>\n" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" ||
		w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	for _, path := range []string{"/help/none", "/help/start/x", "/help/..%2fstart"} {
		if w := get(Admin(o), "localhost", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	if w := get(Admin(o), "localhost", "/help/"); w.Code != http.StatusOK {
		t.Errorf("the list: %d", w.Code)
	}
	if w := get(Admin(o), "other.example", "/help/start"); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("under a name of another site: %d", w.Code)
	}
	if w := get(Status(o), "localhost", "/help/start"); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "Try") {
		t.Errorf("at the status address: %d", w.Code)
	}
}
