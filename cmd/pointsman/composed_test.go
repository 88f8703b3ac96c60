package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/registrator"
)

// composed is a service of a Compose file, as far as the tests' files go.
type composed struct {
	Image               string
	Expose, Ports       []string
	Scale               int
	Environment, Labels settings
}

// settings are a list of KEY=VALUE, or a map.
type settings map[string]string

func (s *settings) UnmarshalYAML(n *yaml.Node) error {
	*s = settings{}
	var list []string
	if n.Decode(&list) == nil {
		for _, one := range list {
			key, value, _ := strings.Cut(one, "=")
			(*s)[key] = value
		}
		return nil
	}
	var pairs map[string]yaml.Node
	err := n.Decode(&pairs)
	for key, value := range pairs {
		(*s)[key] = value.Value
	}
	return err
}

// containersIn are the containers of a Compose file of testdata, as Docker tells of them, by service.
func containersIn(t *testing.T, file composition) map[string][]registrator.Container {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file.file)
	if err != nil {
		t.Fatal(err)
	}
	var new struct{ Services map[string]composed }
	if err := yaml.Unmarshal(text, &new); err != nil || new.Services == nil { // version 1 has its services at the top
		if err := yaml.Unmarshal(text, &new.Services); err != nil {
			t.Fatal(err)
		}
	}
	out := map[string][]registrator.Container{}
	for name, s := range new.Services {
		for i := range max(1, s.Scale, file.scale[name]) {
			address := fmt.Sprintf("172.20.%d.%d", len(out)+1, i+2)
			c := registrator.Container{ID: fmt.Sprintf("%064x", 100*len(out)+i+1), Name: fmt.Sprintf("/%s_%d", name, i+1), Image: s.Image, NetworkMode: "front", Labels: s.Labels,
				State: registrator.State{Running: true, Status: "running"}, Networks: map[string]registrator.Network{"front": {IPAddress: address}}}
			for _, port := range append(slices.Clone(s.Expose), s.Ports...) {
				c.Exposed = append(c.Exposed, port[strings.LastIndexByte(port, ':')+1:])
			}
			c.Env = append(c.Env, "PATH=/bin", "DB_PASSWORD=hunter2", "SECRET_HOST=hunter2")
			for _, key := range slices.Sorted(maps.Keys(s.Environment)) {
				c.Env = append(c.Env, key+"="+s.Environment[key])
			}
			out[name] = append(out[name], c)
		}
	}
	return out
}

// registrationsOf are those of containers, with all languages carried.
func registrationsOf(t *testing.T, list []registrator.Container) (out []registrator.Registration, complaints []string) {
	t.Helper()
	for _, c := range list {
		more, problems := registrator.Desired(c, nil, registrator.Options{Host: "host", Internal: true, Labels: labels(labelledNames(), false)})
		out = append(out, more...)
		for _, p := range problems {
			complaints = append(complaints, p.String())
		}
	}
	return out, complaints
}

// register registers what the registrator makes of a Compose file, each registration with an application of our own in place of the container: it
// answers with the service, the container's port and the path that it was asked for. Those that are told to speak TLS do so. complaints are the
// registrator's.
func (s composition) register(t *testing.T, c *lab.Consul) (complaints []string) {
	t.Helper()
	containers := containersIn(t, s)
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		list, problems := registrationsOf(t, containers[name])
		complaints = append(complaints, problems...)
		for _, r := range list {
			if text := fmt.Sprint(r); strings.Contains(text, "hunter2") {
				t.Errorf("a variable of nobody's business is published: %s", text)
			}
			port := r.Meta[outside.MetaPort]
			app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name, ":", port, " ", r.URL) }))
			if n, _ := strconv.Atoi(port); s.secure[name] == n && n != 0 {
				app.StartTLS() // with a certificate that nobody trusts
			} else {
				app.Start()
			}
			t.Cleanup(app.Close)
			host, at := split(t, app.Listener.Addr().String())
			body := map[string]any{"ID": r.ID, "Name": r.Name, "Address": host, "Port": at, "Tags": r.Tags, "Meta": r.Meta}
			if err := c.Put("/v1/agent/service/register", body); err != nil {
				t.Fatal(err)
			}
		}
	}
	return complaints
}

// composition is a Compose file of testdata, which ports of its services speak TLS, and how many of them there are.
type composition struct {
	file   string
	secure map[string]int
	scale  map[string]int // as docker-compose scale is given; none is that of the file
}

// request is one, with the answer that it is to get: its status, and the text or the Location.
type request struct{ scheme, url, want string }

func (q request) ask(plain, secure string) string {
	if q.scheme == "https" {
		return asked(q.scheme, secure, q.url)
	}
	return asked(q.scheme, plain, q.url)
}

// addressesOf are those to which a host leads.
func addressesOf(t *testing.T, admin, host string) (out []string) {
	t.Helper()
	_, text := status("http://" + admin + "/api/routes")
	var view struct {
		Routes []struct {
			Host      string
			Instances []struct{ Address string }
		}
	}
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		t.Fatal(err)
	}
	for _, r := range view.Routes {
		for _, in := range r.Instances {
			if r.Host == host && !slices.Contains(out, in.Address) {
				out = append(out, in.Address)
			}
		}
	}
	return out
}

// verdictsAt are those of the API, as "verdict KEY": the tags' values are left out.
func verdictsAt(t *testing.T, admin string) (out []string) {
	t.Helper()
	_, text := status("http://" + admin + "/api/routes")
	var view struct {
		Rejects []struct{ Tag, Verdict, Reason string }
	}
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		t.Fatal(err)
	}
	for _, r := range view.Rejects {
		key, _, _ := strings.Cut(r.Tag, "=")
		if one := r.Verdict + " " + key + ": " + r.Reason; !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

// tells says whether any of a list begins so and holds all of the texts.
func tells(list []string, begin string, texts ...string) bool {
	return slices.ContainsFunc(list, func(one string) bool {
		return strings.HasPrefix(one, begin) && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(one, text) })
	})
}
