package lab

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func ask(t *testing.T, url string) string {
	t.Helper()
	var text string
	Eventually(t, 10*time.Second, url+" answers", func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		text = string(body)
		return err == nil && resp.StatusCode == 200
	})
	return text
}

func TestDockerRunsTheWebImage(t *testing.T) {
	d := FindDocker(t)
	image := d.WebImage()
	if again := d.WebImage(); again != image {
		t.Errorf("the same content made two images: %s %s", image, again)
	}
	network := d.Network("lab")
	id := d.Run("--network", network, "-p", "127.0.0.1::80", image)
	if line := ask(t, "http://"+d.Address(id, network)+"/"); !strings.Contains(line, "host="+id[:12]) {
		t.Errorf("answered %q", line)
	}
	if d.Published(id, 80) == 0 || time.Since(d.StartedAt(id)) > time.Minute || d.Gateway(network) == "" {
		t.Error("port, start or gateway unknown")
	}
	d.Remove(id)
}

func TestSecondDockerdRestarts(t *testing.T) {
	for _, live := range []bool{false, true} {
		var args []string
		if live {
			args = []string{"--live-restore"}
		}
		t.Run(strings.Join(append([]string{"restart"}, args...), " "), func(t *testing.T) {
			d := StartDockerd(t, args...)
			id := d.Run(d.WebImage())
			ask(t, "http://"+d.Address(id, "bridge")+"/")
			before := d.StartedAt(id)
			d.Restart(t)
			running := d.Do("inspect", "-f", "{{.State.Running}}", id)
			if want := map[bool]string{true: "true", false: "false"}[live]; running != want {
				t.Errorf("running after the restart: %s, want %s", running, want)
			}
			if live && !d.StartedAt(id).Equal(before) {
				t.Error("live-restore started the container again")
			}
		})
	}
}
