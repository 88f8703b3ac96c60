package registrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
)

const (
	// documentedSocket is where Registrator's documentation mounts the socket; usualSocket is where it really is.
	documentedSocket = "/tmp/docker.sock"
	usualSocket      = "/var/run/docker.sock"
	// stopTimeoutDefault is what Docker waits after the stop signal when the container says nothing else.
	stopTimeoutDefault = 10 * time.Second
)

// Engine is a Docker engine behind its HTTP API. Make it with NewEngine.
type Engine struct {
	api *client.Client
}

// EngineOptions say where the engine is; the zero value is Registrator's default.
type EngineOptions struct {
	// Host is DOCKER_HOST; "" means unix:///tmp/docker.sock, or /var/run/docker.sock where only that one exists.
	Host string
	// TLSVerify is DOCKER_TLS_VERIFY: any text turns TLS on. CertPath is DOCKER_CERT_PATH, "" means $HOME/.docker.
	TLSVerify, CertPath string
}

// NewEngine makes a client; it does not connect. The API version is negotiated with the first call.
func NewEngine(o EngineOptions) (*Engine, error) {
	opts := []client.Opt{client.WithHost(engineHost(o.Host)), client.WithAPIVersionNegotiation()}
	if o.TLSVerify != "" {
		dir := certPath(o.CertPath)
		opts = append(opts, client.WithTLSClientConfig(
			filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")))
	}
	api, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("make docker client: %w", err)
	}
	return &Engine{api: api}, nil
}

func engineHost(host string) string {
	if host != "" {
		return host
	}
	if _, err := os.Stat(documentedSocket); err != nil {
		if _, err := os.Stat(usualSocket); err == nil {
			return "unix://" + usualSocket
		}
	}
	return "unix://" + documentedSocket
}

func certPath(path string) string {
	if path != "" {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".docker"
	}
	return filepath.Join(home, ".docker")
}

// Host is the address in use.
func (e *Engine) Host() string { return e.api.DaemonHost() }

// Close lets idle connections go.
func (e *Engine) Close() error { return e.api.Close() }

// failed tells whether a call failed. One that was not answered in time may have gone over a connection that is dead without
// either side knowing, and the idle ones are no better: the next call opens its own.
func (e *Engine) failed(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		_ = e.api.Close() // lets the idle ones go
	}
	return err != nil
}

// Info implements Docker.
func (e *Engine) Info(ctx context.Context) (HostInfo, error) {
	got, err := e.api.Info(ctx)
	if e.failed(err) {
		return HostInfo{}, fmt.Errorf("ask docker for its host: %w", err)
	}
	return HostInfo{Name: got.Name, ID: got.ID}, nil
}

// List implements Docker.
func (e *Engine) List(ctx context.Context) ([]Outline, error) {
	got, err := e.api.ContainerList(ctx, container.ListOptions{})
	if e.failed(err) {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	out := make([]Outline, 0, len(got))
	for i := range got {
		out = append(out, outline(&got[i]))
	}
	return out, nil
}

// outline condenses a list's line. Status is a text such as "Up 3 hours (healthy)": only the bracket is stable.
func outline(s *container.Summary) Outline {
	var look strings.Builder
	_, bracket, _ := strings.Cut(s.Status, "(")
	fmt.Fprintf(&look, "%s|%s|%q", s.State, bracket, s.Names)
	ports := make([]string, 0, len(s.Ports))
	for _, p := range s.Ports {
		ports = append(ports, fmt.Sprintf("%s:%d>%d/%s", p.IP, p.PublicPort, p.PrivatePort, p.Type))
	}
	slices.Sort(ports)
	fmt.Fprintf(&look, "|%q|", ports)
	if s.NetworkSettings != nil {
		nets := make([]string, 0, len(s.NetworkSettings.Networks))
		for name, n := range s.NetworkSettings.Networks {
			if n != nil {
				nets = append(nets, name+"="+n.IPAddress+","+n.GlobalIPv6Address)
			}
		}
		slices.Sort(nets)
		fmt.Fprintf(&look, "%q", nets)
	}
	o := Outline{ID: s.ID, Look: look.String()}
	if len(s.Names) > 0 {
		o.Name = strings.TrimPrefix(s.Names[0], "/")
	}
	return o
}

// Inspect implements Docker.
func (e *Engine) Inspect(ctx context.Context, id string) (Container, error) {
	got, err := e.api.ContainerInspect(ctx, id)
	if client.IsErrNotFound(err) {
		return Container{}, fmt.Errorf("inspect container %s: %w", Shown(id), ErrGone)
	}
	if e.failed(err) {
		return Container{}, fmt.Errorf("inspect container %s: %w", Shown(id), err)
	}
	if got.ContainerJSONBase == nil || got.ID == "" || got.Config == nil {
		return Container{}, fmt.Errorf("inspect container %s: incomplete answer", Shown(id))
	}
	return convert(&got), nil
}

func convert(got *container.InspectResponse) Container {
	c := Container{
		ID: got.ID, Name: got.Name, ImageID: got.Image, RestartCount: got.RestartCount,
		Image: got.Config.Image, Hostname: got.Config.Hostname, Env: got.Config.Env, Labels: got.Config.Labels,
		Cmd: got.Config.Cmd, StopSignal: got.Config.StopSignal, StopTimeout: stopTimeoutDefault,
		Created: parseTime(got.Created), State: convertState(got.State),
	}
	if t := got.Config.StopTimeout; t != nil {
		c.StopTimeout = time.Duration(*t) * time.Second
	}
	if h := got.Config.Healthcheck; h != nil {
		c.HasHealthcheck = len(h.Test) > 0 && h.Test[0] != "NONE"
	}
	for p := range got.Config.ExposedPorts {
		c.Exposed = append(c.Exposed, string(p))
	}
	slices.Sort(c.Exposed)
	if h := got.HostConfig; h != nil {
		c.NetworkMode = string(h.NetworkMode)
		c.Requested = convertPorts(h.PortBindings)
	}
	if n := got.NetworkSettings; n != nil {
		c.IPAddress = n.IPAddress
		c.Networks = convertNetworks(n.Networks)
		c.Ports = convertPorts(n.Ports)
	}
	return c
}

func convertPorts(in nat.PortMap) map[string][]Binding {
	out := make(map[string][]Binding, len(in))
	for p, bs := range in {
		out[string(p)] = nil
		for _, b := range bs {
			out[string(p)] = append(out[string(p)], Binding(b))
		}
	}
	return out
}

func convertState(s *container.State) State {
	if s == nil {
		return State{}
	}
	out := State{
		Status: s.Status, Running: s.Running, Paused: s.Paused, Restarting: s.Restarting, ExitCode: s.ExitCode,
		StartedAt: parseTime(s.StartedAt),
	}
	if h := s.Health; h != nil {
		out.Health.Status = h.Status
		if n := len(h.Log); n > 0 && h.Log[n-1] != nil {
			out.Health.Output = h.Log[n-1].Output
		}
	}
	return out
}

func convertNetworks(in map[string]*network.EndpointSettings) map[string]Network {
	out := make(map[string]Network, len(in))
	for name, n := range in {
		if n != nil {
			out[name] = Network{NetworkID: n.NetworkID, IPAddress: n.IPAddress, IPv6: n.GlobalIPv6Address, Aliases: n.Aliases,
				Gateways: gateways(n)}
		}
	}
	return out
}

func gateways(n *network.EndpointSettings) (out []string) {
	for _, a := range []string{n.Gateway, n.IPv6Gateway} {
		if a != "" {
			out = append(out, a)
		}
	}
	return out
}

// parseTime reads Docker's RFC 3339 times; "0001-01-01T00:00:00Z" and junk are the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// idle are the actions that leave a container's registrations as they are. Some come often: a HEALTHCHECK makes three of exec for each
// probe. Whatever else names a container is a reason to look at it, a word that we do not know too.
var idle = []string{"attach", "detach", "resize", "top", "commit", "copy", "export", "archive-path", "extract-to-dir", "create",
	"init", "mount", "unmount", "sync", "exec", "exec_create", "exec_start", "exec_detach", "exec_die", "exec_died"}

// renamed are Podman's own words for Docker's.
var renamed = map[string]string{"remove": "destroy", "died": "die"}

// Events implements Docker. The engine filters by type alone: a Podman that does not know one of the actions asked for leaves its
// events out without a word (4.3 and "die").
func (e *Engine) Events(ctx context.Context, since time.Time, opened func(), each func(Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := filters.NewArgs(filters.Arg("type", "container"), filters.Arg("type", "network"))
	o := events.ListOptions{Filters: f}
	if !since.IsZero() {
		o.Since = strconv.FormatInt(since.Unix(), 10) + "." + fmt.Sprintf("%09d", since.Nanosecond())
	}
	messages, errs := e.api.Events(ctx, o) // returns when the answer's head is here, or on an error
	select {
	case err := <-errs:
		return streamEnd(err)
	default:
		opened()
	}
	for {
		select {
		case m := <-messages:
			if ev, ok := translate(&m); ok {
				each(ev)
			}
		case err := <-errs:
			return streamEnd(err)
		}
	}
}

func streamEnd(err error) error {
	if err == nil {
		return fmt.Errorf("read docker events: stream ended")
	}
	return fmt.Errorf("read docker events: %w", err)
}

// translate makes an Event of the engine's message; ok is false for what is none of our business.
func translate(m *events.Message) (ev Event, ok bool) {
	action, _, _ := strings.Cut(string(m.Action), ":") // "health_status: healthy"
	if ours := renamed[action]; ours != "" {
		action = ours
	}
	ev = Event{Action: action, ID: m.Actor.ID, Signal: m.Actor.Attributes["signal"], Time: time.Unix(0, m.TimeNano)}
	if m.TimeNano == 0 {
		ev.Time = time.Unix(m.Time, 0)
	}
	switch m.Type {
	case events.NetworkEventType:
		ev.ID = attached(m)
	case events.ContainerEventType:
	default:
		return Event{}, false
	}
	return ev, ev.ID != "" && !slices.Contains(idle, action)
}

// attached is the container that a network's event is about; "" when it is about none. Docker names it among the attributes, and
// the network as the actor; Podman's actor is the container.
func attached(m *events.Message) string {
	if id := m.Actor.Attributes["container"]; id != "" {
		return id
	}
	if m.Action == events.ActionConnect || m.Action == events.ActionDisconnect {
		return m.Actor.ID
	}
	return ""
}
