package drain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.RunLeakFree(m)) }

// proxy is a Follower with requests that a test sets.
type proxy struct {
	*Follower
	load load
	log  bytes.Buffer
	stop func()

	mu  sync.Mutex
	set []discovery.Drain
}

type load struct{ n atomic.Int64 }

func (l *load) InFlight() int64 { return l.n.Load() }

func (p *proxy) drains() []discovery.Drain {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set
}

// follow runs a proxy over a store.
func follow(t *testing.T, s discovery.Store, host string) *proxy {
	p := &proxy{}
	p.Follower = NewFollower(Options{
		Store: s, Self: NewProxy(host, 1), Log: zerolog.New(&p.log),
		Set: func(list []discovery.Drain) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.set = list
		},
		Loads: func(*discovery.Drain) ([]Load, bool) { return []Load{&p.load}, true },
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = p.Run(ctx); close(ended) }()
	p.stop = func() { stop(); <-ended }
	return p
}

func newStore(t *testing.T) *memory.Store {
	t.Helper()
	s, err := memory.NewStore("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var web = discovery.Instance{Service: "web", Status: discovery.Passing, Identity: discovery.Identity{Node: "n", ID: "host:web-1:80", Address: "10.0.0.1", Port: 80, Start: "s"}}

// begin drains web for a minute.
func begin(t *testing.T, s discovery.Store) []Drain {
	t.Helper()
	list, err := Begin(t.Context(), s, []discovery.Instance{web}, time.Now().Add(time.Minute), "me")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// await waits for a time at most, and returns who was waited for in the end.
func await(t *testing.T, s discovery.Store, list []Drain, most time.Duration) (pending string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	err = Await(ctx, s, list, func(p Progress) {
		pending = ""
		for _, one := range p.Pending {
			pending += one.Proxy.Host + "=" + string(rune('0'+one.Left)) + " "
		}
		for _, one := range p.Gone {
			pending += one.Host + " gone "
		}
	})
	return pending, err
}

func TestDrainEndsWithTheLastRequestOfTheLastProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		one, two := follow(t, s, "one"), follow(t, s, "two")
		defer one.stop()
		defer two.stop()
		synctest.Wait()
		one.load.n.Store(3)
		list := begin(t, s)
		if pending, err := await(t, s, list, 5*time.Second); !errors.Is(err, context.DeadlineExceeded) || pending != "one=3 " {
			t.Errorf("%q %v", pending, err)
		}
		if d := two.drains(); len(d) != 1 || d[0].Identity != web.Identity || !d[0].Of(&web) {
			t.Errorf("%+v", d)
		}
		time.AfterFunc(time.Second, func() { one.load.n.Store(0) })
		began := time.Now()
		if pending, err := await(t, s, list, 5*time.Second); err != nil || time.Since(began) > 1200*time.Millisecond {
			t.Errorf("after %s: %q %v", time.Since(began), pending, err)
		}
		if err := End(t.Context(), s, list); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(one.drains()) != 0 || len(two.drains()) != 0 {
			t.Error("it goes on")
		}
		if keys, _ := s.Keys(t.Context(), answersAt); len(keys) != 0 {
			t.Errorf("left behind: %q", keys)
		}
	})
}

// A drain ends at its time, and nothing of it stays.
func TestDrainEndsAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := follow(t, s, "one")
		defer p.stop()
		synctest.Wait()
		begin(t, s)
		time.Sleep(59 * time.Second)
		if len(p.drains()) != 1 {
			t.Error("not draining")
		}
		time.Sleep(3 * time.Second)
		if len(p.drains()) != 0 {
			t.Error("it goes on")
		}
		time.Sleep(10 * time.Second)
		for _, prefix := range []string{drainsAt, answersAt} {
			if keys, _ := s.Keys(t.Context(), prefix); len(keys) != 0 {
				t.Errorf("left behind: %q", keys)
			}
		}
		if text := p.log.String(); !strings.Contains(text, "draining an instance") || !strings.Contains(text, "it has no requests left") || !strings.Contains(text, "a drain has ended") || strings.Count(text, "\n") != 3 {
			t.Error(text)
		}
	})
}

// A proxy that goes without an answer is waited for while it may come back, and no longer.
func TestDrainDoesNotWaitForTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		one, two := follow(t, s, "one"), follow(t, s, "two")
		defer two.stop()
		synctest.Wait()
		one.load.n.Store(1)
		list := begin(t, s)
		time.AfterFunc(time.Second, one.stop)
		began := time.Now()
		if left, err := await(t, s, list, 50*time.Second); err != nil || left != "one gone " || time.Since(began) < goneGrace || time.Since(began) > goneGrace+2*time.Second {
			t.Errorf("after %s: %q %v", time.Since(began), left, err)
		}
	})
}

// One that comes while it is drained knows of it before it takes a request, and is waited for.
func TestDrainIsKnownToWhoComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		one := follow(t, s, "one")
		defer one.stop()
		synctest.Wait()
		list := begin(t, s)
		late := follow(t, s, "late")
		defer late.stop()
		late.load.n.Store(2)
		synctest.Wait()
		if len(late.drains()) != 1 {
			t.Error("it does not know")
		}
		if pending, err := await(t, s, list, 3*time.Second); err == nil || pending != "late=2 " {
			t.Errorf("%q %v", pending, err)
		}
	})
}

func TestDrainWithoutProxies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		if _, err := await(t, s, begin(t, s), time.Minute); !errors.Is(err, ErrNoProxy) {
			t.Error(err)
		}
	})
}

// A second drain of the same instance keeps the first one's answers, and never ends earlier.
func TestDrainTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		first := begin(t, s)
		again, err := Begin(t.Context(), s, []discovery.Instance{web}, time.Now().Add(time.Second), "other")
		if err != nil || again[0].ID != first[0].ID || !again[0].Until.Equal(first[0].Until) {
			t.Errorf("%+v %+v %v", first, again, err)
		}
		restarted := web
		restarted.Start = "later"
		other, err := Begin(t.Context(), s, []discovery.Instance{restarted}, time.Now().Add(time.Second), "other")
		if err != nil || other[0].ID == first[0].ID {
			t.Errorf("%+v %v", other, err)
		}
		if _, err := Begin(t.Context(), s, []discovery.Instance{web}, time.Now().Add(25*time.Hour), ""); err == nil {
			t.Error("longer than a day")
		}
	})
}

// What others write below drains/ costs a line of the log, and nothing else.
func TestDrainsThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := follow(t, s, "one")
		defer p.stop()
		good := newDrain(&web, time.Now().Add(time.Minute), "me")
		change := func(f func(*Drain)) []byte {
			d := good
			f(&d)
			out, _ := json.Marshal(d)
			return out
		}
		for key, value := range map[string][]byte{
			"drains/x": []byte("{"), "drains/y": nil, "drains/z": []byte("[1]"), "drains/a/b": []byte("{}"), "drains/moved": change(func(*Drain) {}),
			"drains/big": bytes.Repeat([]byte(" "), maxValue+1),
			good.key():   change(func(d *Drain) { d.Until = time.Now().Add(1000 * time.Hour) }),
			"drains/" + discovery.KeyOf("\x1b[2J") + "@": change(func(d *Drain) { d.Instance, d.Node = "\x1b[2J", "" }),
		} {
			if err := s.Put(t.Context(), key, value); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		if len(p.drains()) != 0 {
			t.Errorf("%+v", p.drains())
		}
		if n := strings.Count(p.log.String(), "can't be used"); n == 0 || n > 8 || strings.Contains(p.log.String(), "\x1b") {
			t.Errorf("%d lines: %s", n, p.log.String())
		}
		if list, err := List(t.Context(), s); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// denied is a store without a right.
type denied struct{ discovery.Store }

func (denied) Values(context.Context, string, discovery.Query) (discovery.Values, error) {
	return discovery.Values{}, discovery.ErrDenied
}

func (denied) Hold(ctx context.Context, _ string, _ []byte, told func(error)) error {
	told(discovery.ErrDenied)
	<-ctx.Done()
	return ctx.Err()
}

// full is a Store with more answers to drains of the past than are taken at once.
type full struct{ *memory.Store }

func (f full) Values(ctx context.Context, prefix string, q discovery.Query) (discovery.Values, error) {
	if prefix == answersAt {
		return discovery.Values{}, errors.New("more than 10000 keys")
	}
	return f.Store.Values(ctx, prefix, q)
}

// What is left of drains of the past keeps no drain from its end.
func TestAnswersToOtherDrainsDoNotMatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := full{newStore(t)}
		p := follow(t, s, "one")
		defer p.stop()
		synctest.Wait()
		if pending, err := await(t, s, begin(t, s), 10*time.Second); err != nil {
			t.Errorf("%q %v", pending, err)
		}
	})
}

// away is a Store that takes 5 s to say that it can't be written to, nor a value be read.
type away struct{ *memory.Store }

func (away) Put(context.Context, string, []byte) error {
	time.Sleep(5 * time.Second)
	return errors.New("away")
}

func (away) Get(context.Context, string) ([]byte, error) {
	time.Sleep(5 * time.Second)
	return nil, errors.New("away")
}

func (away) Swap(context.Context, string, []byte, []byte) error {
	time.Sleep(5 * time.Second)
	return errors.New("away")
}

// Many drains end at their time although the Store is away.
func TestDrainsEndWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		list := make([]discovery.Instance, 100)
		for i := range list {
			list[i] = web
			list[i].ID += string(rune('a'+i/26)) + string(rune('a'+i%26))
		}
		if _, err := Begin(t.Context(), s, list[:50], time.Now().Add(30*time.Second), "me"); err != nil {
			t.Fatal(err)
		}
		if _, err := Begin(t.Context(), s, list[50:], time.Now().Add(time.Minute), "me"); err != nil {
			t.Fatal(err)
		}
		p := follow(t, away{s}, "one")
		defer p.stop()
		for _, at := range []struct {
			after time.Duration
			want  int
		}{{15 * time.Second, 100}, {35 * time.Second, 50}, {35 * time.Second, 0}} {
			time.Sleep(at.after)
			if got := len(p.drains()); got != at.want {
				t.Errorf("%s later %d drains are in effect, want %d", at.after, got, at.want)
			}
		}
	})
}

// What List tells may be asked for while drains change: it is for the race detector.
func TestListWhileDrainsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		p := follow(t, s, "one")
		defer p.stop()
		for range 20 {
			begin(t, s)
			for range 50 {
				if list, err := p.List(); err != nil || len(list) > 1 || len(list) == 1 && list[0].Instance != web.ID {
					t.Fatalf("%+v %v", list, err)
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
}

// Without a right the proxy serves on, and says so once.
func TestDrainWithoutARight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		set := 0
		f := NewFollower(Options{Store: denied{}, Self: NewProxy("one", 1), Rights: "THE LINE", Log: zerolog.New(&log), Set: func([]discovery.Drain) { set++ },
			Loads: func(*discovery.Drain) ([]Load, bool) { return nil, true }})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		time.Sleep(time.Hour)
		if set != 1 || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "THE LINE") {
			t.Errorf("set %d times: %s", set, log.String())
		}
		if _, err := f.List(); !errors.Is(err, discovery.ErrDenied) {
			t.Error(err)
		}
		stop()
		<-ended
	})
}

func FuzzParse(f *testing.F) {
	d := newDrain(&web, time.Now().Add(time.Minute), "me")
	value, _ := d.value()
	f.Add(d.key(), value)
	f.Add("drains/x", []byte(`{"id":"..","until":"9999-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		d, err := parse(key, value, time.Now())
		if err != nil {
			return
		}
		if d.key() != key || !fs.ValidPath(key) || outside.CheckKey(d.key()) != nil || time.Until(d.Until) > Longest+skew {
			t.Errorf("%q: %+v", key, d)
		}
	})
}

// FuzzAnswers has others write what a proxy says of itself, and how many requests it has left: nobody but who answers the drain with 0 is not waited for.
func FuzzAnswers(f *testing.F) {
	d := newDrain(&web, time.Now().Add(time.Minute), "me")
	for _, text := range []string{`{"id":"` + d.ID + `","left":0}`, `{"id":"` + d.ID + `","left":-1}`, `{"id":"x","left":0}`, `{"id":"` + d.ID + `","left":1e400}`, `{"left":0}`, "", "null", `{"id":"p","host":"a\u0000b","pid":1}`, `{"host":["x"]}`, strings.Repeat("[", maxValue)} {
		f.Add("p", []byte(text), []byte(text))
	}
	f.Fuzz(func(t *testing.T, id string, proxy, left []byte) {
		w := newWaiting([]Drain{d})
		w.proxies, w.answers = map[string][]byte{proxiesAt + "/" + id: proxy}, map[string]map[string][]byte{d.ID: {d.answers() + "/" + id: left}}
		pending, _ := w.pending(time.Now())
		var a struct {
			ID   string
			Left json.Number
		}
		_ = json.NewDecoder(bytes.NewReader(left)).Decode(&a)
		if len(pending) == 0 && (a.ID != d.ID || strings.Trim(a.Left.String(), "-0") != "") {
			t.Errorf("%q is taken for drained", left)
		}
		if len(pending) == 1 && (pending[0].Proxy.ID != id || pending[0].Left == 0) {
			t.Errorf("%q, %q: %+v", proxy, left, pending[0])
		}
	})
}
