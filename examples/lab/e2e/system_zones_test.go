package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// zones is examples/zones while it runs.
type zones struct {
	*compose
	front     *caller
	addresses [2]string // of the zones' published ports
}

// Example 1: two tiers, two zones. One zone may fail under load, and come back; an application more takes its share.
func TestSystemZones(t *testing.T) {
	t.Parallel()
	makes(t, "images")
	for name, find := range composes() {
		t.Run(name, func(t *testing.T) {
			z := startZones(t, find(t))
			z.rotates(1, 3, 3)
			z.publishes()
			z.losesZone("stop")
			if lab.Long() {
				z.losesZone("kill")
			}
			z.losesApplications()
			z.do("up", "-d", "zone1-app4")
			z.rotates(1, 4, 3)
		})
	}
}

func startZones(t *testing.T, c *compose) *zones {
	port := func() string { return fmt.Sprint(lab.FreePort(t)) }
	proxy := port()
	z := &zones{compose: c, front: newCaller(t, "127.0.0.1:"+proxy, time.Minute)}
	env := []string{"PROXY_PORT=" + proxy, "ADMIN_PORT=" + port(), "CONSUL_PORT=" + port()}
	for i := range z.addresses { // the published ports are fixed, so each run has addresses of its own
		z.addresses[i] = fmt.Sprintf("127.%d.%d.%d", 100+os.Getpid()%100, c.version, i+1)
		env = append(env, fmt.Sprintf("ZONE%d_ADDRESS=%s", i+1, z.addresses[i]))
	}
	z.use(copyOf(t, "zones"), "zones", env...).do("up", "-d")
	return z
}

// shares are how often each application answers one after another, by "SERVER_ID PORT".
func (z *zones) shares(n int) map[string]int {
	z.t.Helper()
	got := map[string]int{}
	for range n {
		a, err := z.front.try("GET", "", "/", "")
		if err != nil || a.status != 200 { // nobody listens yet
			return map[string]int{fmt.Sprint(a.body, err): a.status}
		}
		got[strings.NewReplacer("SERVER_ID=", "", "PORT=", "", "\n", "").Replace(a.body)]++
	}
	return got
}

// rotates waits until the zones from one on have the same shares, and so many applications in each do.
func (z *zones) rotates(from int, applications ...int) {
	z.t.Helper()
	const each = 24
	want := map[string]int{}
	for i, n := range applications {
		for port := range n {
			want[fmt.Sprintf("%d %d000", from+i, port+1)] = each / n
		}
	}
	var got map[string]int
	if !lab.Within(2*time.Minute, func() bool {
		got = z.shares(each * len(applications))
		return fmt.Sprint(got) == fmt.Sprint(want)
	}) {
		z.t.Fatalf("the answers: %v, want %v", got, want)
	}
}

// publishes asks the applications at the ports of their machine.
func (z *zones) publishes() {
	z.t.Helper()
	for i, address := range z.addresses {
		for _, port := range []string{"1000", "2000", "3000"} {
			want := fmt.Sprintf("SERVER_ID=%d PORT=%s\n", i+1, port)
			c := newCaller(z.t, address+":"+port, time.Minute)
			lab.Eventually(z.t, 10*time.Second, fmt.Sprintf("%s:%s answers %q", address, port, want), func() bool {
				a, err := c.try("GET", "", "/", "")
				return err == nil && a.body == want
			})
		}
	}
}

// under runs something under load, and tells what was answered from there on for a moment. No GET may be lost.
func (z *zones) under(what string, do func()) (answered map[string]int) {
	z.t.Helper()
	const rate = 100
	load := lab.Load{Address: z.front.address, Rate: rate, Plain: true, Expect: "SERVER_ID="}
	m := lab.StartMeter(z.t, load)
	do()
	after := lab.StartMeter(z.t, load)
	time.Sleep(2 * time.Second)
	for _, one := range []*lab.Meter{m, after} {
		if tally := one.Stop(); tally.Lost("") > 0 || tally.Sent("GET") == 0 {
			z.t.Errorf("%s: %s", what, tally)
		}
	}
	return after.Hosts()
}

// losesZone stops or kills the whole first zone under load, and starts it again.
func (z *zones) losesZone(how string) {
	z.t.Helper()
	zone := []string{"zone1", "zone1-app1", "zone1-app2", "zone1-app3"}
	z.elsewhere(z.under(how+" zone1", func() { z.do(append([]string{how}, zone...)...) }))
	z.under("start zone1", func() { z.do(append([]string{"start"}, zone...)...) })
	z.rotates(1, 3, 3)
}

// losesApplications leaves the first zone without applications: those of the second one serve for it.
func (z *zones) losesApplications() {
	z.t.Helper()
	apps := []string{"zone1-app1", "zone1-app2", "zone1-app3"}
	z.elsewhere(z.under("stop zone1's applications", func() { z.do(append([]string{"stop"}, apps...)...) }))
	z.under("start zone1's applications", func() { z.do(append([]string{"start"}, apps...)...) })
	z.rotates(1, 3, 3)
}

// elsewhere checks that the second zone alone has answered.
func (z *zones) elsewhere(answered map[string]int) {
	z.t.Helper()
	for who := range answered {
		if !strings.HasPrefix(who, "SERVER_ID=2 ") {
			z.t.Errorf("the first zone is gone, and these answered: %v", answered)
			return
		}
	}
}
