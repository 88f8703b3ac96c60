package lab

import (
	"testing"
	"time"
)

func TestConsulRegistersAndSurvivesAKill(t *testing.T) {
	c := StartConsul(t)
	if err := c.Put("/v1/agent/service/register", map[string]any{"ID": "a", "Name": "web", "Address": "10.0.0.1", "Port": 80}); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 5*time.Second, "it is named and passing", func() bool { return c.Named("web") == 1 && c.Passing("web") == 1 })
	c.Restart(t)
	if c.Named("web") != 0 {
		t.Error("an agent in development mode kept its data")
	}
}

func TestFrozenClientAgentTurnsItsInstancesCritical(t *testing.T) {
	server, client := StartPair(t)
	if err := client.Put("/v1/agent/service/register", map[string]any{"ID": "a", "Name": "web", "Address": "127.0.0.1", "Port": 80}); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 10*time.Second, "the server lists the instance", func() bool { return server.Passing("web") == 1 })
	client.Freeze()
	defer client.Thaw()
	Eventually(t, 15*time.Second, "the server calls the node critical", func() bool {
		list, err := server.Health("web")
		return err == nil && len(list) == 1 && list[0].NodeDown
	})
	client.Thaw()
	Eventually(t, 15*time.Second, "the instance passes again", func() bool { return server.Passing("web") == 1 })
}

func TestTrioElectsANewLeader(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take seconds")
	}
	trio := StartTrio(t)
	trio[0].Kill()
	Eventually(t, 20*time.Second, "the others have a leader that answers writes", func() bool {
		return trio[1].Put("/v1/kv/x", "y") == nil
	})
	trio[0].Wipe(t)
}
