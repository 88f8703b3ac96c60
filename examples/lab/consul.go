package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// consulVersion is the Consul that the nested module pins.
const consulVersion = "consul-1.22.0"

// Consul is one real agent. Ports and data live as long as the test, so that it can be killed and started again as the same.
type Consul struct {
	*Process
	Node string
	HTTP string // host:port of the HTTP API
	Serf string // host:port that other agents join
	wan  string // host:port that other datacenters join
	raft string // host:port of the server's RPC, by which /v1/status/leader names it
	// control is where the test itself asks: HTTP, but for an agent that a test cuts off from everybody else.
	control string
	data    string
	http    *http.Client
}

// FindConsul returns the Consul binary: CONSUL_BIN, PATH, the cache, or built into the cache (minutes, once).
func FindConsul(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("CONSUL_BIN"); bin != "" {
		return bin
	}
	if bin, err := exec.LookPath("consul"); err == nil {
		return bin
	}
	bin := filepath.Join(Cache(), consulVersion)
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	out, err := run(15*time.Minute, filepath.Join(Root(), "examples/lab/parts/find.sh"), "consul")
	if err != nil {
		Missing(t, "no Consul: not in CONSUL_BIN, PATH or %s, and not buildable: %v", Cache(), err)
	}
	return out
}

// agent configures one agent. Config is Consul's JSON on top of the ports and folders.
type agent struct {
	node    string
	server  bool
	config  map[string]any
	args    []string
	within  []string // a command that runs it, such as nsenter
	address string   // where it listens; loopback when empty
	wan     bool     // it joins other datacenters
	control string   // where it listens for the test; address when empty
}

// StartConsul starts one agent in development mode (server and client in one, in memory) and waits until it has a leader.
func StartConsul(t testing.TB, config ...map[string]any) *Consul {
	t.Helper()
	c := startAgent(t, agent{node: "dev", server: true, config: merged(config), args: []string{"-dev"}})
	c.AwaitLeader(t)
	return c
}

// StartServer starts one server as it is run for good: not in development mode, in which answers are indented.
func StartServer(t testing.TB, config ...map[string]any) *Consul {
	t.Helper()
	own := map[string]any{"bootstrap_expect": 1, "performance": map[string]any{"raft_multiplier": 1}}
	c := startAgent(t, agent{node: "server", server: true, config: merged(append([]map[string]any{own}, config...))})
	c.AwaitLeader(t)
	return c
}

// StartPair starts one server and one client agent beside it: the smallest set-up in which a frozen client agent's instances
// turn critical by serfHealth. Failure detection runs on loopback timers, about 3 s.
func StartPair(t testing.TB) (server, client *Consul) {
	t.Helper()
	server = startAgent(t, agent{node: "server", server: true, config: map[string]any{"bootstrap_expect": 1, "gossip_lan": fastGossip()}})
	server.AwaitLeader(t)
	client = startAgent(t, agent{node: "client", config: map[string]any{"retry_join": []string{server.Serf}, "retry_interval": "1s", "gossip_lan": fastGossip()}})
	client.AwaitLeader(t)
	return server, client
}

// StartTrio starts three servers that elect within about a second (raft_multiplier 1, unless config says otherwise) and keep
// their data on disk.
func StartTrio(t testing.TB, config ...map[string]any) [3]*Consul {
	t.Helper()
	var all [3]*Consul
	var join []string
	for i := range all {
		own := map[string]any{"bootstrap_expect": 3, "performance": map[string]any{"raft_multiplier": 1}, "retry_interval": "1s", "gossip_lan": fastGossip()}
		if len(join) > 0 {
			own["retry_join"] = join
		}
		all[i] = startAgent(t, agent{node: fmt.Sprintf("server-%d", i+1), server: true, config: merged(append([]map[string]any{own}, config...))})
		join = append(join, all[i].Serf)
	}
	for _, c := range all {
		c.AwaitLeader(t)
	}
	return all
}

// fastGossip notices a dead neighbour in about 2 s instead of 5 to 10, so that tests of freezes stay short.
func fastGossip() map[string]any {
	return map[string]any{"probe_interval": "200ms", "probe_timeout": "100ms", "suspicion_mult": 3, "gossip_interval": "50ms"}
}

func merged(configs []map[string]any) map[string]any {
	all := map[string]any{}
	for _, c := range configs {
		for k, v := range c {
			all[k] = v
		}
	}
	return all
}

func startAgent(t testing.TB, a agent) *Consul {
	t.Helper()
	bin := FindConsul(t)
	dir := t.TempDir()
	port := func() int { return FreePort(t) }
	httpPort, serfPort, serverPort, wanPort := port(), port(), port(), -1
	if a.wan {
		wanPort = port()
	}
	if a.address == "" {
		a.address = "127.0.0.1"
	}
	if a.control == "" {
		a.control = a.address
	}
	config := map[string]any{
		"node_name": a.node, "bind_addr": a.control, "client_addr": a.address, "server": a.server,
		"ports": map[string]any{"http": httpPort, "dns": -1, "grpc": -1, "grpc_tls": -1, "serf_lan": serfPort, "serf_wan": wanPort, "server": serverPort},
		// Tests watch through one address; the default of 200 connections is for them to lower, not to run into.
		"limits": map[string]any{"http_max_conns_per_client": 2000}, "disable_update_check": true, "log_level": "warn",
		// Development mode turns the mesh on, and its certificate watch crashes Consul 1.22.0 when the agent was frozen for 10 minutes.
		"connect": map[string]any{"enabled": false},
	}
	if a.control != a.address {
		config["client_addr"] = a.address + " " + a.control
	}
	for k, v := range a.config {
		config[k] = v
	}
	file := filepath.Join(dir, "agent.json")
	text, err := json.Marshal(config)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := func(host string, port int) string { return fmt.Sprintf("%s:%d", host, port) }
	c := &Consul{Node: a.node, HTTP: at(a.address, httpPort), Serf: at(a.control, serfPort), wan: at(a.control, wanPort), raft: at(a.control, serverPort), control: at(a.control, httpPort),
		data: filepath.Join(dir, "data"), http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
	argv := append(append(a.within, bin, "agent", "-config-file", file), a.args...)
	if len(a.args) == 0 {
		argv = append(argv, "-data-dir", c.data)
	}
	c.Process = StartProcess(t, "consul-"+a.node, nil, argv...)
	return c
}

// AwaitLeader waits until the agent knows a leader and has registered itself in the catalogue.
func (c *Consul) AwaitLeader(t testing.TB) {
	t.Helper()
	Eventually(t, 30*time.Second, "Consul "+c.Node+" has a leader and is in the catalogue", func() bool {
		if !c.Running() {
			t.Fatalf("Consul %s ended: %s", c.Node, tail(c.Output(), 2000))
		}
		var node any
		return c.Get("/v1/catalog/node/"+c.Node, &node) == nil && node != nil
	})
}

// Leads says that this server is the leader.
func (c *Consul) Leads() bool {
	var leader string
	return c.Get("/v1/status/leader", &leader) == nil && leader == c.raft
}

// Restart kills the agent and starts it again with the same ports and data.
func (c *Consul) Restart(t testing.TB) {
	t.Helper()
	c.Kill()
	c.Start()
	c.AwaitLeader(t)
}

// Wipe removes the data of a killed agent, so that it starts as a new one.
func (c *Consul) Wipe(t testing.TB) {
	t.Helper()
	if c.Running() {
		t.Fatal("wipe: the agent still runs")
	}
	if err := os.RemoveAll(c.data); err != nil {
		t.Fatal(err)
	}
}

// Get asks the HTTP API and decodes the answer into to.
func (c *Consul) Get(path string, to any) error {
	resp, err := c.http.Get("http://" + c.control + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("GET %s: %s: %s", path, resp.Status, text)
	}
	return json.NewDecoder(resp.Body).Decode(to)
}

// Put sends a JSON body to the HTTP API.
func (c *Consul) Put(path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.put(path, string(text))
}

// PutKey writes a key of the KV store, as it is.
func (c *Consul) PutKey(key, value string) error { return c.put("/v1/kv/"+key, value) }

func (c *Consul) put(path, body string) error {
	req, err := http.NewRequest(http.MethodPut, "http://"+c.control+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: patience, Transport: c.http.Transport}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("PUT %s: %s: %s", path, resp.Status, answer)
	}
	return nil
}

// Save takes a snapshot of all that the servers hold; Restore brings it back, as an operator would after a loss.
func (c *Consul) Save() ([]byte, error) {
	resp, err := c.http.Get("http://" + c.control + "/v1/snapshot")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET /v1/snapshot: %s: %.1000s", resp.Status, text)
	}
	return text, err
}

// Restore brings a snapshot back.
func (c *Consul) Restore(snapshot []byte) error { return c.put("/v1/snapshot", string(snapshot)) }
