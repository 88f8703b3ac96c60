package main

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/registrator"
)

func TestPageListsConsulsVariables(t *testing.T) {
	asked, listed := map[string]bool{}, map[string]bool{}
	if _, err := consul.FromEnv(func(name string) string { asked[name] = strings.HasPrefix(name, "CONSUL_"); return "" }); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(CONSUL_[A-Z_]+)`").FindAllStringSubmatch(lab.Page(t, "consul"), -1) {
		listed[m[1]] = true
	}
	maps.DeleteFunc(asked, func(_ string, consuls bool) bool { return !consuls })
	if got, want := slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(asked)); !slices.Equal(got, want) {
		t.Errorf("consul.md lists %v, the program asks for %v", got, want)
	}
}

// TestServiceVariablesOfThePageHaveAnEffect: each example of the table changes what is registered, and nobody complains.
func TestServiceVariablesOfThePageHaveAnEffect(t *testing.T) {
	registered := func(variables ...string) ([]registrator.Registration, []registrator.Complaint) {
		c := registrator.Container{ID: strings.Repeat("a", 64), Name: "/web1", Image: "web", Exposed: []string{"80/tcp"}, Env: variables,
			Ports: map[string][]registrator.Binding{"80/tcp": nil}, NetworkMode: "front", State: registrator.State{Running: true, Status: "running"},
			Networks: map[string]registrator.Network{"front": {IPAddress: "172.20.0.2"}, "backend": {IPAddress: "172.21.0.2"}}}
		return registrator.Desired(c, nil, registrator.Options{Host: "host", HostIP: "127.0.0.1", Internal: true, AllowScriptChecks: true})
	}
	bases := [][]string{{}, {"SERVICE_CHECK_HTTP=/"}, {"SERVICE_CHECK_HTTPS=/"}, {"SERVICE_CHECK_GRPC=true"}}
	examples := regexp.MustCompile("(?m)^\\| `(SERVICE_[^`]+)` \\|").FindAllStringSubmatch(lab.Page(t, "container"), -1)
	if len(examples) < 20 {
		t.Fatalf("%d examples found", len(examples))
	}
	for _, m := range examples {
		effect := false
		for _, base := range bases {
			before, _ := registered(base...)
			after, complaints := registered(append(slices.Clone(base), m[1])...)
			effect = effect || (len(complaints) == 0 && !reflect.DeepEqual(before, after))
		}
		if !effect {
			t.Errorf("container.md's %s does nothing, or not without a complaint", m[1])
		}
	}
}

// notOurs are words of pages that only look like options.
var notOurs = []string{"-option"}

// TestPagesNameWhatThereIs: each option, variable, command and metric that a page names exists.
func TestPagesNameWhatThereIs(t *testing.T) {
	options, variables := map[string]bool{}, map[string]bool{}
	known := []string{"help"}
	for _, c := range commands() {
		known = append(known, c.name)
		if c.name == "version" {
			continue
		}
		for name := range helped(t, c.name) {
			options["-"+name], variables[variable(name)] = true, true
		}
	}
	for _, page := range lab.PageNames(t) {
		text := lab.Page(t, page)
		for _, m := range regexp.MustCompile("`(-[a-z][A-Za-z-]+)[ =`]").FindAllStringSubmatch(text, -1) {
			if !options[m[1]] && !slices.Contains(notOurs, m[1]) {
				t.Errorf("%s.md names the option %s, which does not exist", page, m[1])
			}
		}
		for _, name := range regexp.MustCompile(`POINTSMAN_[A-Z_]+`).FindAllString(text, -1) {
			if !variables[name] && name != "POINTSMAN_LONG" {
				t.Errorf("%s.md names the variable %s, which does not exist", page, name)
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:`|^)pointsman ([a-z]+)").FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s.md names the command %s, which does not exist", page, m[1])
			}
		}
	}
}

// TestRoutesOfPagesAreUsed: each route that a page shows is in effect as written.
func TestRoutesOfPagesAreUsed(t *testing.T) {
	shown := 0
	for _, page := range lab.PageNames(t) {
		for _, line := range regexp.MustCompile(`(?m)^pointsman\.route.*$`).FindAllString(lab.Page(t, page), -1) {
			shown++
			if o := execute(t, binary, nil, "check", "-acme", "-tag", line); o.code != exitOK {
				t.Errorf("%s.md: %s", page, o.stdout)
			}
		}
	}
	if shown < 8 {
		t.Errorf("only %d routes found", shown)
	}
}
