package conformance

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

// What clients see while one of two instances fails, beside nginx and HAProxy with their defaults: make bench-failing prints the table.

// misfortune is what happens to one of two instances.
type misfortune struct {
	name   string
	manner lab.Manner
	flap   time.Duration
	begin  func(p *lab.Process)
	end    func(p *lab.Process) // nil where it does not end
}

func misbehave(p *lab.Process) { p.Signal(syscall.SIGUSR1) }
func behave(p *lab.Process)    { p.Signal(syscall.SIGUSR2) }

const flapEvery = 300 * time.Millisecond

var misfortunes = []misfortune{
	{name: "killed", begin: (*lab.Process).Kill},
	{name: "stopped", begin: (*lab.Process).Freeze, end: (*lab.Process).Thaw},
	{name: "503", manner: lab.Failing, begin: misbehave, end: behave},
	{name: "resetting", manner: lab.ResetAfter, begin: misbehave, end: behave},
	{name: "closing", manner: lab.CloseAfter, begin: misbehave, end: behave},
	{name: "cutting bodies", manner: lab.CutBody, begin: misbehave, end: behave},
	{name: "10 × slower", manner: lab.Slower, begin: misbehave, end: behave},
	{name: "flapping, 503", manner: lab.Failing, flap: flapEvery, begin: misbehave, end: behave},
}

// contender is a proxy that stands between.
type contender struct {
	name  string
	start func(t testing.TB, to ...*net.TCPAddr) (addr string, ejections func() float64)
}

func contenders(t testing.TB) []contender {
	list := []contender{{"Pointsman", startOurs("event")}, {"Pointsman -engine std", startOurs("std")}}
	for _, other := range []struct{ program, name string }{{"nginx", "nginx"}, {"haproxy", "HAProxy"}} {
		path, err := exec.LookPath(other.program)
		if err != nil {
			if path = "/usr/sbin/" + other.program; !exists(path) {
				t.Logf("%s is left out: it is not installed", other.name)
				continue
			}
		}
		list = append(list, contender{other.name, startOther(other.program, path)})
	}
	return list
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startOurs starts a listener of ours in a process of its own.
func startOurs(engine string) func(t testing.TB, to ...*net.TCPAddr) (string, func() float64) {
	return func(t testing.TB, to ...*net.TCPAddr) (string, func() float64) {
		a := startTold(t, kindNamed(engine), work{})
		var list []discovery.Instance
		for _, addr := range to {
			list = append(list, at(addr))
		}
		a.apply(t, list...)
		return a.addr, func() float64 {
			return a.counter(t, "pointsman_ejections_total") - a.counter(t, "pointsman_ejections_total", "silent")
		}
	}
}

// startOther starts another proxy with its defaults.
func startOther(program, path string) func(t testing.TB, to ...*net.TCPAddr) (string, func() float64) {
	return func(t testing.TB, to ...*net.TCPAddr) (string, func() float64) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listen := l.Addr().String()
		_ = l.Close()
		dir := t.TempDir()
		file := filepath.Join(dir, program+".conf")
		var servers strings.Builder
		text, argv := "", []string{path}
		if program == "nginx" {
			for _, addr := range to {
				fmt.Fprintf(&servers, "server %s; ", addr)
			}
			text = fmt.Sprintf("daemon off; pid %[1]s/pid; error_log %[1]s/error.log; events {} http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p;"+
				" fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; upstream web { %[2]s } server { listen %[3]s; location / { proxy_pass http://web; } } }\n",
				dir, servers.String(), listen)
			argv = append(argv, "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log"))
		} else {
			for i, addr := range to {
				fmt.Fprintf(&servers, "    server s%d %s\n", i, addr)
			}
			text = fmt.Sprintf("defaults\n    mode http\n    timeout connect 5s\n    timeout client 50s\n    timeout server 50s\nfrontend front\n    bind %s\n"+
				"    default_backend web\nbackend web\n%s", listen, servers.String())
			argv = append(argv, "-db", "-f", file)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lab.StartProcess(t, program, nil, argv...)
		lab.Eventually(t, patience, program+" listens", func() bool {
			c, err := net.Dial("tcp", listen)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
		return listen, nil
	}
}

// The course of one round: 400 requests a second for 5 s, a third of them POST, and the misfortune from the second second to the fourth.
const (
	failingRate  = 400
	failingCalm  = 1500 * time.Millisecond
	failingFault = 2 * time.Second
	usualTime    = 2 * time.Millisecond
	farTooSlow   = 200 * time.Millisecond
)

// round is what clients saw.
type round struct {
	tally      *lab.Tally
	duplicates int     // POSTs that arrived twice
	repeated   int     // GETs that did
	ejections  float64 // but of silent ones, which a machine with too much to do makes
}

// failingRound plays a misfortune; beside it a client may ask for what always fails.
func failingRound(t testing.TB, c contender, m misfortune, always bool) round {
	t.Helper()
	ledger := lab.ListenLedger(t, "127.0.0.1")
	one, a := startFaulty(t, misbehaving{Ledger: ledger.Address, Manner: m.manner, Flap: m.flap, Usual: usualTime})
	_, b := startFaulty(t, misbehaving{Ledger: ledger.Address, Usual: usualTime})
	addr, ejections := c.start(t, a, b)
	const postIn, hopeless = 3, 50 // every third, as each second request meets the same instance
	meter := lab.StartMeter(t, lab.Load{Address: addr, Rate: failingRate, PostIn: postIn})
	var beside *lab.Meter
	if always {
		beside = lab.StartMeter(t, lab.Load{Address: addr, Path: lab.FailingPath, Rate: hopeless})
	}
	time.Sleep(failingCalm)
	if m.begin != nil {
		m.begin(one)
	}
	time.Sleep(failingFault)
	if m.end != nil {
		m.end(one)
	}
	time.Sleep(failingCalm)
	r := round{tally: meter.Stop(), duplicates: len(ledger.Duplicates("POST")), repeated: len(ledger.Duplicates("GET"))}
	if beside != nil {
		beside.Stop()
	}
	if ejections != nil {
		r.ejections = ejections()
	}
	return r
}

// row is a line of the table.
func (r round) row(m, c string) string {
	get := r.tally.Sent("GET")
	lost, cut := r.tally.Lost("GET")-r.tally.Of("GET", lab.Cut), r.tally.Of("GET", lab.Cut)
	share := func(n int) string { return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(max(1, get))) }
	return strings.Join([]string{m, c, share(lost), share(cut), fmt.Sprint(r.tally.Lost("POST")), fmt.Sprint(r.duplicates),
		fmt.Sprintf("%.2f %%", 100*float64(r.tally.Slower(farTooSlow))/float64(max(1, r.tally.Sent("")))), r.tally.Quantile(0.99).Round(100 * time.Microsecond).String()}, "\t")
}

// TestFailingTable prints the table; make bench-failing asks for it.
func TestFailingTable(t *testing.T) {
	if os.Getenv("POINTSMAN_FAILING") == "" {
		t.Skip("make bench-failing")
	}
	lab.Limit(t, time.Hour)
	var table strings.Builder
	out := tabwriter.NewWriter(&table, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(out, " one of two instances is\t proxy\t GET lost\t GET cut\t POST lost\t POST twice\t over 200 ms\t p99\t")
	fmt.Fprintln(out, "---\t---\t---\t---\t---\t---\t---\t---\t")
	only, before := os.Getenv("POINTSMAN_FAILING"), loadAverage()
	for _, m := range append(misfortunes, misfortune{name: "sound, beside a URL that always fails"}) {
		for _, c := range contenders(t) {
			if only != "all" && !strings.Contains(m.name+" "+c.name, only) {
				continue
			}
			t.Run(m.name+"/"+c.name, func(t *testing.T) {
				r := failingRound(t, c, m, m.begin == nil)
				line := r.row(m.name, c.name)
				fmt.Fprintln(out, " "+strings.ReplaceAll(line, "\t", "\t ")+"\t")
				t.Logf("%s\nejections %v, GETs sent twice %d\n%s", line, r.ejections, r.repeated, r.tally)
				if m.begin == nil && r.ejections > 0 {
					t.Errorf("%v ejections by a URL that always fails", r.ejections)
				}
			})
		}
	}
	_ = out.Flush()
	text := failingTitle + fmt.Sprintf("Load average of the %d cores: %s at the start, %s at the end.\n\n", runtime.NumCPU(), before, loadAverage())
	for line := range strings.Lines(table.String()) {
		text += "|" + line
	}
	if only == "all" || strings.Contains("hanging", only) {
		text += oneHanging(t)
	}
	fmt.Print(text)
	if file := os.Getenv("POINTSMAN_FAILING_OUT"); file != "" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// loadAverage is that of the last minute: with more to do than there are cores, times say more about the machine.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// failingTitle is what stands above the table.
const failingTitle = `# What clients see while one of two instances fails

` + "`make bench-failing`" + ` writes this page: 400 requests/s for 5 s at fixed moments, every third a POST of 1 KiB; each request waits at most 10 s and
is never repeated by the client. One of two instances fails for 2 s. nginx and HAProxy are Debian's, with their defaults. *Lost* and *cut* are
shares of the GETs; *over 200 ms* is one of all requests.

`

// oneHanging is one dead and one hanging instance of three, with 100 ms for a connect and 300 ms for an answer.
func oneHanging(t *testing.T) string {
	text := "\nOne of three instances swallows connects and one never answers, with `-connect-timeout 100ms` and `-answer-timeout 300ms`; 100 GETs a second:\n\n" +
		"| proxy | lost | longest | p99 of the 10 s after the first two | requests that met the hanging one |\n|---|---|---|---|---|\n"
	for _, c := range []struct{ kind, name string }{{"event", "Pointsman"}, {"std", "Pointsman -engine std"}} {
		t.Run("hanging/"+c.name, func(t *testing.T) {
			bad, to, _ := pair(t, lab.Silent)
			a := startTold(t, kindNamed(c.kind), work{Limits: limits{Connect: 100 * time.Millisecond, Answer: 300 * time.Millisecond}})
			a.apply(t, at(blackHole(t)), at(to[0]), at(to[1]))
			const rate = 100
			first := lab.StartMeter(t, lab.Load{Address: a.addr, Rate: rate})
			time.Sleep(2 * time.Second)
			begun := first.Stop()
			then := lab.StartMeter(t, lab.Load{Address: a.addr, Rate: rate})
			time.Sleep(10 * time.Second)
			rest := then.Stop()
			t.Logf("%s\n%s", begun, rest)
			text += fmt.Sprintf("| %s | %d | %s | %s | %d |\n", c.name, begun.Lost("")+rest.Lost(""), max(begun.Quantile(1), rest.Quantile(1)).Round(time.Millisecond),
				rest.Quantile(0.99).Round(100*time.Microsecond), bad.Ledger.Arrivals())
		})
	}
	return text
}
