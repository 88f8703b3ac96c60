package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
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

// reader is the newcomer.
type reader struct {
	t       *testing.T
	clone   string
	dir     string // where the shell is
	env     []string
	ports   *strings.Replacer // where a port of the README is taken on this machine
	last    string            // the last commands
	output  string            // of them
	serving *lab.Process      // the second terminal's program
	level   int               // of the heading that the reader is below
	served  int               // the same of serving: it ends with that part
}

func newReader(t *testing.T, clone, project string, asWritten bool) *reader {
	r := &reader{t: t, clone: clone, dir: clone}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "POINTSMAN_") && !strings.HasPrefix(v, "COMPOSE_") && !strings.HasPrefix(v, "CONSUL_HTTP") {
			r.env = append(r.env, v)
		}
	}
	r.env = append(r.env, "COMPOSE_PROJECT_NAME="+project)
	r.choosePorts(asWritten)
	r.leaves(composeRemains(project))
	return r
}

// leaves takes away what may remain when the test ends, whatever failed.
func (r *reader) leaves(remains string) {
	lab.Undo(r.t, remains)
	r.t.Cleanup(func() {
		if out, err := exec.Command("sh", "-c", remains).CombinedOutput(); err != nil {
			r.t.Logf("what remains: %v: %s", err, out)
		}
	})
}

// read follows a file of the clone.
func (r *reader) read(name string) {
	r.t.Helper()
	if strings.HasPrefix(name, "examples/hundred/") {
		r.leaves(hundredRemains("todo")) // its containers are of no project
	}
	if name != "README.md" { // whose first command makes it
		if _, err := r.try("test -x bin/pointsman || make build"); err != nil {
			r.t.Fatal(err)
		}
	}
	r.env = append(r.env, "PATH="+filepath.Join(r.clone, "bin")+":"+os.Getenv("PATH")) // the pages are of an installed program
	ran := 0
	for _, f := range fences(r.t, filepath.Join(r.clone, name)) {
		ran += r.follow(f)
	}
	r.endServing()
	if ran == 0 {
		r.t.Errorf("%s has no command to run", name)
	}
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
	if making.MatchString(commands) {
		made.Lock()
		defer made.Unlock()
	}
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
