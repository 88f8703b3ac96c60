//go:build linux

package main

import (
	"embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

//go:embed configs
var configs embed.FS

// setting is what the configurations are filled with.
type setting struct {
	contender
	Dir, LogFile string
	Listen       string // host:port
	Port         int    // of the upstream
	Services     []layout.Service
	Addresses    []string
	PEM          string // certificate and key; "" for plain HTTP
}

// ListenPort is for configurations that name host and port apart.
func (s setting) ListenPort() string {
	_, port, _ := net.SplitHostPort(s.Listen)
	return port
}

// Single says that there is nothing to route.
func (s setting) Single() bool { return len(s.Services) == 1 && len(s.Services[0].Hosts) == 1 }

// fill writes a configuration into the setting's directory and returns its path.
func (s setting) fill(name string) (string, error) {
	t, err := template.ParseFS(configs, "configs/"+name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.Dir, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := t.Execute(f, s); err != nil {
		return "", fmt.Errorf("fill %s: %w", name, err)
	}
	return path, f.Close()
}

// hostsMap is HAProxy's way to hold many hosts: a file with a line for each.
func (s setting) hostsMap() error {
	var b strings.Builder
	for _, service := range s.Services {
		for _, host := range service.Hosts {
			fmt.Fprintf(&b, "%s %s\n", host, service.Name)
		}
	}
	return os.WriteFile(filepath.Join(s.Dir, "hosts.map"), []byte(b.String()), 0o644)
}
