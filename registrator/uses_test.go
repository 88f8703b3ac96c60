package registrator

import (
	"strings"
	"testing"
)

func TestEachVariableEndsInALine(t *testing.T) {
	c := Container{ID: "c", Name: "/kiosk", Image: "example/kiosk", State: State{Running: true}, NetworkMode: "bridge",
		Ports: map[string][]Binding{"8080/tcp": {{HostPort: "1"}}, "9090/tcp": {{HostPort: "2"}}, "8443/tcp": {{HostPort: "3"}}},
		Env: []string{"SERVICE_TAGS=common", "SERVICE_8080_TAGS=web", "SERVICE_8080_CHECK_HTTP=/", "SERVICE_CHECK_TCP=1", "SERVICE_8443_IGNORE=false", "SERVICE_8443_NAME=x",
			"SERVICE_REGION=north", "SERVICE_81_NAME=x", "SERVICE_NAME=wrong", "SERVICE_9090_IGNORE=", "SERVICE_CHECK_COLOUR=red", "SERVICE_9090_CHECK_SCRIPT=x",
			"SERVICE_API_TOKEN=x", "SERVICE_9090_WEIGHT=many", "PATH=/bin"},
		Labels: map[string]string{"SERVICE_NAME": "kiosk"},
	}
	want := []string{
		"SERVICE_TAGS used tags, port 9090", "SERVICE_8080_TAGS used tags, port 8080", "SERVICE_8080_CHECK_HTTP used health check, port 8080",
		"SERVICE_CHECK_TCP ignored ...", "SERVICE_8443_IGNORE used port 8443 is not registered: any value has this effect, \"false\" too",
		"SERVICE_8443_NAME ignored port 8443 is not registered: SERVICE_8443_IGNORE", "SERVICE_REGION used meta region, ports 8080, 9090",
		"SERVICE_81_NAME ignored no port that it is about is registered", "SERVICE_NAME ignored ...", "SERVICE_9090_IGNORE used it is empty: nothing is left out",
		"SERVICE_CHECK_COLOUR ignored no variable has this name", "SERVICE_9090_CHECK_SCRIPT refused ...", "SERVICE_API_TOKEN refused looks like a secret: ...",
		"SERVICE_9090_WEIGHT refused ...", "SERVICE_NAME used the service's name, ports 8080, 9090",
	}
	all := VariableUses(c, nil, Options{Host: "h", HostIP: "192.0.2.1"})
	for i, u := range all {
		got := u.Source + " " + map[[2]bool]string{{true, false}: "used", {false, false}: "ignored", {false, true}: "refused"}[[2]bool{u.Used, u.Refused}] + " " + u.Text
		if i >= len(want) {
			t.Errorf("%s", got)
			continue
		}
		begin, open := strings.CutSuffix(want[i], "...")
		if got != want[i] && !(open && strings.HasPrefix(got, begin)) {
			t.Errorf("%q, want %q", got, want[i])
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d uses, want %d", len(all), len(want))
	}
	c.Ports = nil
	for _, u := range VariableUses(c, nil, Options{Host: "h"}) {
		if u.Used != strings.HasSuffix(u.Source, "8443_IGNORE") || u.Text == "" {
			t.Errorf("nothing is published: %+v", u)
		}
	}
	if VariableUses(c, nil, Options{Compat: CompatV7}) != nil {
		t.Error("a compatible mode")
	}
}
