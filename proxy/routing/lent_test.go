package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Whoever writes routers that lead to another container's service can't take that container's own routes away from it, or close them.
func TestRoutersOfOthersLeaveTheOwnRoutesAlone(t *testing.T) {
	const service, own = "traefik.http.services.shop.loadbalancer.server.scheme=http", "traefik.http.routers.own.rule=Host(`own.test`)"
	to := func(name string, labels ...string) (out []string) {
		for _, label := range append([]string{"service=shop"}, labels...) {
			out = append(out, "traefik.http.routers."+name+"."+label)
		}
		return out
	}
	var many, costly []string
	for i := range 70 {
		many = append(many, to(fmt.Sprintf("r%d", i), fmt.Sprintf("rule=Host(`h%d.test`)", i), "middlewares=gate")...)
	}
	for i := range 12 {
		costly = append(costly, to(fmt.Sprintf("r%d", i), fmt.Sprintf("rule=Host(`h%d.test`) && PathRegexp(`^(a?b?c?d?){20}[0-9]{%d}$`)", i, i+1))...)
	}
	for name, labels := range map[string][]string{
		"the same requests and a password": append(to("r", "rule=Host(`own.test`)", "middlewares=gate"), other),
		"the same requests and an error":   to("r", "rule=Host(`own.test`)", "middlewares=nowhere"),
		"the same requests, no such label": to("r", "rule=Host(`own.test`)", "middleware=gate"),
		"a rule that can't be read":        to("r", "rule=Host(`own.test", "middlewares=gate"),
		"no rule of ours":                  to("r", "rule=HostSNI(`own.test`)", "entrypoints=nowhere"),
		"many routers":                     append(many, other),
		"costly expressions":               costly,
	} {
		t.Run(name, func(t *testing.T) {
			shop := enabled("shop", "10.0.0.2", service, own, "pointsman.route=line.test/ path-regexp=^/[a-z]*$", "pointsman.route.b=plain.test/")
			thief := enabled("thief", "10.0.0.3", labels...)
			table := newTable(Options{}).Next(fixture.Snapshot(shop)).Next(fixture.Snapshot(shop, thief))
			fresh := newTable(Options{}).Next(fixture.Snapshot(thief, shop))
			for _, table := range []*Table{table, fresh} {
				for _, host := range []string{"own.test", "line.test", "plain.test"} {
					if got := guard(table, host); got != "open" {
						t.Errorf("%s: %s: %+v", host, got, table.Verdicts())
					}
				}
				told := ""
				for _, v := range table.Verdicts() {
					if v.Service == "thief" || v.Kind == dialect.VerdictRefused {
						told += v.Reason
					}
				}
				if told == "" {
					t.Error("nobody is told")
				}
			}
		})
	}
}

// Who has written such a router is not told that all is well: whether it holds is decided where the service is.
func TestWhoLendsIsToldWhoDecides(t *testing.T) {
	shop := enabled("shop", "10.0.0.2", "traefik.http.services.shop.loadbalancer.server.scheme=http", "traefik.http.routers.own.rule=Host(`own.test`)")
	for _, c := range []struct{ label, want string }{
		{"rule=Host(`a.test`)", "where its container restricts who may come"},
		{"rule=Host(`a.test", "rule"}, {"middlewares=nowhere", "nowhere"}, {"middleware=gate", "there is no label"},
	} {
		front := enabled("front", "10.0.0.1", "traefik.http.routers.f.rule=Host(`a.test`)", "traefik.http.routers.f.service=shop", "traefik.http.routers.f."+c.label)
		if strings.HasPrefix(c.label, "rule") {
			front.Tags = append(front.Tags[:1:1], front.Tags[2:]...)
		}
		table := newTable(Options{}).Next(fixture.Snapshot(front, shop))
		told, refused := "", false
		for _, v := range table.ReadTags("front") {
			told += fmt.Sprint(v.Kind, " ", v.Reason, "; ")
			refused = refused || v.Kind == dialect.VerdictRefused
		}
		if !strings.Contains(told, c.want) || refused == strings.HasPrefix(c.want, "where") {
			t.Errorf("%s: told %q, want %q", c.label, told, c.want)
		}
	}
}
