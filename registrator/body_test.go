package registrator

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The types here are the part of Docker's inspect answer that the cases give.
type inspected struct {
	ID, Name string
	Config   struct {
		Hostname, Image string
		Env             []string
		Labels          map[string]string
		ExposedPorts    map[string]struct{}
	}
	State struct {
		Status   string
		Running  bool
		ExitCode int
	}
	HostConfig struct {
		NetworkMode  string
		PortBindings map[string][]Binding
	}
	NetworkSettings struct {
		IPAddress string
		Ports     map[string][]Binding
		Networks  map[string]struct{ IPAddress string }
	}
}

func (i inspected) container() Container {
	c := Container{
		ID: i.ID, Name: i.Name, Image: i.Config.Image, Hostname: i.Config.Hostname, Env: i.Config.Env,
		Labels: i.Config.Labels, Ports: i.NetworkSettings.Ports, Requested: i.HostConfig.PortBindings,
		NetworkMode: i.HostConfig.NetworkMode, IPAddress: i.NetworkSettings.IPAddress, Networks: map[string]Network{},
		State: State{Status: i.State.Status, Running: i.State.Running, ExitCode: i.State.ExitCode, StartedAt: someStart},
	}
	for port := range i.Config.ExposedPorts {
		c.Exposed = append(c.Exposed, port)
	}
	for name, n := range i.NetworkSettings.Networks {
		c.Networks[name] = Network{IPAddress: n.IPAddress}
	}
	return c
}

var someStart = time.Date(2026, 5, 4, 3, 2, 1, 987654321, time.UTC)

// withFlags reads Registrator's flags, as far as they bear on bodies.
func withFlags(t *testing.T, o Options, flags []string) Options {
	t.Helper()
	for i := 0; i < len(flags); i++ {
		value := func() string { i++; return flags[i] }
		switch flags[i] {
		case "-ip":
			o.IP = value()
		case "-internal":
			o.Internal = true
		case "-explicit":
			o.Explicit = true
		case "-tags":
			o.Tags = value()
		case "-useIpFromLabel":
			o.IPFromLabel = value()
		default:
			t.Fatalf("unknown flag %q", flags[i])
		}
	}
	return o
}

// body is the JSON that Consul gets for a registration without a mark, key for key.
func body(r Registration) map[string]any {
	out := map[string]any{"ID": r.ID, "Name": r.Name, "Check": nil, "Checks": nil}
	put(out, "Tags", r.Tags)
	put(out, "Port", r.Port)
	put(out, "Address", r.Address)
	put(out, "Meta", r.Meta)
	put(out, "EnableTagOverride", r.EnableTagOverride)
	put(out, "Weights", r.Weight)
	if len(r.Checks) == 1 {
		out["Check"] = checkBody(r.Checks[0])
	} else if len(r.Checks) > 1 {
		var all []any
		for _, c := range r.Checks {
			all = append(all, checkBody(c))
		}
		out["Checks"] = all
	}
	return out
}

func checkBody(c Check) map[string]any {
	out := map[string]any{}
	put(out, "CheckID", c.ID)
	put(out, "Name", c.Name)
	put(out, "HTTP", c.HTTP)
	put(out, "Method", c.Method)
	put(out, "Header", c.Header)
	put(out, "TCP", c.TCP)
	put(out, "GRPC", c.GRPC)
	put(out, "GRPCUseTLS", c.GRPCUseTLS)
	put(out, "TLSSkipVerify", c.TLSSkipVerify)
	put(out, "TTL", c.TTL)
	put(out, "ScriptArgs", c.Script)
	put(out, "Script", c.ShellLine)
	put(out, "Interval", c.Interval)
	put(out, "Timeout", c.Timeout)
	put(out, "Status", c.Status)
	put(out, "DeregisterCriticalServiceAfter", c.DeregisterAfter)
	put(out, "Output", c.Output)
	return out
}

func put(m map[string]any, key string, value any) {
	v := reflect.ValueOf(value)
	if v.IsZero() || (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0 {
		return
	}
	m[key] = value
}

// canon brings a body into a form that compares: through JSON, tags sorted.
func canon(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if tags, ok := m["Tags"].([]any); ok {
		slices.SortFunc(tags, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	text, _ = json.Marshal(m)
	return string(text)
}

// wantBodies compares registrations with bodies, in any order.
func wantBodies(t *testing.T, got []Registration, want []map[string]any) {
	t.Helper()
	var a, b []string
	for _, r := range got {
		a = append(a, canon(t, body(r)))
	}
	for _, w := range want {
		b = append(b, canon(t, w))
	}
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("bodies differ\n got %s\nwant %s", strings.Join(a, "\n     "), strings.Join(b, "\n     "))
	}
}
