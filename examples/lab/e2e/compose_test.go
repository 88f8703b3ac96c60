package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
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

// compose is one Compose project, and the Compose that runs it.
type compose struct {
	t       *testing.T
	argv    []string
	env     []string
	dir     string
	project string
	version int
}

// composeV1 is docker-compose 1.29, composeV2 the plugin of the cache.
func composeV1(t *testing.T) *compose {
	t.Helper()
	path, err := exec.LookPath("docker-compose")
	if err != nil {
		lab.Missing(t, "no docker-compose")
	}
	return &compose{t: t, argv: []string{path}, version: 1}
}

func composeV2(t *testing.T) *compose {
	t.Helper()
	out, err := exec.Command(filepath.Join(lab.Root(), "examples/lab/parts/find.sh"), "compose").Output()
	if err != nil {
		lab.Missing(t, "no Compose v2: %v", err)
	}
	config := t.TempDir()
	plugins := filepath.Join(config, "cli-plugins")
	if err := os.MkdirAll(plugins, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(strings.TrimSpace(string(out)), filepath.Join(plugins, "docker-compose")); err != nil {
		t.Fatal(err)
	}
	return &compose{t: t, argv: []string{"docker", "compose"}, env: []string{"DOCKER_CONFIG=" + config}, version: 2}
}

// use points it at a project, which is taken down when the test ends.
func (c *compose) use(dir, project string, env ...string) *compose {
	c.dir, c.env = dir, append(c.env, env...)
	c.project = fmt.Sprintf("%s%d", project, os.Getpid())
	c.argv = append(c.argv, "-p", c.project)
	lab.Undo(c.t, composeRemains(c.project))
	c.t.Cleanup(func() {
		if c.t.Failed() {
			out, _ := c.try("logs", "--tail", "40")
			c.t.Log(out)
		}
		if out, err := c.try("down", "-v", "--remove-orphans", "-t", "2"); err != nil {
			c.t.Logf("down: %v: %s", err, out)
		}
	})
	return c
}

// composeRemains is a script that removes a project for whom there is no compose file any more.
func composeRemains(project string) string {
	const label = "label=com.docker.compose.project="
	return "docker ps -aq --filter " + label + project + " | xargs -r docker rm -fv\n" +
		"docker network ls -q --filter " + label + project + " | xargs -r docker network rm\n" +
		"docker volume ls -q --filter " + label + project + " | xargs -r docker volume rm"
}

func (c *compose) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.argv[0], append(append([]string{}, c.argv[1:]...), args...)...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *compose) do(args ...string) {
	c.t.Helper()
	if out, err := c.try(args...); err != nil {
		c.t.Fatalf("%s %s: %v: %s", c.argv, args, err, out)
	}
}

// scale is the command that the README names for either version.
func (c *compose) scale(n int) {
	c.t.Helper()
	if c.version == 1 {
		c.do("scale", fmt.Sprintf("web=%d", n))
		return
	}
	c.do("up", "-d", "--no-recreate", "--scale", fmt.Sprintf("web=%d", n), "web")
}

// hosts asks n times, each on a connection of its own, and counts the answering host names. An answer that is none ends the test.
func hosts(t *testing.T, address string, n int) map[string]int {
	t.Helper()
	all := map[string]int{}
	for range n {
		all[askHost(t, address)]++
	}
	return all
}

func askHost(t *testing.T, address string) string {
	t.Helper()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s", resp.Status, err, text)
	}
	_, rest, _ := strings.Cut(string(text), "web host=")
	host, _, _ := strings.Cut(rest, " ")
	return host
}

// ready waits for the first good answer.
func ready(t *testing.T, address string) {
	t.Helper()
	lab.Eventually(t, 60*time.Second, "the first answer at "+address, func() bool {
		resp, err := http.Get("http://" + address + "/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// images makes what docker-compose.yml names, as `make up` does.
func images(t *testing.T) { makes(t, "images") }

// made says for each target of the Makefile that it was made: tests that run side by side would get in each other's way.
var made struct {
	sync.Mutex
	targets map[string]bool
}

// makes has the Makefile make images.
func makes(t *testing.T, target string) {
	t.Helper()
	lab.FindDocker(t)
	made.Lock()
	defer made.Unlock()
	if made.targets[target] {
		return
	}
	cmd := exec.Command("make", target)
	cmd.Dir = lab.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v: %s", target, err, out)
	}
	if made.targets == nil {
		made.targets = map[string]bool{}
	}
	made.targets[target] = true
}

func TestComposeFileScales(t *testing.T) {
	images(t)
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) {
			port := func() string { return fmt.Sprint(lab.FreePort(t)) }
			proxy, consul := port(), port()
			c := find(t).use(lab.Root(), "whole", "PROXY_PORT="+proxy, "CONSUL_PORT="+consul, "ADMIN_PORT="+port())
			c.do("up", "-d")
			address := "127.0.0.1:" + proxy
			ready(t, address)
			for _, n := range []int{5, 1, 3} {
				c.scale(n)
				lab.Eventually(t, 20*time.Second, fmt.Sprintf("%d instances answer", n), func() bool { return len(hosts(t, address, 4*n)) == n })
			}
			c.consulIsForItsUsers()
		})
	}
}

// consulIsForItsUsers tries Consul's API from the networks of the compose file: a Consul without ACLs obeys anybody who reaches it.
func (c *compose) consulIsForItsUsers() {
	c.t.Helper()
	for _, x := range []struct{ network, consul, want string }{
		{"consul", "consul-api", "404"}, // that is Consul: it has no such page
		{"default", "consul", "connection refused"},
		{"default", "consul-api", "no such host"},
	} {
		lab.Eventually(c.t, 10*time.Second, fmt.Sprintf("asking %s:8500 on the network %s says %q", x.consul, x.network, x.want), func() bool {
			out, _ := exec.Command("docker", "run", "--rm", "-e", "SERVICE_IGNORE=true", "--network", c.project+"_"+x.network, "pointsman",
				"health", "-admin", x.consul+":8500").CombinedOutput()
			return strings.Contains(string(out), x.want) // health waits for a time of its own
		})
	}
}

// The service as its author wrote it: a name, a random published port, no tags.
const simpleFile = `
version: "2"
services:
  web:
    image: pointsman-web
    environment:
      SERVICE_NAME: SimpleHttpService
    ports: ["80"]
`

func TestServiceWithoutTagsIsTheDefaultService(t *testing.T) {
	images(t)
	consul := lab.StartConsul(t)
	docker := lab.FindDocker(t)
	lab.StartRegistrator(t, bin, docker.Socket, consul.HTTP, "-ip", "127.0.0.1", "-retry-attempts", "-1")
	proxy := lab.StartProxy(t, bin, consul.HTTP, true, "-default-service", "SimpleHttpService")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(simpleFile), 0o600); err != nil {
		t.Fatal(err)
	}
	c := composeV1(t).use(dir, "simple")
	c.do("up", "-d")
	ready(t, proxy.Proxy)
	for _, n := range []int{1, 3, 1} {
		c.scale(n)
		lab.Eventually(t, 20*time.Second, fmt.Sprintf("Consul shows %d passing", n), func() bool { return consul.Passing("SimpleHttpService") == n })
		lab.Eventually(t, 10*time.Second, fmt.Sprintf("%d answer", n), func() bool { return len(hosts(t, proxy.Proxy, 2*n)) == n })
		if n < 3 {
			continue
		}
		lab.Eventually(t, 10*time.Second, "the answers rotate: 9 to 11 of 30 from each", func() bool {
			got := slices.Collect(maps.Values(hosts(t, proxy.Proxy, 30)))
			return slices.Min(got) >= 9 && slices.Max(got) <= 11
		})
	}
}
