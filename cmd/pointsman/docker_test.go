package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// Containers come and go on the machine's own engine; traffic to their service follows, by way of a real Consul.
func TestTrafficFollowsContainersThroughConsul(t *testing.T) {
	d, c := lab.FindDocker(t), lab.StartConsul(t)
	image := d.WebImage()
	env := []string{"DOCKER_HOST=unix://" + d.Socket}
	r := lab.StartProcess(t, "registrator", env, called, "-internal", "-status", "127.0.0.1:0", "consul://"+c.HTTP)
	side := bound(t, r, "health and metrics")
	lab.Eventually(t, 10*time.Second, "the registrator is ready", func() bool { code, _ := status("http://" + side + "/readyz"); return code == 200 })
	_, address, _ := startProxy(t, nil, "-consul", c.HTTP, "-routes", "registered")
	follow(t, d, image, address, "pmcmd-consul")
	left := d.Run("--label", "SERVICE_NAME=pmcmd-left", image)
	answers(t, address, "pmcmd-left.localhost", 200, "")
	if err := r.Stop(10 * time.Second); err != nil {
		t.Errorf("SIGTERM: %v: %s", err, r.Output())
	}
	if c.Passing("pmcmd-left") != 1 {
		t.Error("the registrator's end took a registration with it")
	}
	d.Remove(left)
}

func TestRunFollowsContainersWithoutConsul(t *testing.T) {
	d := lab.FindDocker(t)
	image := d.WebImage()
	p := lab.StartProcess(t, "run", []string{"DOCKER_HOST=unix://" + d.Socket}, binary, "run", "-internal", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0")
	address := bound(t, p, "HTTP")
	follow(t, d, image, address, "pmcmd-run")
	// A secret in a label stays in the process: it is carried, and asked for.
	guarded := d.Run("--label", "pointsman.route=pmcmd-run.test/ auth=basic:anna:"+secretHash, image)
	answers(t, address, "pmcmd-run.test", 401, "")
	d.Remove(guarded)
	admin := bound(t, p, "the admin API")
	_, text := status("http://" + admin + "/metrics")
	if !strings.Contains(text, `pointsman_start_to_first_answer_seconds_count{part="total"} `) {
		t.Error("the time from start to first answer was not measured")
	}
	if err := p.Stop(10 * time.Second); err != nil {
		t.Errorf("SIGTERM: %v: %s", err, p.Output())
	}
}

// follow starts two containers of a service, one after the other, and takes them away again.
func follow(t *testing.T, d *lab.Docker, image, address, name string) {
	t.Helper()
	host := name + ".localhost"
	lab.Eventually(t, 15*time.Second, "the proxy has a table", func() bool { code, _ := withHost(address, host); return code == 404 })
	one := d.Run("--label", "SERVICE_NAME="+name, image)
	answers(t, address, host, 200, one[:12])
	two := d.Run("--label", "SERVICE_NAME="+name, image)
	answers(t, address, host, 200, two[:12])
	d.Remove(one)
	lab.Eventually(t, 5*time.Second, "only the second answers", func() bool {
		for range 4 {
			if code, text := withHost(address, host); code != 200 || !strings.Contains(text, two[:12]) {
				return false
			}
		}
		return true
	})
	d.Remove(two)
	answers(t, address, host, 503, "")
}

// With -compat a template that fails ends the process, as it ends Registrator; without, it costs the tags alone.
func TestFailingTagsTemplateEndsCompatOnly(t *testing.T) {
	d, c := lab.FindDocker(t), lab.StartConsul(t)
	one := d.Run("--label", "SERVICE_NAME=pmcmd-tags", d.WebImage())
	env := []string{"DOCKER_HOST=unix://" + d.Socket}
	args := []string{"-internal", "-tags", "{{ .NoSuchField }}", "consul://" + c.HTTP}
	compat := lab.StartProcess(t, "compat", env, append([]string{called, "-compat=head"}, args...)...)
	if err := compat.Wait(20 * time.Second); err == nil || !strings.Contains(err.Error(), "1") {
		t.Errorf("-compat=head: want exit code 1, got %v: %s", err, compat.Output())
	}
	lab.StartProcess(t, "ours", env, append([]string{called}, args...)...)
	lab.Eventually(t, 10*time.Second, "registered without the tags", func() bool { return c.Named("pmcmd-tags") == 1 })
	d.Remove(one)
}
