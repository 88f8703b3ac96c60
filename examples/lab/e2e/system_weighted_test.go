package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// weighted is examples/weighted while it runs.
type weighted struct {
	t        *testing.T
	dir      string
	suffix   string // of the containers' names
	admin    string
	proxy    *caller
	direct   [3]*caller // the host's ports of webtest001 to webtest003
	failedAt time.Time  // when the request was sent that fails everywhere
}

const uuidQuery = "/webtest?action=get_uuid"

// Example 3: weights, a backup, a Unix socket, errors that are passed on, and what the service itself answers.
func TestSystemWeighted(t *testing.T) {
	t.Parallel()
	makes(t, "apps")
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) {
			w := startWeighted(t, find(t))
			w.answersAsEver()
			w.compresses()
			w.rotates("5:1:1", 70, map[string]int{"webtest001": 5, "webtest002": 1, "webtest003": 1})
			if n := w.logged("webtest-backup", "get_uuid"); n > 0 {
				t.Errorf("the backup got %d requests while others lived", n)
			}
			w.passesErrorsOn()
			w.backsUp()
			w.joinsBySocket()
			w.countsFailures()
		})
	}
}

func startWeighted(t *testing.T, c *compose) *weighted {
	port := func() string { return fmt.Sprint(lab.FreePort(t)) }
	w := &weighted{t: t, dir: copyOf(t, "weighted"), suffix: fmt.Sprintf("-%d-%d", os.Getpid(), c.version)}
	proxy, admin := port(), port()
	env := []string{"WEBTEST_SUFFIX=" + w.suffix, "WEBTEST_PORT=" + proxy, "ADMIN_PORT=" + admin}
	w.admin, w.proxy = "127.0.0.1:"+admin, newCaller(t, "127.0.0.1:"+proxy, time.Minute)
	for i := range w.direct {
		p := port()
		env = append(env, fmt.Sprintf("WEBTEST_PORT_%d=%s", i+1, p))
		w.direct[i] = newCaller(t, "127.0.0.1:"+p, time.Minute)
	}
	c.use(w.dir, "weighted", env...).do("up", "-d")
	w.settles(4)
	w.listen()
	return w
}

// listen waits until all containers with a port of the host's answer there: they are registered when they start.
func (w *weighted) listen() {
	w.t.Helper()
	for _, c := range append(w.direct[:], w.proxy) {
		lab.Eventually(w.t, 20*time.Second, c.address+" answers", func() bool {
			a, err := c.try("GET", "", "/webtest?action=x", "")
			return err == nil && a.status == 200
		})
	}
}

// settles waits until so many instances are usable, the backup among them.
func (w *weighted) settles(n int) {
	w.t.Helper()
	lab.Eventually(w.t, time.Minute, fmt.Sprintf("%d usable instances", n), func() bool { return usable(w.admin, "", "/webtest") == n })
}

// logged counts the lines of a container's own log that hold a text.
func (w *weighted) logged(container, text string) int {
	w.t.Helper()
	out, err := exec.Command("docker", "logs", container+w.suffix).Output()
	if err != nil {
		w.t.Fatalf("docker logs %s: %v", container, err)
	}
	return strings.Count(string(out), text)
}

var uuidAnswer = regexp.MustCompile(`^\{"IsSuccess": true, "Data": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "RequestTime": "[^"]+", "ResponseTime": "[^"]+"\}\n$`)

// answersAsEver checks what the service says, by the proxy and by each container's own port.
func (w *weighted) answersAsEver() {
	w.t.Helper()
	for _, c := range append(w.direct[:], w.proxy) {
		if a := c.get("", uuidQuery); a.status != 200 || !uuidAnswer.MatchString(a.body) {
			w.t.Errorf("get_uuid: %d %q", a.status, a.body)
		}
		if a := c.get("", "/webtest?action=x"); a.status != 200 || a.body != `{"IsSuccess": false, "Message": "action not found"}`+"\n" {
			w.t.Errorf("an unknown action: %d %q", a.status, a.body)
		}
		a, err := c.try("POST", "", "/webtest", "action=get_uuid", "Content-Type", "application/x-www-form-urlencoded")
		if err != nil || a.status != 200 || !uuidAnswer.MatchString(a.body) {
			w.t.Errorf("POST: %d %q %v", a.status, a.body, err)
		}
		a, err = c.try("OPTIONS", "", "/webtest", "", "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST")
		if err != nil || a.status != http.StatusNoContent || a.body != "" || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Methods") == "" {
			w.t.Errorf("OPTIONS: %+v %v", a, err)
		}
	}
}

func (w *weighted) compresses() {
	w.t.Helper()
	for kind, want := range map[string]string{"text/css": "gzip", "application/json": "gzip", "application/javascript": "gzip", "image/png": "", "video/mp4": ""} {
		a := w.proxy.get("", "/webtest?action=get_text&type="+kind, "Accept-Encoding", "gzip")
		if got := a.header.Get("Content-Encoding"); a.status != 200 || got != want {
			w.t.Errorf("%s: %d, Content-Encoding %q, want %q", kind, a.status, got, want)
		}
	}
	if a := w.proxy.get("", "/webtest?action=get_text&type=text/css"); a.header.Get("Content-Encoding") != "" {
		w.t.Error("compressed, though nobody asked for it")
	}
}

// rotates waits until n requests come in the rotation of the weights: one that was tried before it listened is left out for a time.
func (w *weighted) rotates(what string, n int, weights map[string]int) {
	w.t.Helper()
	var failed string
	if !lab.Within(2*time.Minute, func() bool {
		failed = w.turn(n, weights)
		return failed == ""
	}) {
		w.t.Fatalf("%s: %s", what, failed)
	}
}

// turn sends n requests one after another, half of them on connections of their own, and checks the weights in any row of their sum, and
// in the containers' logs. It says what was wrong.
func (w *weighted) turn(n int, weights map[string]int) string {
	w.t.Helper()
	sum, before := 0, map[string]int{}
	for name, weight := range weights {
		sum += weight
		before[name] = w.logged(name, "get_uuid")
	}
	var order []string
	for i := range n {
		if i > n/2 {
			w.proxy.client.CloseIdleConnections()
		}
		a := w.proxy.get("", uuidQuery)
		if a.status != 200 {
			w.t.Fatalf("%d %s", a.status, a.body)
		}
		order = append(order, a.header.Get("X-Served-By"))
	}
	for from := 0; from+sum <= n; from++ {
		got := map[string]int{}
		for _, name := range order[from : from+sum] {
			got[name]++
		}
		if fmt.Sprint(got) != fmt.Sprint(weights) {
			return fmt.Sprintf("%d in a row from the %d. on: %v, want %v\n%v", sum, from+1, got, weights, order)
		}
	}
	for name, weight := range weights {
		want := n / sum * weight
		if !lab.Within(lab.Patient(5*time.Second), func() bool { return w.logged(name, "get_uuid")-before[name] == want }) {
			return fmt.Sprintf("%s logged %d requests, want %d", name, w.logged(name, "get_uuid")-before[name], want)
		}
	}
	return ""
}

// passesErrorsOn sends what fails everywhere: each is asked once, and the client gets the answer of the last, which is the backup.
func (w *weighted) passesErrorsOn() {
	w.t.Helper()
	w.failedAt = time.Now()
	a := w.proxy.get("", "/webtest?action=fail")
	if a.status != 500 || !strings.Contains(a.body, "webtest-backup fails") {
		w.t.Errorf("what fails everywhere: %d %s", a.status, a.body)
	}
	for _, name := range []string{"webtest001", "webtest002", "webtest003", "webtest-backup"} {
		var n int
		if !lab.Within(lab.Patient(time.Second), func() bool { n = w.logged(name, "action=fail"); return n > 0 }) || n != 1 {
			w.t.Errorf("%s got it %d times", name, n)
		}
	}
}

// backsUp stops all but the backup, and starts them again.
func (w *weighted) backsUp() {
	w.t.Helper()
	do := func(what string) {
		w.t.Helper()
		args := []string{what}
		for i := 1; i <= 3; i++ {
			args = append(args, fmt.Sprintf("webtest00%d%s", i, w.suffix))
		}
		if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
			w.t.Fatalf("docker %v: %v: %s", args, err, out)
		}
	}
	do("stop")
	for range 7 {
		if a := w.proxy.get("", uuidQuery); a.status != 200 || a.header.Get("X-Served-By") != "webtest-backup" {
			w.t.Errorf("all others are gone: %d from %s", a.status, a.header.Get("X-Served-By"))
		}
	}
	do("start")
	w.settles(4)
	w.listen()
}

// joinsBySocket adds the Unix socket to the pool, by the routes file while it is in use.
func (w *weighted) joinsBySocket() {
	w.t.Helper()
	file := filepath.Join(w.dir, "routes/webtest")
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	with := regexp.MustCompile(`(?m)^# (.*unix:)`).ReplaceAll(text, []byte("$1"))
	if string(with) == string(text) {
		w.t.Fatalf("no line for a Unix socket in %s", text)
	}
	if err := os.WriteFile(file, with, 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.settles(5)
	w.rotates("with a Unix socket", 80, map[string]int{"webtest001": 5, "webtest002": 1, "webtest003": 1, "webtest-socket": 1})
}

// countsFailures breaks webtest003: the clients get good answers, and after three failures it gets nothing for 30 seconds.
func (w *weighted) countsFailures() {
	w.t.Helper()
	if rest := time.Until(w.failedAt.Add(31 * time.Second)); lab.Long() && rest > 0 {
		time.Sleep(rest) // so that the failure before is forgotten
	}
	if a := w.direct[2].get("", "/webtest?action=break&for=10s"); a.status != 200 {
		w.t.Fatalf("break: %+v", a)
	}
	begun := time.Now()
	for range 70 {
		if a := w.proxy.get("", uuidQuery); a.status != 200 {
			w.t.Errorf("while one is broken: %d %s", a.status, a.body)
		}
	}
	var n int
	lab.Within(lab.Patient(time.Second), func() bool { n = w.logged("webtest003", "] 503 "); return n > 0 })
	if !lab.Long() { // what it failed before may count, too: of 70 requests it would get 8
		if n < 1 || n > 3 {
			w.t.Errorf("it failed %d times before it was left out", n)
		}
		return
	}
	if n != 3 {
		w.t.Errorf("it failed %d times before it was left out", n)
	}
	all := w.logged("webtest003", "get_uuid")
	for time.Since(begun) < 25*time.Second { // repaired after ten
		w.proxy.get("", uuidQuery)
		time.Sleep(100 * time.Millisecond)
	}
	if n := w.logged("webtest003", "get_uuid"); n != all {
		w.t.Errorf("it got %d requests while it was left out", n-all)
	}
	lab.Eventually(w.t, 10*time.Second, "it is back after 30 s", func() bool {
		return w.proxy.get("", uuidQuery).header.Get("X-Served-By") == "webtest003"
	})
}
