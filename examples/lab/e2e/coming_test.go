package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// awaitRoutes waits until routes, as host/path, are there and have an instance.
func (c *compose) awaitRoutes(admin string, routes ...string) {
	c.t.Helper()
	lab.Eventually(c.t, time.Minute, "all routes are there", func() bool {
		return !slices.ContainsFunc(routes, func(r string) bool {
			host, path, _ := strings.Cut(r, "/")
			return usable(admin, host, "/"+path) < 1
		})
	})
}

// expectAnswer has a service's container answer for a host's path, with the path that it was asked for.
func (c *compose) expectAnswer(client *caller, host, path, service, asked string) {
	c.t.Helper()
	if r := client.get(host, path); r.status != http.StatusOK || !c.isOf(r.body, service) || !strings.Contains(r.body, fmt.Sprintf(" path=%q", asked)) {
		c.t.Errorf("%s%s: %d %q, want 200 by %s, asked for %s", host, path, r.status, r.body, service, asked)
	}
}

// isOf says whether the one container of any of the services has answered.
func (c *compose) isOf(answer string, services ...string) bool {
	c.t.Helper()
	return slices.ContainsFunc(services, func(s string) bool { return strings.Contains(answer, "host="+c.hostName(s)+" ") })
}

// expectTold has the API tell exactly of these tags of the project, as "verdict KEY".
func (c *compose) expectTold(admin string, want ...string) {
	c.t.Helper()
	a, err := http.Get("http://" + admin + "/api/routes")
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Body.Close()
	var view struct {
		Rejects []struct{ Instance, Tag, Verdict string }
	}
	if err := json.NewDecoder(a.Body).Decode(&view); err != nil {
		c.t.Fatal(err)
	}
	var told []string
	for _, r := range view.Rejects {
		if key, _, _ := strings.Cut(r.Tag, "="); strings.Contains(r.Instance, c.project) {
			told = append(told, r.Verdict+" "+key)
		}
	}
	slices.Sort(told)
	slices.Sort(want)
	if told = slices.Compact(told); !slices.Equal(told, want) {
		c.t.Errorf("told  %q\nwant %q", told, want)
	}
}
