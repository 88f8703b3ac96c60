package registrator

import (
	"strings"
	"time"
)

// Container is what Docker says is there, at the moment of one inspect. It is a value and is not modified once made; its
// maps and slices may be shared. Nothing in it has been validated: labels and variables are as the image's author, or
// whoever may start containers, wrote them.
type Container struct {
	ID       string // full id, 64 hexadecimal digits
	Name     string // with or without Docker's leading slash
	Image    string // as the container was created with it (Config.Image), not the image's id
	ImageID  string // the id of the image (the inspect answer's Image)
	Hostname string
	Created  time.Time
	Env      []string // KEY=value, in Docker's order; the last of equal keys counts
	Labels   map[string]string
	Cmd      []string
	// Exposed are the keys of Config.ExposedPorts, such as "80/tcp".
	Exposed []string
	// Ports is NetworkSettings.Ports: "80/tcp" to its bindings in Docker's order, none when the port is not published.
	Ports map[string][]Binding
	// Requested is HostConfig.PortBindings, what was asked for when the container was created. In host network mode it
	// is the only trace of -p.
	Requested map[string][]Binding
	State     State
	// NetworkMode is HostConfig.NetworkMode: "default", "bridge", "host", "none", "container:<id>" or a network's name.
	NetworkMode string
	// IPAddress is the top-level NetworkSettings.IPAddress: the address on the default bridge, absent in newer engines.
	IPAddress string
	Networks  map[string]Network
	// StopSignal is Config.StopSignal, "" for the default SIGTERM. StopTimeout is how long Docker waits after it.
	StopSignal     string
	StopTimeout    time.Duration
	RestartCount   int
	HasHealthcheck bool // the image or the container defines a HEALTHCHECK that is not NONE
}

// Binding is one published side of a port as Docker gives it; HostIP may be "", "0.0.0.0", "::" or an address.
type Binding struct {
	HostIP   string
	HostPort string
}

// Network is a container's attachment to one network.
type Network struct {
	NetworkID string
	IPAddress string   // IPv4, "" when there is none
	IPv6      string   // global IPv6 address, "" when there is none
	Gateways  []string // on a bridge, the host's own addresses on it
	Aliases   []string
}

// State is the container's State.
type State struct {
	Status     string // created, running, paused, restarting, removing, exited, dead
	Running    bool   // also true while paused or restarting
	Paused     bool
	Restarting bool
	ExitCode   int
	StartedAt  time.Time
	Health     Health
}

// Health is the state of Docker's HEALTHCHECK.
type Health struct {
	Status string // "", none, starting, healthy or unhealthy
	Output string // of the last probe; not bounded, not validated
}

// Up tells whether the container runs and is neither paused nor between two runs, so that it may be registered.
func (c Container) Up() bool {
	s := c.State
	if s.Status != "" && s.Status != "running" {
		return false
	}
	return s.Running && !s.Paused && !s.Restarting
}

// PlainName is the name without Docker's leading slash.
func (c Container) PlainName() string { return strings.TrimPrefix(c.Name, "/") }

// ShortID is the first 12 characters of the id, or all of it when it is shorter.
func (c Container) ShortID() string {
	if len(c.ID) > 12 {
		return c.ID[:12]
	}
	return c.ID
}

// NetworkOwner is the id or name of the container whose network this one shares (network mode "container:X"), "" if it has its own.
func (c Container) NetworkOwner() string {
	if rest, ok := strings.CutPrefix(c.NetworkMode, "container:"); ok {
		return rest
	}
	return ""
}
