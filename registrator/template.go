package registrator

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"
)

// The types below are what a -tags template sees: the names are those of the go-dockerclient structs that Registrator
// gives to its templates, so that templates written for it go on working.
type (
	templateContainer struct {
		ID, Name, Image string
		Created         time.Time
		State           templateState
		Config          *templateConfig
		HostConfig      *templateHostConfig
		NetworkSettings *templateNetworkSettings
		RestartCount    int
	}
	templateState struct {
		Status                      string
		Running, Paused, Restarting bool
		ExitCode                    int
		StartedAt                   time.Time
		Health                      struct{ Status string }
	}
	templateConfig struct {
		Hostname, Image string
		Env, Cmd        []string
		Labels          map[string]string
		ExposedPorts    map[string]struct{}
		StopSignal      string
	}
	templateHostConfig struct {
		NetworkMode  string
		PortBindings map[string][]templateBinding
	}
	templateNetworkSettings struct {
		IPAddress string
		Ports     map[string][]templateBinding
		Networks  map[string]templateNetwork
	}
	templateBinding struct{ HostIP, HostPort string }
	templateNetwork struct {
		NetworkID, IPAddress, GlobalIPv6Address string
		Aliases                                 []string
	}
)

// forTemplate shapes a container for -tags.
func forTemplate(c Container) *templateContainer {
	t := &templateContainer{
		ID: c.ID, Name: "/" + c.PlainName(), Image: c.ImageID, Created: c.Created, RestartCount: c.RestartCount,
		State: templateState{
			Status: c.State.Status, Running: c.State.Running, Paused: c.State.Paused, Restarting: c.State.Restarting,
			ExitCode: c.State.ExitCode, StartedAt: c.State.StartedAt,
		},
		Config: &templateConfig{
			Hostname: c.Hostname, Image: c.Image, Env: c.Env, Cmd: c.Cmd, Labels: c.Labels,
			ExposedPorts: map[string]struct{}{}, StopSignal: c.StopSignal,
		},
		HostConfig:      &templateHostConfig{NetworkMode: c.NetworkMode, PortBindings: templateBindings(c.Requested)},
		NetworkSettings: &templateNetworkSettings{IPAddress: c.IPAddress, Ports: templateBindings(c.Ports), Networks: map[string]templateNetwork{}},
	}
	t.State.Health.Status = c.State.Health.Status
	for _, port := range c.Exposed {
		t.Config.ExposedPorts[port] = struct{}{}
	}
	for name, n := range c.Networks {
		t.NetworkSettings.Networks[name] = templateNetwork{n.NetworkID, n.IPAddress, n.IPv6, n.Aliases}
	}
	return t
}

func templateBindings(ports map[string][]Binding) map[string][]templateBinding {
	out := make(map[string][]templateBinding, len(ports))
	for port, bindings := range ports {
		out[port] = nil
		for _, b := range bindings {
			out[port] = append(out[port], templateBinding(b))
		}
	}
	return out
}

// renderTags renders -tags over a container. Text without an action comes back as it is. httpGet is the only function
// that leaves the process; a failing one gives empty bytes, as with Registrator.
func renderTags(text string, c Container, fetch func(string) ([]byte, error)) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	t, err := template.New("-tags").Funcs(templateFunctions(fetch)).Parse(text)
	if err != nil {
		return "", fmt.Errorf("parse the template: %w", err)
	}
	out := &bounded{left: maxTemplate}
	if err := t.Execute(out, forTemplate(c)); err != nil {
		return "", fmt.Errorf("render the template: %w", err)
	}
	return out.String(), nil
}

// CheckTags tells whether a -tags template can be parsed at all, for a clear answer at start.
func CheckTags(text string) error {
	_, err := template.New("-tags").Funcs(templateFunctions(nil)).Parse(text)
	if err != nil {
		return fmt.Errorf("parse the -tags template: %w", err)
	}
	return nil
}

// bounded is a buffer that refuses to grow past a limit: a template may loop over what a container brings in.
type bounded struct {
	bytes.Buffer
	left int
}

var errTooLong = errors.New("more output than 64 KiB")

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errTooLong
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}
