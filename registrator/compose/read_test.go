package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// read reads a Compose file of the given text, beside files of the given names.
func read(t *testing.T, text string, o Options, files map[string]string) *Project {
	t.Helper()
	p, err := tryRead(t, text, o, files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryRead(t *testing.T, text string, o Options, files map[string]string) (*Project, error) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "My Shop")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range o.EnvFiles {
		o.EnvFiles[i] = filepath.Join(folder, o.EnvFiles[i])
	}
	file := filepath.Join(folder, "compose.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(t.Context(), file, o)
}

// label is one of the first container of a service.
func label(t *testing.T, p *Project, service, key string) string {
	t.Helper()
	s := p.Service(service)
	if s == nil || s.Err != nil || len(s.Containers) == 0 {
		t.Fatalf("service %s: %+v", service, s)
	}
	return s.Containers[0].Labels[key]
}

func TestVariablesAreReplacedAsComposeDoes(t *testing.T) {
	const text = `
x-common: &common
  labels: &labels { shared: yes }
services:
  web:
    <<: *common
    image: example/web
    environment: [ FROM_SHELL, EMPTY=, "BOTH=service" ]
    env_file: [ web.env ]
    labels:
      <<: *labels
      bool: true
      number: 080
      host: ${SITE:-tower.example.org}
      given: ${GIVEN}
      dollars: "$$apr1$$x"
      unset: "${NOWHERE}"
      nested: "${NOWHERE:-${GIVEN}}"
      empty: "${ELSEWHERE:-}${ELSEWHERE-}"
`
	p := read(t, text, Options{Environ: []string{"FROM_SHELL=s", "GIVEN=shell"}}, map[string]string{
		".env": "GIVEN=file\nSITE=\n", "web.env": "BOTH=file\nMORE=${GIVEN}!\n"})
	for key, want := range map[string]string{"bool": "true", "host": "tower.example.org", "given": "shell", "dollars": "$apr1$x", "unset": "", "nested": "shell",
		"shared": "yes", labelProject: "myshop", labelService: "web"} {
		if got := label(t, p, "web", key); got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
	s := p.Service("web")
	if want := []string{"BOTH=service", "EMPTY=", "FROM_SHELL=s", "MORE=shell!"}; !slices.Equal(s.Containers[0].Env, want) {
		t.Errorf("environment %q, want %q", s.Containers[0].Env, want)
	}
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "NOWHERE") {
		t.Errorf("notes %q", s.Notes)
	}
	p = read(t, text, Options{EnvFiles: []string{"other"}}, map[string]string{".env": "GIVEN=file\n", "web.env": "", "other": "GIVEN=other"})
	if got := label(t, p, "web", "given"); got != "other" {
		t.Errorf("-env in place of .env: %q", got)
	}
	if notes := p.Service("web").Notes; len(notes) != 2 || !strings.Contains(notes[1], "FROM_SHELL") {
		t.Errorf("notes %q", notes)
	}
}

func TestOneBadServiceHurtsNoOther(t *testing.T) {
	p := read(t, `
services:
  good: { image: example/good }
  required: { image: "example/${TAG?no tag given}" }
  syntax: { image: x, environment: [ "VIRTUAL_HOST=${SUB:name}.example.org" ] }
  unknown: { image: x, colour: red }
  list: [ 1 ]
  expose: { image: x, expose: [ "http" ] }
  many: { image: x, expose: [ "1-65535" ] }
  publish: { image: x, ports: [ "${Y:-1-65535}:1-65535" ] }
  circle: { extends: { service: circle2 } }
  circle2: { extends: { service: circle } }
  nowhere: { extends: nobody }
  device: { image: x, env_file: /dev/zero }
  other: { extends: { file: /dev/zero, service: x } }
  network: { image: x, networks: [ bad ] }
networks: { bad: { name: "${X?no}" } }
`, Options{}, nil)
	for _, s := range p.Services {
		switch {
		case s.Name == "good":
			if s.Err != nil || len(s.Containers) != 1 {
				t.Errorf("%+v", s)
			}
		case s.Err == nil:
			t.Errorf("%s: no error", s.Name)
		case strings.Contains(s.Err.Error(), "\n") || len(s.Err.Error()) > 2*maxText:
			t.Errorf("%s: %q", s.Name, s.Err)
		case s.Name == "unknown" && s.Err.Error() != "services.unknown.colour is no key that Compose knows":
			t.Errorf("%s: %q", s.Name, s.Err)
		}
	}
	if len(p.Services) != 14 {
		t.Errorf("%d services", len(p.Services))
	}
}

func TestExtends(t *testing.T) {
	p := read(t, `
services:
  base: { image: example/base, labels: { a: "1", b: "1" }, expose: [ 80 ] }
  web: { extends: base, labels: { b: "2" } }
  far: { extends: { file: common.yml, service: far }, scale: 2 }
  gone: { extends: { file: gone.yml, service: far } }
`, Options{Environ: []string{"X=far"}}, map[string]string{"common.yml": "services: { far: { image: 'example/${X}', labels: [ c=3 ], env_file: far.env } }", "far.env": "E=1"})
	if a, b := label(t, p, "web", "a"), label(t, p, "web", "b"); a+b != "12" {
		t.Errorf("labels %q %q", a, b)
	}
	if far := p.Service("far"); far.Err != nil || far.Image != "example/far" || len(far.Containers) != 2 || far.Containers[1].Env[0] != "E=1" {
		t.Errorf("%+v", far)
	}
	if p.Service("gone").Err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestWhatNoContainerGetsIsTold(t *testing.T) {
	p := read(t, `
name: ${PROJECT:-named}
include: [ more.yml ]
services:
  web:
    image: example/web
    profiles: [ debug ]
    deploy: { replicas: 100, labels: { traefik.enable: "true" } }
    env_file: [ gone.env, { path: optional.env, required: false } ]
    volumes: [ "./vhost.d:/etc/nginx/vhost.d:ro", "data:/data" ]
`, Options{}, nil)
	s := p.Service("web")
	if p.Name != "named" || len(p.Notes) != 1 || s.DeployLabels["traefik.enable"] != "true" || s.Containers[0].Labels["traefik.enable"] != "" {
		t.Errorf("%+v %+v", p, s)
	}
	if s.Scale != 100 || len(s.Containers) != maxContainers || len(s.Profiles) != 1 || !slices.Contains(s.Mounts, Mount{"vhost.d", "/etc/nginx/vhost.d"}) {
		t.Errorf("scale %d, %d containers, mounts %q", s.Scale, len(s.Containers), s.Mounts)
	}
	if len(s.Notes) != 2 || !strings.Contains(s.Notes[0], "gone.env") {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestPortsAndNetworks(t *testing.T) {
	p := read(t, `
services:
  web:
    image: example/web
    expose: [ "80", "90-91/tcp" ]
    ports: [ "8443:443", "127.0.0.1:53:53/udp", 7000 ]
    networks: { edge: { priority: 10 }, inner: {}, old: {} }
  host: { image: x, network_mode: host, ports: [ 80 ] }
  side: { image: x, network_mode: "service:web" }
networks: { edge: { external: true }, inner: { name: deep }, old: { external: { name: older } } }
`, Options{}, nil)
	web := p.Service("web").Containers[0]
	if !slices.Equal(web.Exposed, []string{"80/tcp", "90/tcp", "91/tcp", "443/tcp", "53/udp", "7000/tcp"}) {
		t.Errorf("exposed %q", web.Exposed)
	}
	if b := web.Ports["443/tcp"]; len(b) != 1 || b[0].HostPort != "8443" || len(web.Ports["80/tcp"]) != 0 || web.Ports["53/udp"][0].HostIP != "127.0.0.1" || web.Ports["7000/tcp"][0].HostPort == "" {
		t.Errorf("ports %+v", web.Ports)
	}
	if web.NetworkMode != "edge" || len(web.Networks) != 3 || web.Networks["deep"].IPAddress == "" || web.Networks["older"].IPAddress == "" {
		t.Errorf("networks %s %+v", web.NetworkMode, web.Networks)
	}
	if host := p.Service("host").Containers[0]; host.NetworkMode != "host" || host.Ports != nil || host.Networks != nil {
		t.Errorf("%+v", host)
	}
	side := p.Service("side")
	if owner := p.NetworkOwner(side); owner == nil || side.Containers[0].NetworkMode != "container:"+web.ID || owner.ID != web.ID {
		t.Errorf("%+v", side)
	}
}

func TestVersion1(t *testing.T) {
	p := read(t, `
web:
  build: .
  dockerfile: Dockerfile.web
  ports: [ '80' ]
  links: [ 'db:mysql' ]
  volumes_from: [ db ]
  log_driver: syslog
db: { image: example/db, net: host, mem_limit: 1g }
`, Options{}, nil)
	web, db := p.Service("web"), p.Service("db")
	if !p.Version1 || web.Err != nil || db.Err != nil || web.Containers[0].NetworkMode != "bridge" || db.Containers[0].NetworkMode != "host" {
		t.Errorf("%v %+v %+v", p.Version1, web, db)
	}
}

func TestWhatIsNoComposeFile(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ",") + "]\n"
	}
	for name, text := range map[string]string{
		"empty": "", "list": "[1]", "text": "hello", "nothing": "version: '3'", "services": "services: 3", "yaml": "services:\n\t- {{ if }}", "bomb": bomb,
		"circle": "services: &a { x: *a }", "deep": strings.Repeat("[", 5000), "documents": "services: {}\n---\nservices: {}", "large": strings.Repeat("#", maxFile+1),
	} {
		if p, err := tryRead(t, text, Options{}, nil); err == nil {
			t.Errorf("%s: read as %+v", name, p)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q", name, err)
		}
	}
	if _, err := Read(t.Context(), "/dev/zero", Options{}); err == nil {
		t.Error("a device was read")
	}
}

// Whatever the file holds: no panic, nothing of a container that restricts the work, and each service ends in containers or an error.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"services:\n  web: { image: x, ports: ['80'], labels: [a=b], environment: { A: '${B:-c}' } }\n",
		"web: { image: x, links: [db], net: host }\ndb: { image: y, volumes_from: [web] }\n",
		"a: &a [1]\nservices: { b: { image: x, <<: *a } }\n",
		"services: { a: { extends: b, scale: 3 }, b: { image: x, network_mode: 'service:a', expose: ['1-3/udp'] } }\nnetworks: { x: { external: true } }\n",
	} {
		f.Add(text)
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse(t.Context(), []byte(text), filepath.Join(folder, "compose.yml"), Options{})
		if err != nil {
			return
		}
		for _, s := range p.Services {
			if len(s.Containers) > maxContainers || s.Err == nil && s.Scale > 0 && len(s.Containers) == 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}
