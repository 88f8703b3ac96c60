package memory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/registrator"
)

func TestMain(m *testing.M) { os.Exit(lab.RunLeakFree(m)) }

func service(id string, checks ...registrator.Check) registrator.Registration {
	return registrator.Registration{ID: id, Name: "web", Address: "127.0.0.1", Port: 80, Checks: checks}
}

func run(t *testing.T, c *Catalogue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}
}

func register(t *testing.T, c *Catalogue, r registrator.Registration) {
	t.Helper()
	if err := c.Register(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func only(t *testing.T, c *Catalogue) discovery.Status {
	t.Helper()
	answer, err := c.Instances(t.Context(), "web", discovery.Query{})
	if err != nil || len(answer.Instances) != 1 {
		t.Fatalf("%+v, %v", answer, err)
	}
	return answer.Instances[0].Status
}

func expect(t *testing.T, c *Catalogue, want discovery.Status) {
	t.Helper()
	if got := only(t, c); got != want {
		t.Errorf("status %v, want %v", got, want)
	}
}

func TestTTLExpiresUnlessReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCatalogue(Options{})
		defer run(t, c)()
		register(t, c, service("a", registrator.Check{TTL: "10s", Status: "passing"}))
		for range 5 {
			time.Sleep(9 * time.Second)
			synctest.Wait()
			expect(t, c, discovery.Passing)
			if err := c.Report(t.Context(), "service:a", "passing", ""); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(9 * time.Second)
		synctest.Wait()
		expect(t, c, discovery.Passing)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		expect(t, c, discovery.Critical)
		if err := c.Report(t.Context(), "service:a", "warning", ""); err != nil {
			t.Fatal(err)
		}
		expect(t, c, discovery.Warning)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		expect(t, c, discovery.Critical)
	})
}

func TestCriticalForTooLongIsDeregistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCatalogue(Options{})
		defer run(t, c)()
		// Less than a minute counts as a minute, as in Consul.
		register(t, c, service("a", registrator.Check{TTL: "20s", Status: "passing", DeregisterAfter: "1s"}))
		time.Sleep(75 * time.Second)
		synctest.Wait()
		expect(t, c, discovery.Critical)
		time.Sleep(40 * time.Second)
		synctest.Wait()
		answer, err := c.Instances(t.Context(), "web", discovery.Query{})
		if err != nil || len(answer.Instances) != 0 {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestQuestionsWaitForNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCatalogue(Options{})
		register(t, c, service("a"))
		first, _ := c.Instances(t.Context(), "web", discovery.Query{})
		start := time.Now()
		same, err := c.Instances(t.Context(), "web", discovery.Query{Index: first.Index})
		if err != nil || time.Since(start) != defaultWait || same.Index != first.Index {
			t.Errorf("after %v: %+v, %v", time.Since(start), same, err)
		}
		go func() {
			time.Sleep(time.Second)
			_ = c.Register(t.Context(), registrator.Registration{ID: "o", Name: "other", Port: 1})
			time.Sleep(time.Second)
			_ = c.Deregister(t.Context(), "a")
		}()
		start = time.Now()
		empty, err := c.Instances(t.Context(), "web", discovery.Query{Index: first.Index})
		if err != nil || time.Since(start) != 2*time.Second || len(empty.Instances) != 0 || empty.Index <= first.Index {
			t.Errorf("after %v: %+v, %v", time.Since(start), empty, err)
		}
		start = time.Now()
		register(t, c, service("b"))
		back, _ := c.Instances(t.Context(), "web", discovery.Query{Index: empty.Index})
		if time.Since(start) != 0 || len(back.Instances) != 1 || back.Index <= empty.Index {
			t.Errorf("a service that came back: %+v", back)
		}
		ahead, _ := c.Instances(t.Context(), "web", discovery.Query{Index: 1 << 40})
		if time.Since(start) != 0 || ahead.Index != back.Index {
			t.Errorf("an index of another life: %+v after %v", ahead, time.Since(start))
		}
	})
}

func TestNamesThatGoLeaveNothing(t *testing.T) {
	c := NewCatalogue(Options{})
	for i := range 100 {
		id := fmt.Sprint(i)
		register(t, c, registrator.Registration{ID: id, Name: "n" + id, Port: 1})
		if err := c.Deregister(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.changed) != 0 || len(c.services) != 0 {
		t.Errorf("%d indexes, %d services", len(c.changed), len(c.services))
	}
}

func TestHTTPChecksAreMade(t *testing.T) {
	var status, asked atomic.Int64
	status.Store(200)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	c := NewCatalogue(Options{})
	defer run(t, c)()
	r := service("a", registrator.Check{HTTP: server.URL, Interval: "1s", Timeout: "1s"})
	began := time.Now()
	register(t, c, r)
	await(t, c, discovery.Passing)
	register(t, c, r) // the same again disturbs nothing
	expect(t, c, discovery.Passing)
	status.Store(429)
	await(t, c, discovery.Warning)
	status.Store(500)
	await(t, c, discovery.Critical)
	before := asked.Load()
	if took := time.Since(began); before > 4+int64(took/time.Second) {
		t.Errorf("asked %d times in %s", before, took)
	}
	if err := c.Deregister(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1200 * time.Millisecond)
	if after := asked.Load(); after > before+1 {
		t.Errorf("still asked after deregistration: %d, then %d", before, after)
	}
}

func await(t *testing.T, c *Catalogue, want discovery.Status) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		if only(t, c) == want {
			return
		}
	}
	t.Fatalf("status never became %v", want)
}

func TestTCPChecksAndScripts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCatalogue(Options{})
	defer run(t, c)()
	register(t, c, service("a", registrator.Check{TCP: listener.Addr().String(), Interval: "1s"}))
	await(t, c, discovery.Passing)
	listener.Close()
	await(t, c, discovery.Critical)
	marker := t.TempDir() + "/ran"
	register(t, c, service("a", registrator.Check{Script: []string{"touch", marker}, Interval: "1s"}))
	time.Sleep(100 * time.Millisecond)
	expect(t, c, discovery.Critical)
}

func TestBadDefinitionsAreRefused(t *testing.T) {
	c := NewCatalogue(Options{})
	for _, r := range []registrator.Registration{
		{Name: "n", Port: 1}, {ID: "i", Port: 1},
		service("a", registrator.Check{TCP: "h:1", Interval: "15"}),
		service("a", registrator.Check{TCP: "h:1", Timeout: "-1s"}),
		service("a", registrator.Check{TTL: "soon"}),
		service("a", registrator.Check{TTL: "1s", Status: "up"}),
		service("a", registrator.Check{TTL: "1s", DeregisterAfter: "x"}),
	} {
		if err := c.Register(t.Context(), r); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	if held, err := c.Held(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("%v, %v", held, err)
	}
}

func TestWhatIsReturnedIsTheCallers(t *testing.T) {
	c := NewCatalogue(Options{})
	r := service("a")
	r.Tags, r.Meta = []string{"t"}, map[string]string{"k": "v"}
	register(t, c, r)
	r.Tags[0], r.Meta["k"] = "x", "x"
	answer, _ := c.Instances(t.Context(), "web", discovery.Query{})
	answer.Instances[0].Tags[0] = "y"
	answer.Instances[0].Meta["k"] = "y"
	held, _ := c.Held(t.Context())
	if h := held["a"]; h.Tags[0] != "t" || h.Meta["k"] != "v" {
		t.Errorf("%+v", h)
	}
}
