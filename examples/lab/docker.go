package lab

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Labels that every container and network of the kit bears: the process that made it, so that what a crashed test left behind
// is found and removed by the next one.
const (
	labelPid = "pointsman-lab.pid" // with no dot behind the name: those ask for routes
	dockerOK = 3 * time.Minute     // a call that takes longer than this on a test machine will not come back
)

// Docker is an engine, and what this test has started on it. All of that is removed when the test ends.
type Docker struct {
	t      testing.TB
	Socket string // path of the engine's Unix socket
}

// FindDocker returns the machine's own engine.
func FindDocker(t testing.TB) *Docker {
	t.Helper()
	socket := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	if socket == "" {
		socket = "/var/run/docker.sock"
	}
	d := &Docker{t: t, Socket: socket}
	if _, err := exec.LookPath("docker"); err != nil {
		Missing(t, "no docker command")
	}
	if out, err := run(patience, "docker", "-H", "unix://"+socket, "version", "-f", "{{.Server.Version}}"); err != nil {
		Missing(t, "no Docker engine answers on %s: %s %v", socket, out, err)
	}
	d.sweep()
	usualLimit(t)
	Undo(t, undoLabelled(socket, d.label()))
	t.Cleanup(func() { d.removeOf(strconv.Itoa(os.Getpid())+"-"+testKey(t), 3*time.Second) })
	return d
}

// In is the same engine for a subtest: what that starts is removed when the subtest ends.
func (d *Docker) In(t testing.TB) *Docker {
	own := &Docker{t: t, Socket: d.Socket}
	Undo(t, undoLabelled(d.Socket, own.label()))
	t.Cleanup(func() { own.removeOf(strconv.Itoa(os.Getpid())+"-"+testKey(t), 3*time.Second) })
	return own
}

// testKey distinguishes the containers of tests that run in one process.
func testKey(t testing.TB) string {
	sum := sha256.Sum256([]byte(t.Name()))
	return hex.EncodeToString(sum[:4])
}

// Try runs the docker command against this engine.
func (d *Docker) Try(args ...string) (string, error) {
	return run(dockerOK, "docker", append([]string{"-H", "unix://" + d.Socket}, args...)...)
}

// Do is Try that ends the test on an error.
func (d *Docker) Do(args ...string) string {
	d.t.Helper()
	out, err := d.Try(args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d *Docker) label() string {
	return labelPid + "=" + strconv.Itoa(os.Getpid()) + "-" + testKey(d.t)
}

// Run starts a container in the background and returns its full id. Options come before the image, as on the command line.
func (d *Docker) Run(args ...string) string {
	d.t.Helper()
	return d.Do(append([]string{"run", "-d", "--label", d.label()}, args...)...)
}

// TryRun is Run that returns its error.
func (d *Docker) TryRun(args ...string) (string, error) {
	return d.Try(append([]string{"run", "-d", "--label", d.label()}, args...)...)
}

// Network makes a bridge network and returns its name.
func (d *Docker) Network(name string) string {
	d.t.Helper()
	name = fmt.Sprintf("%s-%d-%s", name, os.Getpid(), testKey(d.t))
	d.Do("network", "create", "--label", d.label(), name)
	return name
}

// Remove is docker rm -f of all ids in one command.
func (d *Docker) Remove(ids ...string) {
	d.t.Helper()
	if len(ids) > 0 {
		d.Do(append([]string{"rm", "-f"}, ids...)...)
	}
}

// Address is the container's address on a network ("bridge" is the default one).
func (d *Docker) Address(id, network string) string {
	d.t.Helper()
	return d.Do("inspect", "-f", fmt.Sprintf(`{{(index .NetworkSettings.Networks %q).IPAddress}}`, network), id)
}

// Published is the host port on which a container's port is published, 0 when it is not.
func (d *Docker) Published(id string, port int) int {
	out, err := d.Try("inspect", "-f", fmt.Sprintf(`{{with index .NetworkSettings.Ports "%d/tcp"}}{{(index . 0).HostPort}}{{end}}`, port), id)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(out)
	return n
}

// StartedAt is when Docker started the container.
func (d *Docker) StartedAt(id string) time.Time {
	d.t.Helper()
	at, err := time.Parse(time.RFC3339Nano, d.Do("inspect", "-f", "{{.State.StartedAt}}", id))
	if err != nil {
		d.t.Fatal(err)
	}
	return at
}

// sweep removes what tests of processes that are gone have left behind.
func (d *Docker) sweep() {
	format := []string{"--filter", "label=" + labelPid, "--format", `{{.Label "` + labelPid + `"}}`}
	containers, _ := d.Try(append([]string{"ps", "-a"}, format...)...)
	networks, _ := d.Try(append([]string{"network", "ls"}, format...)...)
	seen := map[string]bool{}
	for _, key := range strings.Fields(containers + " " + networks) {
		pid, _, _ := strings.Cut(key, "-")
		if !seen[key] && !Exists("/proc/"+pid) {
			seen[key] = true
			d.removeOf(key, 0)
		}
	}
}

// removeOf removes all containers and networks of a test. Docker takes endpoints apart for a moment after the last container
// is gone (patience); Docker 20.10 sometimes never stops to count one, and such a network stays until the daemon restarts.
func (d *Docker) removeOf(key string, patience time.Duration) {
	filter := "label=" + labelPid + "=" + key
	if out, err := d.Try("ps", "-aq", "--filter", filter); err == nil && out != "" {
		if _, err := d.Try(append([]string{"rm", "-fv"}, strings.Fields(out)...)...); err != nil {
			d.t.Logf("clean-up: %v", err)
		}
	}
	out, err := d.Try("network", "ls", "-q", "--filter", filter)
	if err != nil || out == "" {
		return
	}
	if !Within(patience, func() bool {
		_, err = d.Try(append([]string{"network", "rm"}, strings.Fields(out)...)...)
		return err == nil
	}) && patience > 0 {
		d.t.Logf("clean-up: %v", err)
	}
}

// Image is what a scratch image is made of.
type Image struct {
	Name       string            // repository; the tag is the content's hash
	Files      map[string]string // path in the image -> file on this machine
	Links      map[string]string // path in the image -> what the symbolic link says
	Entrypoint []string
	Expose     []int
	Labels     map[string]string
	Health     string // a HEALTHCHECK instruction's arguments
}

// Make imports an image FROM scratch, once for the same content, and returns its name with tag. Images stay: the next run of
// the same content finds them.
func (d *Docker) Make(i Image) string {
	d.t.Helper()
	archive, err := i.archive()
	if err != nil {
		d.t.Fatal(err)
	}
	sum := sha256.Sum256(append(archive, fmt.Sprint(i.Entrypoint, i.Expose, i.Labels, i.Health)...))
	name := i.Name + ":" + hex.EncodeToString(sum[:8])
	if _, err := d.Try("image", "inspect", name); err == nil {
		return name
	}
	args := []string{"-H", "unix://" + d.Socket, "import", "-c", "ENTRYPOINT " + jsonOf(i.Entrypoint)}
	for _, port := range i.Expose {
		args = append(args, "-c", fmt.Sprintf("EXPOSE %d", port))
	}
	for k, v := range i.Labels {
		args = append(args, "-c", fmt.Sprintf("LABEL %q=%q", k, v))
	}
	if i.Health != "" {
		args = append(args, "-c", "HEALTHCHECK "+i.Health)
	}
	cmd := exec.Command("docker", append(args, "-", name)...)
	cmd.Stdin = bytes.NewReader(archive)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("import %s: %v: %s", name, err, out)
	}
	return name
}

func (i Image) archive() ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for path, file := range i.Files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: 0o755, Size: int64(len(data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	for path, to := range i.Links {
		if err := w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(path, "/"), Typeflag: tar.TypeSymlink, Linkname: to}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// WebImage is the service of examples/web as an image that exposes port 80.
func (d *Docker) WebImage() string {
	d.t.Helper()
	bin, err := Build(d.t.TempDir(), "./examples/web", "-ldflags=-s -w")
	if err != nil {
		d.t.Fatal(err)
	}
	return d.Make(Image{Name: "pointsman-lab-web", Files: map[string]string{"/bin/web": bin}, Entrypoint: []string{"/bin/web"}, Expose: []int{80}})
}

// Gateway is the host's address on a network: where a container reaches what the test listens on.
func (d *Docker) Gateway(network string) string {
	d.t.Helper()
	return d.Do("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", network)
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// Exists says whether a path is there.
func Exists(path string) bool {
	_, err := os.Stat(filepath.Clean(path))
	return err == nil
}
