package routing

import (
	"fmt"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// byPort is a language of which each tag asks for a host that is called like the instance's port of its container.
type byPort struct{}

func (byPort) Name() string          { return "by-port" }
func (byPort) Wants(tag string) bool { return tag == "by-port" }
func (byPort) Parse(tags []string, env dialect.Env) (out dialect.Result) {
	for _, tag := range tags {
		if tag != "by-port" {
			continue
		}
		rule, verdicts := dialect.ParseLine(fmt.Sprintf("p%d.io/", env.ContainerPort), dialect.PathSegments, env)
		rule.Language, rule.Sources = "by-port", []string{tag}
		out.Rules, out.Verdicts = append(out.Rules, rule), append(out.Verdicts, verdicts...)
	}
	return out
}

func onPort(address, port string) discovery.Instance {
	in := fixture.Instance("web", address, 80, "by-port")
	in.Meta = map[string]string{outside.MetaPort: port}
	return in
}

// The same tags may mean something else for another port of the container: what was parsed for one is not taken for another, neither in
// one snapshot nor in the next.
func TestTagsAreReadForTheContainerPort(t *testing.T) {
	table := NewTable(Options{Languages: dialect.Languages{byPort{}}}).Next(fixture.Snapshot(onPort("10.0.0.1", "80"), onPort("10.0.0.2", "81"), onPort("10.0.0.3", "80")))
	expect(t, table, "p80.io", "/", "10.0.0.1:80 10.0.0.3:80")
	expect(t, table, "p81.io", "/", "10.0.0.2:80")
	table = table.Next(fixture.Snapshot(onPort("10.0.0.1", "82"), onPort("10.0.0.2", "81"), onPort("10.0.0.3", "http")))
	expect(t, table, "p80.io", "/", "404")
	expect(t, table, "p81.io", "/", "10.0.0.2:80")
	expect(t, table, "p82.io", "/", "10.0.0.1:80")
	expect(t, table, "p0.io", "/", "10.0.0.3:80")
}
