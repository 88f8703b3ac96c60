package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator/compose"
)

// What a container of nginx-proxy itself is told is for the proxy's options, and no label of any route.

// nginxProxies tells what takes the place of their settings.
func (k *composed) nginxProxies() {
	for _, s := range k.services {
		image, _, _ := strings.Cut(s.Image, "@")
		if name, _, _ := strings.Cut(path.Base(image), ":"); name != "nginx-proxy" || s.Error != "" {
			continue
		}
		if host := variableOf(s.of, "DEFAULT_HOST"); host != "" {
			s.Notes = append(s.Notes, k.defaultHost(host))
		}
		s.forAllHosts()
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

// forAllHosts says of variables that are settings for all hosts where nginx-proxy's own container has them, what takes their place.
func (s *member) forAllHosts() {
	if variableOf(s.of, "VIRTUAL_HOST")+variableOf(s.of, "VIRTUAL_HOST_MULTIPORTS") != "" { // it is a service as others are, too
		return
	}
	for _, l := range s.Results {
		key, value, _ := strings.Cut(l.Source, "=")
		advice := settingsForAll[key]
		if key == "HTTPS_METHOD" {
			advice = methodsForAll[value]
		}
		if advice != "" && l.Kind == "variable" && !l.misplaced {
			*l = Result{Kind: l.Kind, Source: l.Source}
			l.say(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "nginx-proxy's own container has it: it is for all hosts there", Advice: advice})
		}
	}
}

// methodsForAll and settingsForAll are what to do instead.
var (
	methodsForAll = map[string]string{
		"redirect":   "start the proxy with -redirect-https",
		"noredirect": "start the proxy without -redirect-https, and write it in the environment of the services",
		"nohttp":     "start the proxy with -tls-listen, and write it in the environment of the services",
		"nohttps":    "start the proxy without -tls-listen",
	}
	settingsForAll = map[string]string{
		"HSTS":                        "write it in the environment of the services",
		"ENABLE_HTTP_ON_MISSING_CERT": "start the proxy with -redirect-https where it is false",
		"SSL_POLICY":                  "versions and ciphers of TLS are the proxy's own",
		"EXTERNAL_HTTP_PORT":          "start the proxy with -listen",
		"EXTERNAL_HTTPS_PORT":         "start the proxy with -tls-listen",
	}
)

// defaultHost is the option for the service of a host.
func (k *composed) defaultHost(host string) string {
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
