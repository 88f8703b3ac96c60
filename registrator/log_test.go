package registrator

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestLogLinesThatPeopleGrepFor(t *testing.T) {
	play(t, func(s *stage) {
		var out strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&out))
		s.config.Cleanup, s.config.RefreshEvery = true, time.Minute
		s.docker.put(web(1, "web1", 8080))
		unpublished := web(2, "web2", 0)
		unpublished.Ports = nil
		s.docker.put(unpublished)
		s.catalogue.put(bare("dockerhost:ghost:80", "ghost", 80))
		var failed sync.Map // calls come from several goroutines
		s.catalogue.fail(func(_ context.Context, call, id string) error {
			if call != "register" && call != "deregister" {
				return nil
			}
			if _, before := failed.LoadOrStore(call+id, true); before {
				return nil
			}
			return errServer
		})
		s.up()
		s.after(61 * time.Second)
		s.docker.end(cid(1), 0)
		s.after(time.Second)
		s.down()
		for _, line := range []string{
			"Listening for Docker events ...", "Syncing services on 2 containers", "dangling: dockerhost:ghost:80",
			"added: 000000000001 dockerhost:web1:80", "removed: 000000000001 dockerhost:web1:80",
			"register failed: dockerhost:web1:80", "deregister failed: dockerhost:web1:80",
			"refreshed: 000000000001 dockerhost:web1:80", "ignored: 000000000002 port 80 not published on host",
		} {
			if !strings.Contains(out.String(), line) {
				t.Errorf("no line %q", line)
			}
		}
		if t.Failed() {
			t.Log(out.String())
		}
	})
}

func TestServiceIDsInLogs(t *testing.T) {
	for in, want := range map[string]string{"h:web:80": "h:web:80", "a\nadded: b": `"a\nadded: b"`, "": `""`, "\x1b[31m": `"\x1b[31m"`} {
		if got := legible(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
	if got := legible(strings.Repeat("x", 5000)); len(got) > 300 {
		t.Errorf("a long id takes %d bytes", len(got))
	}
}
