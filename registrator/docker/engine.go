// Package docker is a Docker engine, or a Podman behind the same socket, as the registrator asks it: its list, one inspect, its
// events. It is the only package that knows Docker's client; what it hands out are the registrator's own nouns.
package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/pointsman/pointsman/registrator"
)

const (
	// documentedSocket is where Registrator's documentation mounts the socket; usualSocket is where it really is.
	documentedSocket = "/tmp/docker.sock"
	usualSocket      = "/var/run/docker.sock"
)

// Engine is a Docker engine behind its HTTP API. Make it with NewEngine.
type Engine struct {
	api *client.Client
}

// Options say where the engine is; the zero value is Registrator's default.
type Options struct {
	// Host is DOCKER_HOST; "" means unix:///tmp/docker.sock, or /var/run/docker.sock where only that one exists.
	Host string
	// TLSVerify is DOCKER_TLS_VERIFY: any text turns TLS on. CertPath is DOCKER_CERT_PATH, "" means $HOME/.docker.
	TLSVerify, CertPath string
}

// NewEngine makes a client; it does not connect. The API version is negotiated with the first call.
func NewEngine(o Options) (*Engine, error) {
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
func (e *Engine) Info(ctx context.Context) (registrator.HostInfo, error) {
	got, err := e.api.Info(ctx)
	if e.failed(err) {
		return registrator.HostInfo{}, fmt.Errorf("ask docker for its host: %w", err)
	}
	return registrator.HostInfo{Name: got.Name, ID: got.ID}, nil
}

// List implements Docker.
func (e *Engine) List(ctx context.Context) ([]registrator.Outline, error) {
	got, err := e.api.ContainerList(ctx, container.ListOptions{})
	if e.failed(err) {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	out := make([]registrator.Outline, 0, len(got))
	for i := range got {
		out = append(out, outline(&got[i]))
	}
	return out, nil
}

// outline condenses a list's line. Status is a text such as "Up 3 hours (healthy)": only the bracket is stable.
func outline(s *container.Summary) registrator.Outline {
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
	o := registrator.Outline{ID: s.ID, Look: look.String()}
	if len(s.Names) > 0 {
		o.Name = strings.TrimPrefix(s.Names[0], "/")
	}
	return o
}

// Inspect implements Docker.
func (e *Engine) Inspect(ctx context.Context, id string) (registrator.Container, error) {
	got, err := e.api.ContainerInspect(ctx, id)
	if client.IsErrNotFound(err) {
		return registrator.Container{}, fmt.Errorf("inspect container %s: %w", registrator.Shown(id), registrator.ErrGone)
	}
	if e.failed(err) {
		return registrator.Container{}, fmt.Errorf("inspect container %s: %w", registrator.Shown(id), err)
	}
	if got.ContainerJSONBase == nil || got.ID == "" || got.Config == nil {
		return registrator.Container{}, fmt.Errorf("inspect container %s: incomplete answer", registrator.Shown(id))
	}
	return convert(&got), nil
}
