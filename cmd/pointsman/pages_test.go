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

// options are "-name WORD" -> default.
type options map[string]string

var (
	helpLine = regexp.MustCompile(`(?m)^  (-\S+)(?: (\S+))? *\n +(.*)$`)
	helpDef  = regexp.MustCompile(` \(default (.*)\)$`)
	tableRow = regexp.MustCompile("(?m)^\\| `(-[^`]+)` \\| (?:`([^`]*)`)? ?\\|")
)

func helped(t *testing.T, command string) options {
	t.Helper()
	all := options{}
	for _, m := range helpLine.FindAllStringSubmatch(execute(t, binary, nil, command, "-help").stdout, -1) {
		def := ""
		if d := helpDef.FindStringSubmatch(m[3]); d != nil {
			def = d[1]
		}
		all[strings.TrimSpace(m[1]+" "+m[2])] = def
	}
	if len(all) == 0 {
		t.Fatalf("%s -help lists no options", command)
	}
	return all
}

// written are the options in the table of a command's page.
func written(t *testing.T, command string) options {
	t.Helper()
	all := options{}
	for _, m := range tableRow.FindAllStringSubmatch(lab.Page(t, command), -1) {
		all[strings.ReplaceAll(m[1], `\|`, "|")] = m[2]
	}
	return all
}

func compare(t *testing.T, command string, got, want options) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if def, there := got[name]; !there {
			t.Errorf("the page lacks %s's option %s", command, name)
		} else if def != want[name] {
			t.Errorf("the page says that %s's %s is by default %q; it is %q", command, name, def, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[name]; !there {
			t.Errorf("the page names %s's option %s, which does not exist", command, name)
		}
	}
}

func TestPagesListTheOptionsOfEachCommand(t *testing.T) {
	for _, command := range []string{"proxy", "registrator", "scale", "health", "check", "convert", "explain"} {
		compare(t, command, written(t, command), helped(t, command))
	}
}

// TestPagesTellRunAndDemoByWhatDiffers: they list what has another default, and after "Without" what is missing.
func TestPagesTellRunAndDemoByWhatDiffers(t *testing.T) {
	proxy, registrator := written(t, "proxy"), written(t, "registrator")
	both := maps.Clone(registrator)
	maps.Copy(both, proxy)
	for command, base := range map[string]options{"run": both, "demo": maps.Clone(proxy)} {
		got := maps.Clone(base)
		maps.Copy(got, written(t, command))
		_, without, _ := strings.Cut(strings.ReplaceAll(lab.Page(t, command), "\n", " "), "Without ")
		without, _, _ = strings.Cut(without, ". ")
		for _, m := range regexp.MustCompile("`(-[a-z-]+)`").FindAllStringSubmatch(without, -1) {
			maps.DeleteFunc(got, func(name, _ string) bool { return name == m[1] || strings.HasPrefix(name, m[1]+" ") })
		}
		compare(t, command, got, helped(t, command))
	}
}

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
