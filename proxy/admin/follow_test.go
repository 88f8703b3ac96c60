package admin

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

var streamPaths = []string{"/api/events", "/api/services", "/api/services/web", "/api/routes", "/api/upstreams"}

// A HEAD request gets the head of a stream, and the next one on the same connection its answer.
func TestHeadOfAStreamEnds(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	_ = c.SetDeadline(time.Now().Add(soon))
	for _, path := range streamPaths {
		fmt.Fprintf(c, "HEAD %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
		for _, kind := range []string{eventStream, "text/plain; charset=utf-8"} {
			answer, err := http.ReadResponse(in, &http.Request{Method: http.MethodHead})
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if got := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || got != kind {
				t.Errorf("%s: %s %s, want %s", path, answer.Status, got, kind)
			}
		}
	}
}

// A body that does not come would keep a follower for ever: nothing is sent to it, so that nothing notices.
func TestWhoFollowsSendsNoBody(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	index := get(f.handler, "localhost", "/api/services").Header().Get(indexField)
	for _, path := range append(streamPaths, "/api/services?index="+index, "/services/web?watch=true") {
		for _, length := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
			c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(soon / 4))
			accept := "\r\nAccept: text/event-stream"
			if strings.Contains(path, "?") {
				accept = ""
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n\r\n", path, length, accept)
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatalf("%s %s: %v", path, length, err)
			}
			if answer.StatusCode != 400 || answer.Header.Get("Content-Type") != "application/problem+json" || !answer.Close {
				t.Errorf("%s %s: %s %v", path, length, answer.Status, answer.Header)
			}
		}
	}
}

// A service may come between two looks at the table.
func TestWatchedServiceComesMeanwhile(t *testing.T) {
	with, without := tableOf(), tableOf()
	with.Apply(webs(1, 0)) // the next table
	o := followed(t, with)
	var looks atomic.Int32
	o.Table = func() *routing.Table {
		if looks.Add(1) <= 2 {
			return without.Load()
		}
		return with.Load()
	}
	w := watch(t, http.DefaultClient, "http://"+serve(t, Discovery(o, true))+"/services/web?watch=true")
	if v, _ := w.next(); len(v.Containers) != 1 {
		t.Errorf("%+v", v)
	}
}

// A service has one name by which it is asked for: else who waits by another one would miss what changes.
func TestServiceHasOneName(t *testing.T) {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	snap := fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80), fixture.Instance("mail@dc2", "10.0.0.2", 80))
	snap.Datacenter = "dc1"
	s.Apply(snap)
	h := Admin(Options{Table: s.Load})
	for name, want := range map[string]int{"web": 200, "mail@dc2": 200, "web@": 404, "web@dc1": 404, "mail@DC2": 404, "mail@dc2@": 404} {
		if w := get(h, "localhost", "/api/services/"+name); w.Code != want {
			t.Errorf("%s: %d, want %d", name, w.Code, want)
		}
	}
}

// An index of another process is known to be one, even where both began at about the same time.
func TestIndexOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
		one := NewFeed(s)
		time.Sleep(10 * time.Millisecond)
		other := NewFeed(s)
		for range 100 {
			s.Apply(fixture.Snapshot())
		}
		for at, index := range map[*Feed]uint64{one: other.born + 1, other: one.born + 99} {
			p, err := at.pollOf(httptest.NewRequest(http.MethodGet, "/?wait=1m&index="+strconv.FormatUint(index, 10), nil))
			if err != nil || p.wait != 0 {
				t.Errorf("%+v %v", p, err)
			}
		}
		if p, err := one.pollOf(httptest.NewRequest(http.MethodGet, "/?wait=1m&index="+strconv.FormatUint(one.born+99, 10), nil)); err != nil || p.known != 99 || p.wait == 0 {
			t.Errorf("its own: %+v %v", p, err)
		}
	})
}

// Who does not want to wait gets the changes, too.
func TestChangesWithoutWaiting(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	ask := func(query string) (string, string) {
		r, w := newRequest("/api/events?"+query), newRecorder()
		r.Header.Set("Accept", "application/json")
		f.handler.ServeHTTP(w, r)
		return w.Header().Get(indexField), w.Body.String()
	}
	index, _ := ask("")
	if _, body := ask("wait=0s&index=" + index); body != `{"reset":false,"changes":[]}`+"\n" {
		t.Errorf("nothing new: %s", body)
	}
}
