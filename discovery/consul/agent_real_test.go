package consul

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// realAgent starts a Consul agent in development mode (server and client in one) on free ports and stops it with the test.
// extra is JSON that is merged into its configuration.
func realAgent(t *testing.T, extra ...string) string {
	t.Helper()
	binary := consulBinary(t)
	// Not of those that outgoing connections get: one of another test may have it by the time the agent listens.
	ports := []int{lab.FreePort(t), lab.FreePort(t), lab.FreePort(t)}
	own := fmt.Sprintf(`{"bind_addr":"127.0.0.1","log_level":"error","disable_update_check":true,
		"ports":{"http":%d,"dns":-1,"grpc":-1,"grpc_tls":-1,"server":%d,"serf_lan":%d,"serf_wan":-1}}`,
		ports[0], ports[1], ports[2])
	arguments := []string{"agent", "-dev"}
	for i, text := range append([]string{own}, extra...) {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.json", i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "-config-file", file)
	}
	var output bytes.Buffer
	command := exec.Command(binary, arguments...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatalf("start Consul: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("Consul said:\n%.4000s", output.Bytes())
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	awaitNode(t, address)
	return address
}

// awaitNode waits until the agent has a leader and its own node is in the catalogue.
func awaitNode(t *testing.T, address string) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + address + "/v1/catalog/service/consul")
		if err != nil {
			continue
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(response.Body)
		response.Body.Close()
		// Where ACLs deny, the list is empty for us, and the leader has to do.
		hidden := response.Header.Get("X-Consul-Default-Acl-Policy") == "deny" && response.Header.Get("X-Consul-Knownleader") == "true"
		if response.StatusCode == http.StatusOK && (body.Len() > 10 || hidden) {
			return
		}
	}
	t.Fatal("Consul did not come up within 30 s")
}

func consulBinary(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("CONSUL_BIN"); named != "" {
		return named
	}
	if found, err := exec.LookPath("consul"); err == nil {
		return found
	}
	if cache, err := os.UserCacheDir(); err == nil {
		built := filepath.Join(cache, "pointsman", "bin", "consul-1.22.0")
		if _, err := os.Stat(built); err == nil {
			return built
		}
	}
	if os.Getenv("POINTSMAN_REQUIRE_DOCKER") == "1" {
		t.Fatal("no Consul binary: set CONSUL_BIN")
	}
	t.Skip("no Consul binary: set CONSUL_BIN")
	return ""
}
