package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/registrator/compose"
)

// What a container of nginx-proxy itself is told is for the proxy's options, and no label of any route.

// nginxProxies tells what takes the place of their settings.
func (k *composeCheck) nginxProxies() {
	for _, s := range k.services {
		image, _, _ := strings.Cut(s.Image, "@")
		if name, _, _ := strings.Cut(path.Base(image), ":"); name != "nginx-proxy" || s.Error != "" {
			continue
		}
		if host := variableOf(s.of, "DEFAULT_HOST"); host != "" {
			s.Notes = append(s.Notes, k.defaultHost(host))
		}
		for _, m := range s.of.Mounts {
			switch {
			case m.At == "/etc/nginx/certs":
				s.Notes = append(s.Notes, fmt.Sprintf("%s: the proxy reads certificates from there with -tls-dir", m.Source))
			case strings.HasPrefix(m.At, "/etc/nginx/"):
				s.Notes = append(s.Notes, fmt.Sprintf("%s (%s): configuration of nginx's own is not carried over; pointsman convert reads it", m.Source, m.At))
			}
		}
	}
}

// defaultHost is the option for the service of a host.
func (k *composeCheck) defaultHost(host string) string {
	for _, s := range k.services {
		hosts := strings.Split(variableOf(s.of, "VIRTUAL_HOST"), ",")
		if !slices.ContainsFunc(hosts, func(h string) bool { return strings.TrimSpace(h) == host }) {
			continue
		}
		name := s.Service
		if len(s.first) > 0 {
			name = s.first[0].Name
		}
		return fmt.Sprintf("DEFAULT_HOST=%s: start the proxy with -default-service %s", host, name)
	}
	return fmt.Sprintf("DEFAULT_HOST=%s: no service of the file has this host; -default-service names the service that gets what no route claims", host)
}

// variableOf is a variable of a service's containers; "" where it has none.
func variableOf(s *compose.Service, name string) string {
	if len(s.Containers) == 0 {
		return ""
	}
	for _, line := range s.Containers[0].Env {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}
