// Command pointsman follows containers into a catalogue (registrator) and the catalogue into traffic (proxy).
//
// It is one static binary with a subcommand for each role. Called by the name "registrator" it is the registrator, so
// that an image with /bin/registrator takes Registrator's place.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Exit codes. Registrator uses the same ones: 1 for whatever is fatal, 2 for a command line that cannot be understood.
const (
	exitOK    = 0
	exitFatal = 1
	exitUsage = 2
)

// program is the outside world as a subcommand sees it, so that tests can give it another one.
type program struct {
	self    string   // as it was called, for lines that a person may repeat
	args    []string // without the program's name
	lookup  func(string) (string, bool)
	environ []string // all variables, KEY=value, for those who are asked for by other files
	stdout  io.Writer
	stderr  io.Writer
}

// command is one subcommand.
type command struct {
	name, summary string
	run           func(ctx context.Context, p program) int
}

func commands() []command {
	return []command{
		{"registrator", "follow Docker, keep its containers registered in Consul", runRegistrator},
		{"proxy", "follow Consul, send traffic to what is registered", runProxy},
		{"run", "both in one process, with an embedded catalogue or Consul", runBoth},
		{"demo", "try it: no Docker, no Consul, a sample service to scale", runDemo},
		{"scale", "scale the demo's sample service while requests flow", runScale},
		{"check", "say what labels of a Compose file or a catalogue become, and what is wrong with them", runCheck},
		{"convert", "print configuration of nginx or HAProxy as routes, and what became of each directive", runConvert},
		{"history", "list the last tables of a running proxy, and what each changed", runHistory},
		{"pin", "hold the routes of a service as they were in an earlier table", runPin},
		{"release", "let the routes of a service that is pinned follow its tags again", runRelease},
		{"explain", "say where a running proxy sends a request, and why", runExplain},
		{"drain", "take an instance out of traffic, and wait until no request is left there", runDrain},
		{"stop", "drain containers, then stop them: no request is lost", runStop},
		{"status", "print on one screen how a running proxy does", runStatus},
		{"health", "ask a running proxy for its health; the exit code tells", runHealth},
		{"version", "print the version", runVersion},
	}
}

func main() {
	// Go ends a process that writes to a stdout or stderr that nobody reads any more: traffic must outlive the collector of its log.
	signal.Ignore(syscall.SIGPIPE)
	// Until files can be read again, and where there are none, it does nothing: see hangups.
	signal.Ignore(syscall.SIGHUP)
	// Nor does SIGUSR1 end a process whose access log is in no file.
	signal.Ignore(syscall.SIGUSR1)
	p := program{self: os.Args[0], args: os.Args[1:], lookup: os.LookupEnv, environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(dispatch(context.Background(), filepath.Base(os.Args[0]), p))
}

// dispatch runs the subcommand that the first argument names, and returns the exit code.
func dispatch(ctx context.Context, name string, p program) int {
	if strings.TrimSuffix(name, ".exe") == "registrator" {
		return runRegistrator(ctx, p)
	}
	if len(p.args) == 0 {
		overview(p.stderr)
		return exitUsage
	}
	word := p.args[0]
	p.args = p.args[1:]
	switch word {
	case "help", "-h", "-help", "--help":
		return runHelp(ctx, p)
	case "-version", "--version":
		word = "version"
	}
	for _, c := range commands() {
		if c.name == word {
			return c.run(ctx, p)
		}
	}
	fmt.Fprintf(p.stderr, "pointsman: unknown command %q; see pointsman help\n", word)
	return exitUsage
}
