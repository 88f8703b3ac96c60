package lab

import (
	"testing"
	"time"
)

// StartDatacenters starts a server in each of two datacenters or more and joins them. The servers have the same node name, as those of two
// sites that were set up alike may have, unless they would not be told apart: Consul tells them by their datacenter.
func StartDatacenters(t testing.TB, names ...string) map[string]*Consul {
	t.Helper()
	all := make(map[string]*Consul, len(names))
	var join []string
	for _, name := range names {
		config := map[string]any{
			"datacenter": name, "bootstrap_expect": 1, "performance": map[string]any{"raft_multiplier": 1}, "gossip_wan": fastGossip(),
		}
		if len(join) > 0 {
			config["retry_join_wan"], config["retry_interval_wan"] = join, "1s"
		}
		c := startAgent(t, agent{node: "server", server: true, wan: true, config: config})
		all[name] = c
		join = append(join, c.wan)
	}
	for _, c := range all {
		c.AwaitLeader(t)
		for _, name := range names {
			Eventually(t, 30*time.Second, "the datacenter "+name+" answers", func() bool {
				var list []any
				return c.Get("/v1/health/service/consul?dc="+name, &list) == nil && len(list) > 0
			})
		}
	}
	return all
}
