package registrator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// claimOf is container name's claim to id, started after so many seconds.
func claimOf(id, name string, second int) Claim {
	started := someStart.Add(time.Duration(second) * time.Second)
	return Claim{Container: "id-" + name, Name: name, Started: started, Registration: Registration{
		ID: id, Name: "web", Address: "192.168.1.102", Port: 8080, Tags: []string{"a", "b"}, Meta: map[string]string{"k": "v"},
		Checks: []Check{{TCP: "192.168.1.102:8080", Interval: "10s"}},
		Owner:  Owner{Host: "dockerhost", Container: "id-" + name, Started: started},
	}}
}

// holds is what the catalogue holds after a claim was registered.
func holds(c Claim) Held {
	h := Held{Registration: c.Registration, Digest: Digest(c.Checks)}
	h.Checks = nil
	h.Owner.Sent = someStart.Add(time.Hour)
	h.Weight = 1
	return h
}

func heldOf(hs ...Held) map[string]Held {
	out := map[string]Held{}
	for _, h := range hs {
		out[h.ID] = h
	}
	return out
}

// left is a registration without a mark, as Registrator or a person made it.
func left(id string) Held { return Held{Registration: Registration{ID: id, Name: "web"}} }

func wantSteps(t *testing.T, got Steps, register, deregister []string, complaints int) {
	t.Helper()
	var ids []string
	for _, r := range got.Register {
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, register) || !slices.Equal(got.Deregister, deregister) || len(got.Complaints) != complaints {
		t.Errorf("register %q, deregister %q, %v; want %q, %q and %d complaints", ids, got.Deregister, got.Complaints, register, deregister, complaints)
	}
}

var ours = Scope{Host: "dockerhost"}

func TestPlanOfNothingNew(t *testing.T) {
	c := claimOf("dockerhost:web1:80", "web1", 0)
	wantSteps(t, Plan([]Claim{c}, heldOf(holds(c)), ours), nil, nil, 0)
	wantSteps(t, Plan([]Claim{c}, nil, ours), []string{c.ID}, nil, 0)
}

func TestPlanSeesEveryDifference(t *testing.T) {
	c := claimOf("dockerhost:web1:80", "web1", 0)
	for name, change := range map[string]func(*Held){
		"name": func(h *Held) { h.Name = "x" }, "address": func(h *Held) { h.Address = "" }, "port": func(h *Held) { h.Port++ },
		"order of tags": func(h *Held) { h.Tags = []string{"b", "a"} }, "meta": func(h *Held) { h.Meta = map[string]string{"k": "w"} },
		"weight": func(h *Held) { h.Weight = 2 }, "override": func(h *Held) { h.EnableTagOverride = true },
		"checks": func(h *Held) { h.Digest = Digest(nil) }, "no mark": func(h *Held) { h.Owner, h.Digest = Owner{}, "" },
		"start": func(h *Held) { h.Owner.Started = h.Owner.Started.Add(1) }, "container": func(h *Held) { h.Owner.Container = "other" },
	} {
		h := holds(c)
		change(&h)
		t.Run(name, func(t *testing.T) {
			wantSteps(t, Plan([]Claim{c}, heldOf(h), ours), []string{c.ID}, nil, 0)
		})
	}
	c.EnableTagOverride = true
	h := holds(c)
	h.Tags, h.Owner.Sent, h.Owner.Started = []string{"theirs"}, time.Now(), h.Owner.Started.Local()
	wantSteps(t, Plan([]Claim{c}, heldOf(h), ours), nil, nil, 0)
}

func TestPlanRemovesOnlyWhatIsOurs(t *testing.T) {
	gone := holds(claimOf("custom", "gone", 0))
	elsewhere := holds(claimOf("elsewhere", "gone", 0))
	elsewhere.Owner.Host = "otherhost"
	held := heldOf(gone, elsewhere, left("dockerhost:old:80"), left("dockerhost:old:53:udp"), left("otherhost:old:80"), left("by-hand"))
	wantSteps(t, Plan(nil, held, ours), nil, []string{"custom"}, 0)
	cleanup := ours
	cleanup.Cleanup = true
	leftovers := []string{"custom", "dockerhost:old:53:udp", "dockerhost:old:80"}
	wantSteps(t, Plan(nil, held, cleanup), nil, leftovers, 0)
	compat := ours
	compat.Compat = CompatHEAD
	wantSteps(t, Plan(nil, held, compat), nil, leftovers, 0)
}

func TestPlanRemovesAGhostOnAnotherPort(t *testing.T) {
	c := claimOf("dockerhost:web1:80", "web1", 0)
	ghost := holds(claimOf("dockerhost:web1:81", "web1", 0))
	wantSteps(t, Plan([]Claim{c}, heldOf(holds(c), ghost), ours), nil, []string{"dockerhost:web1:81"}, 0)
	cleanup := ours
	cleanup.Cleanup = true
	wantSteps(t, Plan([]Claim{c}, heldOf(holds(c), left("dockerhost:web1:81")), cleanup), nil, []string{"dockerhost:web1:81"}, 0)
}

func TestPlanLeavesAnIDToWhoHoldsIt(t *testing.T) {
	old, young := claimOf("shared", "old", 1), claimOf("shared", "young", 2)
	for _, claims := range [][]Claim{{old, young}, {young, old}} {
		for _, holder := range []Claim{old, young} {
			wantSteps(t, Plan(claims, heldOf(holds(holder)), ours), nil, nil, 1)
		}
		got := Plan(claims, nil, ours)
		wantSteps(t, got, []string{"shared"}, nil, 1)
		if got.Register[0].Owner.Container != "id-old" || !strings.Contains(got.Complaints[0].String(), `"young"`) {
			t.Errorf("got %+v, want the earlier start", got)
		}
	}
	// The end of the one that is not registered removes nothing; the end of the one that is hands the ID over.
	wantSteps(t, Plan([]Claim{young}, heldOf(holds(young)), ours), nil, nil, 0)
	wantSteps(t, Plan([]Claim{young}, heldOf(holds(old)), ours), []string{"shared"}, nil, 0)
	// Whether the holder still claims it is not known before it has been looked at.
	s := ours
	s.Seen = func(string) bool { return false }
	got := Plan([]Claim{young}, heldOf(holds(old)), s)
	wantSteps(t, got, nil, nil, 0)
	if !slices.Equal(got.Look, []string{"id-old"}) {
		t.Errorf("look at %q, want the holder", got.Look)
	}
}

// An ID that a label chose is refused when somebody else holds it, whoever that is; the container that an ID of Registrator's form
// names gets it in any case.
func TestPlanRefusesAnotherOwnersID(t *testing.T) {
	const victims = "dockerhost:victim:80"
	by := func(host, container string) Held {
		h := holds(claimOf(victims, "victim", 1))
		h.Owner.Host, h.Owner.Container = host, container
		return h
	}
	unmarked := left(victims)
	shifted := left(victims)
	shifted.Port, shifted.Address = 8080, "192.168.1.103"
	for name, held := range map[string]Held{
		"another registrator's": by("otherhost", "id-victim"), "nobody's": unmarked, "at another address": shifted,
	} {
		t.Run(name, func(t *testing.T) {
			thief := claimOf(victims, "thief", 9)
			got := Plan([]Claim{thief}, heldOf(held), ours)
			wantSteps(t, got, nil, nil, 1)
			if line := got.Complaints[0].String(); !strings.Contains(line, "thief") || !strings.Contains(line, "belongs to") || !strings.Contains(line, "SERVICE_ID") {
				t.Error(line)
			}
			for _, second := range []int{0, 20} { // started before or after the thief
				got = Plan([]Claim{thief, claimOf(victims, "victim", second)}, heldOf(held), ours)
				wantSteps(t, got, []string{victims}, nil, 1)
				if got.Register[0].Owner.Container != "id-victim" {
					t.Errorf("registered %+v", got.Register[0])
				}
			}
			s := ours
			s.Compat = CompatHEAD // Registrator replaces what bears no mark
			want := []string{victims}
			if held.Owner.Container != "" {
				want = nil
			}
			wantSteps(t, Plan([]Claim{thief}, heldOf(held), s), want, nil, 1-len(want))
		})
	}
}

// What Registrator registered for the same container is taken over, by the ID's form or because it is the very same service.
func TestPlanAdoptsRegistratorsRegistration(t *testing.T) {
	c := claimOf("dockerhost:web1:80", "web1", 1)
	wantSteps(t, Plan([]Claim{c}, heldOf(left(c.ID)), ours), []string{c.ID}, nil, 0)
	chosen := claimOf("shop-1", "web1", 1)
	for _, address := range []string{chosen.Address, ""} {
		h := left("shop-1")
		h.Address, h.Port = address, chosen.Port
		wantSteps(t, Plan([]Claim{chosen}, heldOf(h), ours), []string{"shop-1"}, nil, 0)
		h.Name = "other"
		wantSteps(t, Plan([]Claim{chosen}, heldOf(h), ours), nil, nil, 1)
	}
}

func TestPlanSendsAnIDSharedByTwoPortsOnce(t *testing.T) {
	for _, mode := range []Compat{CompatNone, CompatHEAD} {
		c := webContainer(twoPorts, env("SERVICE_ID=myid"))
		rs, _ := Desired(c, nil, options(mode))
		if len(rs) != 2 {
			t.Fatalf("%d bodies", len(rs))
		}
		wantSteps(t, Plan(Claims(c, rs), nil, Scope{Host: "dockerhost", Compat: mode}), []string{"myid"}, nil, 1)
	}
}

func TestPlanLeavesWhatAnotherHostHolds(t *testing.T) {
	mine, theirs := claimOf("shared", "mine", 1), claimOf("shared", "theirs", 2)
	theirs.Owner.Host = "otherhost"
	wantSteps(t, Plan([]Claim{mine}, heldOf(holds(theirs)), ours), nil, nil, 1)
	mine.Started = theirs.Started.Add(time.Second)
	wantSteps(t, Plan([]Claim{mine}, heldOf(holds(theirs)), ours), nil, nil, 1)
	// The same container under the host's old name is ours whatever the times say.
	renamed := holds(claimOf("shared", "mine", 5))
	renamed.Owner.Host = "oldname"
	wantSteps(t, Plan([]Claim{claimOf("shared", "mine", 1)}, heldOf(renamed), ours), []string{"shared"}, nil, 0)
}

func TestPlanKeeps(t *testing.T) {
	ended := holds(claimOf("dockerhost:ended:80", "ended", 0))
	unmarked := left("dockerhost:old:80")
	held := heldOf(ended, unmarked)
	all := []string{ended.ID, unmarked.ID}
	s := Scope{Host: "dockerhost", Cleanup: true}
	wantSteps(t, Plan(nil, held, s), nil, all, 0)
	s.Kept = map[string]string{"id-ended": "ended", "id-old": "old"}
	wantSteps(t, Plan(nil, held, s), nil, nil, 0)
	s.Kept, s.Never = nil, true
	wantSteps(t, Plan(nil, held, s), nil, nil, 0)
	// It lives again, on another port: what it no longer claims goes, never or not.
	live := claimOf("dockerhost:ended:81", "ended", 1)
	wantSteps(t, Plan([]Claim{live}, held, s), []string{live.ID}, []string{ended.ID}, 0)
}

// In the compat modes nothing of ours is in the catalogue; the caller knows whose a registration of its own is.
func TestPlanWithoutMarks(t *testing.T) {
	s := Scope{Host: "dockerhost", Compat: CompatHEAD}
	c := claimOf("custom", "web1", 1)
	owner := c.Owner
	c.Owner = Owner{}
	h := holds(c)
	h.Owner, h.Digest = Owner{}, ""
	wantSteps(t, Plan([]Claim{c}, heldOf(h), s), nil, nil, 0)
	h.Owner = owner
	wantSteps(t, Plan([]Claim{c}, heldOf(h), s), nil, nil, 0)
	wantSteps(t, Plan(nil, heldOf(h), s), nil, []string{"custom"}, 0)
	again := c
	again.Started = again.Started.Add(time.Second)
	wantSteps(t, Plan([]Claim{again}, heldOf(h), s), []string{"custom"}, nil, 0)
	h.Owner.Sent = someStart
	wantSteps(t, Plan([]Claim{c}, heldOf(h), s), []string{"custom"}, nil, 0)
}

// One plan carried out leaves nothing to do, and the order of claims does not matter.
func TestPlanSettles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		var claims []Claim
		for i := range random.IntN(8) {
			claims = append(claims, claimOf(fmt.Sprintf("dockerhost:c%d:80", random.IntN(5)), fmt.Sprintf("n%d", i), random.IntN(3)))
		}
		held := map[string]Held{}
		for range random.IntN(8) {
			h := holds(claimOf(fmt.Sprintf("dockerhost:c%d:80", random.IntN(7)), fmt.Sprintf("n%d", random.IntN(8)), random.IntN(3)))
			if random.IntN(3) == 0 {
				h.Owner, h.Digest = Owner{}, ""
			}
			held[h.ID] = h
		}
		s := Scope{Host: "dockerhost", Cleanup: true}
		steps := Plan(claims, held, s)
		random.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
		if other := Plan(claims, held, s); fmt.Sprint(other.Register, other.Deregister) != fmt.Sprint(steps.Register, steps.Deregister) {
			t.Fatalf("round %d: the order of claims changes the plan", round)
		}
		for _, r := range steps.Register {
			held[r.ID] = holds(Claim{Registration: r})
		}
		for _, id := range steps.Deregister {
			delete(held, id)
		}
		if rest := Plan(claims, held, s); len(rest.Register)+len(rest.Deregister) > 0 {
			t.Fatalf("round %d: still to do: %+v", round, rest)
		}
	}
}

func TestRegistratorID(t *testing.T) {
	for id, want := range map[string]string{
		"dockerhost:web1:80":     "dockerhost web1 80 false",
		"dockerhost:web1:53:udp": "dockerhost web1 53 true",
		"a:b:web_1.x-y:80":       "a:b web_1.x-y 80 false",
		"2001:db8::1:web1:80":    "2001:db8::1 web1 80 false",
		"dockerhost:w:80":        "", "web1:80": "", ":web1:80": "", "dockerhost:web1:": "", "dockerhost:web1:x": "", "dockerhost:web1:8o": "",
		"dockerhost:web1:80:tcp": "", "dockerhost:we b:80": "", "myid": "", "": "", "udp": "", ":udp": "", "dockerhost:web1:+80": "",
		"dockerhost:web1:99999999999999999999": "",
	} {
		got := ""
		if host, name, port, udp, ok := RegistratorID(id); ok {
			got = fmt.Sprint(host, " ", name, " ", port, " ", udp)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func TestDigestLeavesOutTheMirrorsState(t *testing.T) {
	first := Check{HTTP: "http://x/", Interval: "10s"}
	mirror := Check{ID: "m", TTL: "24h", Status: "critical", Output: "starting"}
	healthy := mirror
	healthy.Status, healthy.Output = "passing", "ok"
	slower := first
	slower.Interval = "20s"
	if Digest([]Check{first, mirror}) != Digest([]Check{first, healthy}) {
		t.Error("a change of health changes the digest")
	}
	seen := map[string]bool{}
	for _, checks := range [][]Check{nil, {first}, {slower}, {mirror}, {first, mirror}} {
		seen[Digest(checks)] = true
	}
	if len(seen) != 5 {
		t.Errorf("five definitions, %d digests", len(seen))
	}
	first.Header = map[string][]string{}
	if Digest([]Check{first}) != Digest([]Check{{HTTP: "http://x/", Interval: "10s", Script: []string{}}}) {
		t.Error("empty and absent differ")
	}
}

// -deregister on-success, exit code by exit code.
func TestPolicyRemoves(t *testing.T) {
	for code, want := range map[int]bool{0: true, 1: false, 2: false, 126: false, 127: false, 137: true, 143: true, 255: true} {
		if got := DeregisterOnSuccess.Removes(false, false, code); got != want {
			t.Errorf("on-success, exit %d: %v", code, got)
		}
	}
	if !DeregisterOnSuccess.Removes(true, false, 1) || DeregisterOnSuccess.Removes(false, true, 0) {
		t.Error("on-success: what is gone is removed, what runs is not")
	}
	if !DeregisterAlways.Removes(false, false, 1) || DeregisterNever.Removes(true, false, 0) {
		t.Error("always or never")
	}
}
