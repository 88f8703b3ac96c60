package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// Where there is no Consul and none can be pulled, `make up` starts on the embedded catalogue, and the README's lines work the same.
func TestMakeUpWithoutConsul(t *testing.T) {
	lab.FindDocker(t)
	gocache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	port := func() string { return fmt.Sprint(lab.FreePort(t)) }
	proxy, admin := port(), port()
	// An image that nobody has, in a registry that does not exist (RFC 6761), and a cache without a Consul.
	env := []string{"CONSUL_IMAGE=pointsman.invalid/consul:none", "XDG_CACHE_HOME=" + t.TempDir(), "GOCACHE=" + strings.TrimSpace(string(gocache)),
		"PROXY_PORT=" + proxy, "ADMIN_PORT=" + admin, "CONSUL_PORT=" + port()}
	for name, find := range map[string]func(*testing.T) *compose{"docker-compose": composeV1, "docker compose": composeV2} {
		t.Run(name, func(t *testing.T) {
			c := find(t).use(lab.Root(), "embedded", env...)
			out := makeUp(t, c)
			if strings.Count(out, "`make up CONSUL=yes` builds a real Consul") != 1 {
				t.Errorf("says nothing about a real Consul:\n%s", out)
			}
			address := "127.0.0.1:" + proxy
			for _, n := range []int{5, 1} {
				c.scale(n)
				lab.Eventually(t, 20*time.Second, fmt.Sprintf("%d instances answer", n), func() bool { return len(hosts(t, address, 3*n)) == n })
				lab.Eventually(t, 10*time.Second, fmt.Sprintf("%d usable instances in /api/routes", 2*n), func() bool {
					return strings.Count(page(t, "http://127.0.0.1:"+admin+"/api/routes"), `"usable": true`) == 2*n
				})
			}
			c.make("down")
			if left, err := exec.Command("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+c.project).Output(); err != nil || len(left) > 0 {
				t.Errorf("make down leaves %s, %v", left, err)
			}
		})
	}
}

// makeUp is `make up` with this Compose and in this project.
func makeUp(t *testing.T, c *compose) string {
	t.Helper()
	begun := time.Now()
	out := c.make("up")
	t.Logf("make up took %s:\n%s", time.Since(begun).Round(time.Second), out)
	return out
}

// make runs a target of the Makefile: with Compose v2, docker-compose is hidden from it.
func (c *compose) make(target string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "make", target)
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.dir, append(os.Environ(), append(c.env, "COMPOSE_PROJECT_NAME="+c.project)...), time.Second
	if c.version == 2 {
		cmd.Env = append(cmd.Env, "PATH="+pathWithout(c.t, "docker-compose"))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("make %s: %v: %s", target, err, out)
	}
	return string(out)
}

// pathWithout is a PATH that finds all programs but one.
func pathWithout(t *testing.T, program string) string {
	t.Helper()
	path := os.Getenv("PATH")
	found, err := exec.LookPath(program)
	if err != nil {
		return path
	}
	dir := t.TempDir()
	entries, err := os.ReadDir(filepath.Dir(found))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != program {
			_ = os.Symlink(filepath.Join(filepath.Dir(found), e.Name()), filepath.Join(dir, e.Name()))
		}
	}
	return strings.ReplaceAll(":"+path+":", ":"+filepath.Dir(found)+":", ":"+dir+":")
}

func page(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
