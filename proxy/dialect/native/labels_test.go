package native

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func TestNeeds(t *testing.T) {
	type labels = map[string]string
	for name, c := range map[string]struct {
		labels   labels
		want     dialect.Needs
		problems int
	}{
		"nothing":               {labels{"other.route": "x"}, dialect.Needs{}, 0},
		"routes are of a port":  {labels{"pointsman.route": "a.io/", "pointsman.route.b": "b.io/", "pointsman.allow": "10.0.0.1"}, dialect.Needs{OnePort: []string{"pointsman.route", "pointsman.route.b"}}, 0},
		"off is of all ports":   {labels{"pointsman.route": " off"}, dialect.Needs{}, 0},
		"port and network":      {labels{"Pointsman.Route": "a.io/", "pointsman.port": " 8080 ", "pointsman.network": "back"}, dialect.Needs{OnePort: []string{"Pointsman.Route"}, Port: 8080, Ports: []int{8080}, Network: "back", Spent: []string{"pointsman.network", "pointsman.port"}}, 0},
		"no port: no routes":    {labels{"pointsman.route": "a.io/", "pointsman.port": "http", "pointsman.allow": "10.0.0.1"}, dialect.Needs{Closed: true, Spent: []string{"pointsman.port", "pointsman.route"}}, 1},
		"two ports: no routes":  {labels{"pointsman.route": "a.io/", "pointsman.port": "80", "POINTSMAN.PORT": "81"}, dialect.Needs{Closed: true, Spent: []string{"POINTSMAN.PORT", "pointsman.port", "pointsman.route"}}, 1},
		"a port that has no 16": {labels{"pointsman.port": "65536"}, dialect.Needs{Spent: []string{"pointsman.port"}}, 1},
	} {
		got := Language().Needs(c.labels)
		problems := len(got.Problems)
		got.Problems = nil
		if !reflect.DeepEqual(got, c.want) || problems != c.problems {
			t.Errorf("%s: %+v with %d problems, want %+v", name, got, problems, c.want)
		}
	}
}

// FuzzNeeds: whatever labels hold, what is asked for is of them, and ports are ports.
func FuzzNeeds(f *testing.F) {
	f.Add("pointsman.route", "a.io/", "pointsman.port", "80")
	f.Add("POINTSMAN.Route.x", "off", "pointsman.network", "\x00")
	f.Add(" pointsman.port", "0x50", "pointsman.port", "-1")
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string) {
		labels := map[string]string{key1: value1, key2: value2}
		n := Language().Needs(labels)
		for _, key := range slices.Concat(n.OnePort, n.Spent) {
			if _, ok := labels[key]; !ok {
				t.Errorf("%q is no label", key)
			}
		}
		for _, port := range append(n.Ports, max(n.Port, 1)) {
			if port < 1 || port > 65535 {
				t.Errorf("port %d", port)
			}
		}
		for _, p := range n.Problems {
			if p.Problem == "" || p.Done == "" || len(p.Problem) > 1000 {
				t.Errorf("%+v", p)
			}
		}
	})
}
