package routing

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
)

func fileText(content string) *discovery.Text {
	t := discovery.NewText(discovery.TextFile, "dynamic.yml", content, 0)
	t.Language = traefik.Name
	return t
}

// What the file defines is in effect for labels of containers whose blocks are the same, and the other way around; a file that can't be read changes nothing.
func TestDefinitionsOfFiles(t *testing.T) {
	in := enabled("gallery", "10.0.0.1", "traefik.http.routers.gallery.rule=Host(`"+gallery+"`)", "traefik.http.routers.gallery.middlewares=gate@file", password)
	s := fixture.Snapshot(in)
	const users = "http: {middlewares: {gate: {basicAuth: {users: ['NAME:$apr1$abcdefgh$0123456789abcdefghijk/']}}}, " +
		"routers: {f: {rule: 'Host(`file.test`)', service: f, middlewares: [gate@docker]}}, services: {f: {loadBalancer: {servers: [{url: 'http://10.0.0.9:80'}]}}}}"
	table := newTable(Options{})
	for i, c := range []struct{ file, want string }{
		{"", "closed"}, {strings.Replace(users, "NAME", "one", 1), "one"}, {strings.Replace(users, "NAME", "two", 1), "two"}, {"http: [", "two"}, {"http: {}", "two"},
	} {
		next := *s
		next.Texts = []*discovery.Text{fileText(c.file)}
		table = table.Next(&next)
		if got := guard(table, gallery); got != c.want {
			t.Errorf("%d: %s, want %s; %+v", i, got, c.want, table.Verdicts())
		}
		if got := guard(table, "file.test"); i > 0 && i < 4 && got != "keeper" {
			t.Errorf("%d: the file's route: %s; %+v", i, got, table.Verdicts())
		}
		if again := table.Next(&next); again.claimants[0] != table.claimants[0] || again.sources[0] != table.sources[0] {
			t.Errorf("%d: compiled again without a change", i)
		}
	}
}
