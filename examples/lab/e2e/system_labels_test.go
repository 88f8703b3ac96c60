package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// labelsExample is examples/labels, running.
type labelsExample struct {
	*compose
	t                    *testing.T
	at, admin, discovery string
}

// Example 2: routes by labels, a database without one, hosts that are shared, a front, and a list that follows.
func TestSystemLabels(t *testing.T) {
	t.Parallel()
	images(t)
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) { labelsExampleRuns(t, startLabelsExample(t, find(t))) })
	}
}

func startLabelsExample(t *testing.T, c *compose) *labelsExample {
	port := func() string { return fmt.Sprint(lab.FreePort(t)) }
	proxy, admin, discovery := port(), port(), port()
	e := &labelsExample{compose: c, t: t, at: "127.0.0.1:" + proxy, admin: "127.0.0.1:" + admin, discovery: "127.0.0.1:" + discovery}
	name := fmt.Sprintf("labels%d-", c.version)
	c.use(filepath.Join(lab.Root(), "examples/labels"), name, fmt.Sprintf("COMPOSE_PROJECT_NAME=%s%d", name, os.Getpid()),
		"PROXY_PORT="+proxy, "ADMIN_PORT="+admin, "DISCOVERY_PORT="+discovery, "CONSUL_PORT="+port())
	e.do("up", "-d")
	return e
}

// scaleTo is the command that the README names for either version.
func (e *labelsExample) scaleTo(service string, n int) {
	e.t.Helper()
	if e.version == 1 {
		e.do("scale", fmt.Sprintf("%s=%d", service, n))
		return
	}
	e.do("up", "-d", "--no-recreate", "--scale", fmt.Sprintf("%s=%d", service, n), service)
}

// containers are the ids of a service's, by their numbers.
func (e *labelsExample) containers(docker *lab.Docker, service string) map[string]string {
	out := docker.Do("ps", "--no-trunc", "--filter", "label=com.docker.compose.project="+e.project, "--filter", "label=com.docker.compose.service="+service,
		"--format", `{{.Label "com.docker.compose.container-number"}} {{.ID}}`)
	all := map[string]string{}
	for line := range strings.Lines(out) {
		number, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[number] = id
	}
	return all
}

// labelsExampleRuns tries what the example's README says.
func labelsExampleRuns(t *testing.T, e *labelsExample) {
	t.Run("three containers by label", func(t *testing.T) {
		expectHosts(t, e.at, 3, "tomcat-sample/", "tomcat-sample.localhost/")
		lab.Eventually(t, 20*time.Second, "the database is reached by its link", func() bool {
			return strings.Contains(askRoute(t, e.at, "tomcat-sample", "/", "").text, " database=ok") // it has a second to greet
		})
	})
	t.Run("the database has no route", func(t *testing.T) {
		for _, host := range []string{"db", "mysql", "db.localhost", "mysql.localhost"} {
			if got := askRoute(t, e.at, host, "/", ""); got.status != http.StatusNotFound {
				t.Errorf("%s: %+v", host, got)
			}
		}
	})
	t.Run("a second virtual host", func(t *testing.T) {
		expectHosts(t, e.at, 2, "shop/", "shop.localhost/", "shop.example.com/cart")
		if got := askRoute(t, e.at, "shop.example.com", "/", ""); got.status != http.StatusNotFound {
			t.Errorf("above the path: %+v", got)
		}
		first := askRoute(t, e.at, "shop", "/", "")
		for range 10 {
			if got := askRoute(t, e.at, "shop", "/", first.cookie); first.cookie == "" || got.who() != first.who() {
				t.Fatalf("%+v, then %+v", first, got)
			}
		}
	})
	t.Run("three services share a host", func(t *testing.T) { expectHosts(t, e.at, 3, "tomcat-shared/") })
	t.Run("two services behind a front", func(t *testing.T) {
		expectHosts(t, e.at, 4, "front/")
		expectHosts(t, e.at, 2, "tomcat.ir.1/", "tomcat.ir.2/")
	})
	t.Run("scaling is followed", e.scalingIsFollowed)
}

// follower prints what examples/labels/follow says, with the time of each line.
type listFollower struct {
	mu    sync.Mutex
	lines []string
	at    []time.Time
}

func (f *listFollower) read(out io.Reader) {
	in := bufio.NewScanner(out)
	for in.Scan() {
		f.mu.Lock()
		f.lines, f.at = append(f.lines, in.Text()), append(f.at, time.Now())
		f.mu.Unlock()
	}
}

// first is when a line came for the first time; zero where it did not.
func (f *listFollower) first(line string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.lines, line); i >= 0 {
		return f.at[i]
	}
	return time.Time{}
}

// last is the last line.
func (f *listFollower) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lines) == 0 {
		return ""
	}
	return f.lines[len(f.lines)-1]
}

// usualDelay is how long a new container takes from its start to its line: what the README says, which needs a machine that does nothing
// else.
const usualDelay = 100 * time.Millisecond

// scalingIsFollowed scales without touching anything else, and watches the lines of the follower, which has the client's certificate.
func (e *labelsExample) scalingIsFollowed(t *testing.T) {
	docker := lab.FindDocker(t)
	certs := t.TempDir()
	docker.Do("cp", e.containers(docker, "proxy")["1"]+":/certs/.", certs)
	bin, err := lab.Build(t.TempDir(), "./examples/labels/follow")
	if err != nil {
		t.Fatal(err)
	}
	follow := exec.CommandContext(t.Context(), bin, "-certs", certs, "https://"+e.discovery+"/services/"+e.project+"_tomcat-default")
	out, err := follow.StdoutPipe()
	if err == nil {
		err = follow.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = follow.Wait() })
	var lines listFollower
	go lines.read(out)
	for _, n := range []int{3, 5, 2} {
		e.scaleTo("tomcat-default", n)
		lab.Eventually(t, 20*time.Second, fmt.Sprintf("%d lines", n), func() bool { return lines.last() == fmt.Sprintf("# %d", n) })
		expectHosts(t, e.at, n, "tomcat-sample/")
		if n != 5 {
			continue
		}
		var delays []time.Duration
		ids := e.containers(docker, "tomcat-default")
		for _, id := range []string{ids["4"], ids["5"]} {
			line := "server " + docker.Address(id, e.project+"_default") + ":8080;"
			came := lines.first(line)
			if came.IsZero() {
				t.Errorf("no line %q: %q", line, lines.lines)
			}
			delays = append(delays, came.Sub(docker.StartedAt(id)))
		}
		t.Logf("from a container's start to its line: %v", delays)
		if lab.Long() && slices.Max(delays) > usualDelay {
			t.Errorf("a line came %s after the start of its container", slices.Max(delays))
		}
	}
	r, err := (&http.Client{Timeout: 5 * time.Second}).Get("https://" + e.discovery + "/services/tomcat-default")
	if err == nil {
		r.Body.Close()
		t.Errorf("without a certificate: %s", r.Status)
	}
}
