package registrator

import (
	"context"
	"fmt"
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

// A stream that opens and breaks each second is a line now and then, with how often it broke.
func TestAStreamThatBreaksAgainAndAgainIsFewLines(t *testing.T) {
	play(t, func(s *stage) {
		var out strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&out))
		s.up()
		for range 60 {
			s.docker.cut()
			s.after(time.Second)
		}
		s.down()
		if n := strings.Count(out.String(), "the stream of Docker events broke"); n < 4 || n > 7 || !strings.Contains(out.String(), `"times":1`) {
			t.Errorf("%d lines in a minute: %s", n, out.String())
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

// With -compat no labels can be carried: nobody is told to write -labels beside it.
func TestLabelsWithCompat(t *testing.T) {
	play(t, func(s *stage) {
		var out strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&out))
		s.config.Labels.Others, s.config.Options.Compat = []LabelLanguage{asking}, CompatHEAD
		c := web(1, "web", 10_000)
		c.Labels = map[string]string{"ask.route": "x"}
		s.docker.put(c)
		s.up()
		s.down()
		if !strings.Contains(out.String(), "-labels asking without -compat does that") {
			t.Error(out.String())
		}
	})
}

// A container is named once for labels that nobody carries, however often it is looked at, and not more than a hundred are.
func TestLabelsThatNobodyCarriesAreNamedOnce(t *testing.T) {
	play(t, func(s *stage) {
		var out strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&out))
		s.config.Labels.Others = []LabelLanguage{asking}
		for i := range maxNamedForLabels + 20 {
			c := web(i+1, fmt.Sprintf("web%d", i), 10_000+i)
			c.Labels = map[string]string{"other.a": "1", "ask.route": "hunter2", "ask. =hunter2": "", "ask.a\n": "1"}
			s.docker.put(c)
		}
		s.docker.put(web(1000, "plain", 9000))
		s.up()
		s.after(20 * time.Minute) // all are looked at again
		s.down()
		lines := strings.Count(out.String(), "labels or variables that ask for routes")
		if lines != maxNamedForLabels+1 || strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), `\"plain\" (`) {
			t.Errorf("%d lines: %s", lines, out.String())
		}
		if !strings.Contains(out.String(), `-labels asking`) || !strings.Contains(out.String(), `more containers`) {
			t.Error(out.String())
		}
		for _, h := range s.catalogue.held {
			if len(h.Tags) != 0 {
				t.Errorf("carried: %q", h.Tags)
			}
		}
	})
}
