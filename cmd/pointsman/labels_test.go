package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

func TestLabelNames(t *testing.T) {
	for text, want := range map[string][]string{"": nil, "none": nil, "all": labelledNames(), "native": {"native"}, "native, native": {"native", "native"}} {
		var l labelNames
		if err := l.Set(text); err != nil || !slices.Equal(l.names, want) || l.String() != text {
			t.Errorf("%q: %v %v", text, l.names, err)
		}
	}
	for _, text := range []string{"fabio", "Native", "native,", "native,all"} { // Fabio reads no labels
		if err := new(labelNames).Set(text); err == nil || !strings.Contains(err.Error(), "native") {
			t.Errorf("%q: %v", text, err)
		}
	}
	r := execute(t, binary, nil, "registrator", "-compat", "head", "-labels", "native", "consul://127.0.0.1:1")
	if r.code != 1 || !strings.Contains(r.stderr, "-labels") {
		t.Errorf("-compat with -labels: %+v", r)
	}
}

const secretHash = "$apr1$r31abcde$SZEN.U5sWGGNcv9YsUrqI."

// tagsOf are the tags of a container with labels, as they are registered.
func tagsOf(t *testing.T, o registrator.Options, labels map[string]string) (tags []string, complaints []registrator.Complaint) {
	t.Helper()
	c := registrator.Container{ID: strings.Repeat("a", 64), Name: "/shop", Image: "shop", Exposed: []string{"80/tcp"}, NetworkMode: "front", Labels: labels,
		State: registrator.State{Running: true, Status: "running"}, Networks: map[string]registrator.Network{"front": {IPAddress: "172.20.0.2"}}}
	o.Host = "host"
	list, complaints := registrator.Desired(c, nil, o)
	if len(list) != 1 {
		t.Fatalf("%+v %v", list, complaints)
	}
	return list[0].Tags, complaints
}

// A label with a secret reaches the catalogue with -labels-secrets alone. Without it its route is closed, and so are all where labels got
// lost.
func TestSecretsOfLabels(t *testing.T) {
	asked := map[string]string{"pointsman.route": "shop.io/ auth=basic:anna:" + secretHash, "pointsman.route.open": "open.io/"}
	crowd := map[string]string{"pointsman.route.open": "open.io/"}
	for i := range 300 {
		crowd["pointsman.x"+strings.Repeat("y", i)] = "z"
	}
	for name, c := range map[string]struct {
		labels       map[string]string
		secrets      bool
		open, closed int
	}{
		"withheld":        {asked, false, 1, 1},
		"published":       {asked, true, 2, 0},
		"too many":        {crowd, true, 0, 0},
		"no port":         {map[string]string{"pointsman.port": "http", "pointsman.route": "a.io/ allow=10.0.0.0/8"}, false, 0, 0},
		"too long a list": {map[string]string{"pointsman.route": "a.io/", "pointsman.deny": strings.Repeat("10.0.0.1,", 1000)}, false, 0, 1},
	} {
		tags, complaints := tagsOf(t, registrator.Options{Internal: true, Labels: labels([]string{"native"}, c.secrets)}, c.labels)
		r := languages().Parse(tags, dialect.Env{ContainerPort: 80})
		open, closed := 0, 0
		for _, rule := range r.Rules {
			if rule.Policy.Closed {
				closed++
			} else {
				open++
			}
		}
		if open != c.open || closed != c.closed || (c.open == 0) != r.Defaults.Rule("", dialect.Match{}).Policy.Closed {
			t.Errorf("%s: %d routes open, %d closed: %q", name, open, closed, tags)
		}
		if (len(complaints) == 0) != (name == "published") {
			t.Errorf("%s: %v", name, complaints)
		}
		if held := strings.Contains(strings.Join(tags, " "), secretHash); held != c.secrets && name != "too many" && name != "too long a list" {
			t.Errorf("%s: the catalogue has the secret: %v", name, held)
		}
	}
}

// Labels that both generations of Traefik have are read by both: the port that one names decides where they are tags.
func TestLabelsOfBothTraefiks(t *testing.T) {
	all := registrator.Options{Internal: true, Labels: labels(labelledNames(), true)}
	for _, c := range []struct {
		labels map[string]string
		tags   map[int]int // by port of the container
	}{
		{map[string]string{"traefik.enable": "true", "traefik.port": "9000", "traefik.frontend.rule": "Host:a.b", "traefik.docker.network": "front"}, map[int]int{80: 3, 9000: 3}},
		{map[string]string{"traefik.enable": "true", "traefik.frontend.rule": "Host:a.b", "traefik.b.frontend.rule": "Host:c.d", "traefik.b.port": "9001"}, map[int]int{80: 4, 9001: 4}},
		{map[string]string{"traefik.enable": "true", "traefik.http.routers.r.rule": "Host(`a.b`)"}, map[int]int{80: 2}},
		{map[string]string{"traefik.enable": "true", "traefik.frontend.rule": "Host:a.b", "traefik.http.services.s.loadbalancer.server.port": "8080"}, map[int]int{80: 3, 8080: 2}},
	} {
		one := registrator.Container{ID: strings.Repeat("a", 64), Name: "/shop", Image: "shop", Exposed: []string{"80/tcp"}, NetworkMode: "front", Labels: c.labels,
			State: registrator.State{Running: true, Status: "running"}, Networks: map[string]registrator.Network{"front": {IPAddress: "172.20.0.2"}}}
		all.Host = "host"
		list, complaints := registrator.Desired(one, nil, all)
		got := map[int]int{}
		for _, r := range list {
			got[r.Port] = len(r.Tags)
		}
		if !maps.Equal(got, c.tags) || len(complaints) > 0 {
			t.Errorf("%v: %v, want %v: %v", c.labels, got, c.tags, complaints)
		}
	}
}

// A routing tag of SERVICE_TAGS that can't be published as it is closes its route, or all where it is an option that all routes have; any other
// such tag is dropped.
func TestTagsThatCannotBePublishedOpenNothing(t *testing.T) {
	long := strings.Repeat("10.0.0.1\\,", 1000)
	many := strings.Repeat("plain,", 300)
	for tags, open := range map[string]int{
		"pointsman.route=a.io/,plain\x01,other":                               1,
		"pointsman.route=a.io/,pointsman.deny=ip:" + long:                     0,
		"pointsman.route=a.io/,pointsman.deny=ip:10.0.0.1\x01":                0,
		"urlprefix-a.io/,urlprefix-a.io/in allow=ip:" + long:                  1,
		"pointsman.route=a.io/,pointsman.route=a.io/in deny=ip:10.1.1.1 \x01": 1,
		"pointsman.route=a.io/," + many + "pointsman.deny=ip:10.0.0.1":        0,
		"pointsman.route=a.io/," + many:                                       1,
	} {
		list, complaints := tagsOf(t, registrator.Options{Internal: true, Labels: labels(nil, false)}, map[string]string{"SERVICE_TAGS": tags})
		r := languages().Parse(list, dialect.Env{ContainerPort: 80})
		n := 0
		for _, rule := range r.Rules {
			if !rule.Policy.Closed {
				n++
			}
		}
		if n != open || len(complaints) == 0 {
			t.Errorf("%.100q: %d routes open, want %d: %.300q, %v", tags, n, open, list, complaints)
		}
	}
}

// A label on a container makes a route, on the real way: Docker, registrator, Consul, proxy.
func TestALabelMakesARoute(t *testing.T) {
	d, c := lab.FindDocker(t), lab.StartConsul(t)
	image := d.WebImage()
	name := fmt.Sprintf("pmcmd-labels-%d", os.Getpid()) // of this test alone, whatever else runs on the engine
	env := []string{"DOCKER_HOST=unix://" + d.Socket}
	off := lab.StartProcess(t, "off", env, called, "-retry-attempts", "-1", "consul://"+c.HTTP)
	first := d.Run("--label", "pointsman.route=off."+name+"/", "--label", "SERVICE_NAME="+name, image)
	lab.Eventually(t, 10*time.Second, "the container is named in the log", func() bool { return strings.Contains(off.Output(), first[:12]+") has labels") })
	if err := off.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
	d.Remove(first)
	r := lab.StartProcess(t, "registrator", env, called, "-labels", "native", "consul://"+c.HTTP)
	_, address, admin := startProxy(t, nil, "-consul", c.HTTP)
	// The image exposes port 80 and nothing publishes it: the labels alone have it registered.
	run := func(host string) string {
		return d.Run("--name", name, "--label", "SERVICE_NAME="+name, "--label", "pointsman.route="+host+"."+name+"/ max-body=1m",
			"--label", "pointsman.route.secret=secret."+name+"/ auth=basic:anna:"+secretHash, image)
	}
	one := run("one")
	answers(t, address, "one."+name, 200, one[:12])
	answers(t, address, "secret."+name, 503, "")
	d.Remove(one)
	two := run("two")
	answers(t, address, "two."+name, 200, two[:12])
	answers(t, address, "one."+name, 404, "")
	var held map[string]struct {
		Service string
		Tags    []string
		Meta    map[string]string
	}
	published := ""
	if err := c.Get("/v1/agent/services", &held); err != nil {
		t.Fatal(err)
	}
	for id, s := range held {
		published += strings.Join(s.Tags, " ")
		if s.Service == name && (s.Meta["pointsman-port"] != "80" || s.Meta["pointsman-name"] != name || len(s.Tags) != 2 || !strings.HasPrefix(s.Tags[0], "pointsman.route.secret=")) {
			t.Errorf("%s: %+v", id, s)
		}
	}
	_, routes := status("http://" + admin + "/api/routes")
	if !strings.Contains(routes, "-labels-secrets") {
		t.Errorf("the API does not say why a route is closed: %s", routes)
	}
	for what, text := range map[string]string{"the API": routes, "the log": r.Output(), "Consul": published} {
		if strings.Contains(text, "SZEN") {
			t.Errorf("%s tells the secret: %s", what, text)
		}
	}
	// Labels that can't be tags cost the container its routes, and not its registration.
	crowd := []string{"--label", "SERVICE_NAME=" + name + "-odd", "--label", "pointsman.route=odd." + name + "/"}
	long := d.Run(append(slices.Clone(crowd), "--label", "pointsman.deny="+strings.Repeat("10.0.0.1,", 9_000), "--label", "pointsman.route.x=x\ny", image)...)
	answers(t, address, "odd."+name, 503, "")
	d.Remove(long)
	for i := range 300 {
		crowd = append(crowd, "--label", fmt.Sprintf("pointsman.x%d=y", i))
	}
	many := d.Run(append(crowd, "-p", "127.0.0.1::80", image)...)
	lab.Eventually(t, 10*time.Second, "registered without its route", func() bool {
		tags := map[string][]string{}
		return c.Get("/v1/catalog/services", &tags) == nil && slices.Equal(tags[name+"-odd"], []string{dialect.WithheldMany})
	})
	d.Remove(two, many)
}
