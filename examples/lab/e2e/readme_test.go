package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

const (
	// commandLimit bounds one fence: the longest may have to build a Consul from source.
	commandLimit = 15 * time.Minute
	// readingTime is what a person needs at the very least after a command that changes something.
	readingTime = 2 * time.Second
)

// leftOut are commands that would run this test again, or measure for minutes.
var leftOut = regexp.MustCompile(`^make (test|test-long|fuzz|bench)\b|^go test .*-(bench|fuzz)\b`)

// changing are commands after which something is to come about, or which wait until it has begun to.
var changing = regexp.MustCompile(`docker-compose|docker (stop|start|cp|rm)|make |--retry|until |sleep |sed -i|\.sh\b|scale|action=break`)

// readingLogs are commands that read what has been written by now: lines reach an access log within a second.
var readingLogs = regexp.MustCompile(`(?m)^(tail|docker logs) `)

// removing are the commands by which a README ends: what they remove is gone with their end.
var removing = regexp.MustCompile(`(?m)^(docker-compose|make)( -\S+ \S+)* down\b`)

// onlyLooks says that whoever types the next commands at once sees what they would see later.
func onlyLooks(commands string) bool {
	return !changing.MatchString(commands) || removing.MatchString(commands)
}

// TestREADMECommands is a newcomer with a clean clone who types what README, pages and the examples' READMEs say, in order, and compares what they show.
func TestREADMECommands(t *testing.T) {
	lab.Limit(t, 2*commandLimit)
	lab.FindDocker(t)
	composeV1(t)
	clone := cleanClone(t)
	for i, file := range guides(t, clone) {
		name, _ := filepath.Rel(clone, file)
		t.Run(name, func(t *testing.T) {
			r := newReader(t, clone, fmt.Sprintf("readme%dn%d", os.Getpid(), i))
			if _, err := r.try("test -x bin/pointsman || [ " + name + " = README.md ] || make build"); err != nil { // README's first command makes it
				t.Fatal(err)
			}
			r.env = append(r.env, "PATH="+filepath.Join(clone, "bin")+":"+os.Getenv("PATH")) // the pages are of an installed program
			ran := 0
			for _, f := range fences(t, file) {
				ran += r.follow(f)
			}
			r.endServing()
			if ran == 0 && filepath.Base(file) == "README.md" {
				t.Errorf("%s has no command to run", name)
			}
		})
	}
}

// guides are the files that somebody follows who begins: README.md, the pages with commands, and the READMEs of the examples.
func guides(t *testing.T, clone string) []string {
	t.Helper()
	files := []string{filepath.Join(clone, "README.md")}
	for _, name := range lab.PageNames(t) {
		if strings.Contains(lab.Page(t, name), "\n```sh") {
			files = append(files, filepath.Join(clone, lab.PagesFolder, name+".md"))
		}
	}
	for _, folders := range []string{"examples/*", "examples/coming-over/*"} {
		some, err := filepath.Glob(filepath.Join(clone, folders, "README.md"))
		if err != nil || len(some) == 0 {
			t.Fatalf("%s with a README: %v, %v", folders, some, err)
		}
		files = append(files, some...)
	}
	return files
}

// cleanClone is what somebody gets who clones the repository's present commit.
func cleanClone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pointsman")
	if out, err := exec.Command("git", "clone", "-q", lab.Root(), dir).CombinedOutput(); err != nil {
		lab.Missing(t, "no clean clone of this repository: %v: %s", err, out)
	}
	return dir
}

// reader is the newcomer.
type reader struct {
	t       *testing.T
	dir     string
	env     []string
	ports   *strings.Replacer // where a port of the README is taken on this machine
	last    string            // the last commands
	output  string            // of them
	serving *lab.Process      // the second terminal's program
	level   int               // of the heading that the reader is below
	served  int               // the same of serving: it ends with that part
}

func newReader(t *testing.T, clone, project string) *reader {
	r := &reader{t: t, dir: clone}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "POINTSMAN_") && !strings.HasPrefix(v, "COMPOSE_") && !strings.HasPrefix(v, "CONSUL_HTTP") {
			r.env = append(r.env, v)
		}
	}
	r.env = append(r.env, "COMPOSE_PROJECT_NAME="+project)
	r.choosePorts()
	remains := hundredRemains("todo") + "\n" + composeRemains(project)
	lab.Undo(t, remains)
	t.Cleanup(func() { // whatever failed: nothing stays
		if out, err := exec.Command("sh", "-c", remains).CombinedOutput(); err != nil {
			t.Logf("what remains: %v: %s", err, out)
		}
	})
	return r
}

// choosePorts replaces a port that something else on this machine has, in the commands and by the variables that the compose
// files and the demo know.
func (r *reader) choosePorts() {
	var swap []string
	for port, names := range map[string][]string{"8080": {"PROXY_PORT"}, "8090": {"ADMIN_PORT"}, "8500": {"CONSUL_PORT"}, "8443": {"DISCOVERY_PORT", "TLS_PORT"}, "9999": nil, "8000": nil, "9090": nil,
		"10000": {"WEBTEST_PORT"}, "10001": {"WEBTEST_PORT_1"}, "10002": {"WEBTEST_PORT_2"}, "10003": {"WEBTEST_PORT_3"}} {
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			l.Close()
			continue
		}
		other := fmt.Sprint(lab.FreePort(r.t))
		r.t.Logf("port %s is taken here: using %s", port, other)
		swap = append(swap, ":"+port, ":"+other, "PORT="+port, "PORT="+other)
		for _, name := range names {
			r.env = append(r.env, name+"="+other)
		}
		switch port {
		case "8080":
			r.env = append(r.env, "POINTSMAN_LISTEN=:"+other)
		case "8090":
			r.env = append(r.env, "POINTSMAN_ADMIN=127.0.0.1:"+other)
		}
	}
	r.ports = strings.NewReplacer(swap...)
}

// follow does what a fence asks for, and says how many sets of commands it ran.
func (r *reader) follow(f fence) int {
	r.t.Helper()
	switch f.kind {
	case "heading":
		r.level = len(f.text) - len(strings.TrimLeft(f.text, "#"))
		if r.level <= r.served {
			r.endServing()
		}
	case "sh":
		return r.run(r.commands(f))
	case "sh serve":
		r.serve(r.commands(f))
		return 1
	case "text":
		r.compare(f)
	}
	return 0
}

func (r *reader) commands(f fence) string {
	lines := slices.DeleteFunc(strings.Split(f.text, "\n"), leftOut.MatchString)
	return r.ports.Replace(strings.TrimSpace(strings.Join(lines, "\n")))
}

// run types the commands into a shell that stays in the folder of the one before. Those that only look are typed again where they fail: what
// they look at may not be there yet.
func (r *reader) run(commands string) int {
	r.t.Helper()
	if commands == "" {
		return 0
	}
	r.t.Logf("$ %s", commands)
	if readingLogs.MatchString(commands) {
		time.Sleep(readingTime)
	}
	r.last = commands
	var both string
	var err error
	begun := time.Now()
	for both, err = r.try(commands); err != nil && r.again(begun); both, err = r.try(commands) {
	}
	if err != nil {
		r.t.Fatalf("%s: %v:\n%s", commands, err, both)
	}
	r.t.Log(both)
	if !onlyLooks(commands) {
		time.Sleep(readingTime)
	}
	return 1
}

// again says whether the last commands may be typed once more, and waits before that: those that only look may, for as long as a busy machine
// needs to bring about what was done before.
func (r *reader) again(begun time.Time) bool {
	if !onlyLooks(r.last) || removing.MatchString(r.last) || time.Since(begun) > lab.Patient(0) {
		return false
	}
	time.Sleep(time.Second)
	return true
}

// try runs commands once, and returns what they print with their errors in between.
func (r *reader) try(commands string) (string, error) {
	r.t.Helper()
	where := filepath.Join(r.t.TempDir(), "pwd")
	shell := exec.Command("bash", "-e", "-o", "pipefail", "-c", "trap 'pwd >"+where+"' EXIT\n"+commands)
	shell.Dir, shell.Env = r.dir, r.env
	var stdout, both strings.Builder
	shell.Stdout, shell.Stderr = writers(&stdout, &both)
	if err := lab.RunGroup(r.t, commandLimit, shell); err != nil {
		return both.String(), err
	}
	if dir, err := os.ReadFile(where); err == nil {
		r.dir = strings.TrimSpace(string(dir))
	}
	r.output = stdout.String()
	return both.String(), nil
}

// serve starts what runs until Ctrl-C, and waits for the first thing it says.
func (r *reader) serve(command string) {
	r.t.Helper()
	r.t.Logf("$ %s   (in the first terminal)", command)
	r.served = r.level
	r.serving = lab.StartProcess(r.t, "serving", r.env, "bash", "-c", "cd '"+r.dir+"' && "+command)
	lab.Eventually(r.t, 30*time.Second, command+" says something", func() bool { return r.serving.Output() != "" })
	time.Sleep(readingTime)
}

// endServing is Ctrl-C in the first terminal.
func (r *reader) endServing() {
	r.t.Helper()
	if r.serving == nil {
		return
	}
	_ = syscall.Kill(-r.serving.Pid(), syscall.SIGINT)
	if err := r.serving.Wait(20 * time.Second); err != nil {
		r.t.Errorf("after Ctrl-C: %v: %s", err, r.serving.Output())
	}
	r.serving = nil
}

// compare compares what the last commands have printed with what the page shows, and types them again where that may have come too soon.
func (r *reader) compare(f fence) {
	r.t.Helper()
	want := general(f.text)
	for begun := time.Now(); want != general(r.output) && r.again(begun); {
		if both, err := r.try(r.last); err != nil {
			r.t.Logf("%s: %v:\n%s", r.last, err, both)
		}
	}
	if want != general(r.output) {
		r.t.Errorf("the page shows\n%s\nand the commands printed\n%s", f.text, r.output)
	}
}
