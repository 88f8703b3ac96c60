package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// eventFaults are the ways in which the stream of events can break. Between breaks and heals the containers change unseen.
var eventFaults = []struct {
	name         string
	breaks, heal func(t *testing.T, through *lab.Forwarder)
	gap          time.Duration
	limit        time.Duration // until everything is right again
}{
	{"end", func(_ *testing.T, f *lab.Forwarder) { f.Down(); f.Finish() }, func(t *testing.T, f *lab.Forwarder) { f.Up(t) }, 0, resync},
	{"reset", func(_ *testing.T, f *lab.Forwarder) { f.Down(); f.Reset() }, func(t *testing.T, f *lab.Forwarder) { f.Up(t) }, 0, resync},
	{"refused", func(_ *testing.T, f *lab.Forwarder) { f.Set(lab.Refusing); f.Reset() }, func(_ *testing.T, f *lab.Forwarder) { f.Set(lab.Healthy) }, 8 * time.Second, resync},
	{"frozen and thawed", func(_ *testing.T, f *lab.Forwarder) { f.Set(lab.Frozen) }, func(_ *testing.T, f *lab.Forwarder) { f.Set(lab.Healthy) }, 8 * time.Second, resync},
	// A list over a dead connection is given up after 15 s; then nothing of the old connections may be used again.
	{"frozen for good", func(_ *testing.T, f *lab.Forwarder) { f.Strand() }, func(*testing.T, *lab.Forwarder) {}, 0, resync + 15*time.Second + resync},
}

// resync is the interval of these tests' full passes: shorter than the default, so that a case ends soon.
const resync = 5 * time.Second

func TestDockerEventsBroken(t *testing.T) {
	docker := lab.FindDocker(t)
	for i, fault := range eventFaults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			docker := docker.In(t)
			through := lab.ForwardToUnix(t, docker.Socket)
			f := follow(t, fmt.Sprintf("cut%dp", i), docker, "tcp://"+through.Address, "-resync", fmt.Sprint(int(resync.Seconds())))
			names := f.run(5)
			f.converges(20 * time.Second)
			began := time.Now()
			fault.breaks(t, through)
			docker.Remove(names[0])
			docker.Do("restart", "-t", "0", names[1])
			docker.Do("pause", names[2])
			docker.Do("unpause", names[2])
			running := append(names[1:], f.run(2)...)
			time.Sleep(time.Until(began.Add(fault.gap)))
			if early := f.removed(began, names); len(early) > 0 && fault.name != "frozen for good" {
				t.Errorf("deregistered while Docker could not be asked: %v", early)
			}
			fault.heal(t, through)
			took := f.converges(fault.limit + time.Second)
			time.Sleep(time.Second)
			t.Logf("right again %s after the stream was back (gap %s)", took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
			if gone := f.removed(began, running); len(gone) > 0 {
				t.Errorf("deregistered although running: %v", gone)
			}
		})
	}
}

func TestDockerContainersThatComeAndGo(t *testing.T) {
	docker := lab.FindDocker(t)
	f := follow(t, "churn", docker, docker.Socket, "-resync", fmt.Sprint(int(resync.Seconds())))
	f.run(3)
	f.converges(20 * time.Second)
	during := time.Duration(lab.Rounds(6)) * 10 * time.Second
	var all sync.WaitGroup
	actions := [5]int{}
	for hand := range 5 {
		f := &follower{t: t, docker: docker, image: f.image, name: f.name, serial: 1000 * (hand + 1)}
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(hand), 7))
			for end := time.Now().Add(during); time.Now().Before(end); actions[hand]++ {
				f.churn(random.IntN(4))
			}
		})
	}
	all.Wait()
	took := f.converges(resync + time.Second)
	truth, _ := f.truth()
	t.Logf("%d containers run, killed and restarted in %s, %d are left; right %s later", actions, during, len(truth), took.Round(time.Millisecond))
	time.Sleep(time.Second)
	f.converges(0)
}

// churn takes one container through a short life.
func (f *follower) churn(how int) {
	name := f.run(1)[0]
	switch how {
	case 0:
		f.docker.Remove(name)
	case 1: // ends and starts within milliseconds
		f.docker.Do("restart", "-t", "0", name)
		f.docker.Remove(name)
	case 2:
		f.docker.Do("kill", name)
		f.docker.Do("start", name)
	case 3:
		f.docker.Do("pause", name)
		f.docker.Do("unpause", name)
		f.docker.Do("stop", "-t", "0", name)
	}
}

func TestDockerEventsLostAndOutOfOrder(t *testing.T) {
	t.Parallel()
	engine := lab.StartEngine(t)
	consul := lab.StartConsul(t)
	lab.StartRegistrator(t, bin, engine.Socket, consul.HTTP, "-ip", "127.0.0.1", "-resync", fmt.Sprint(int(resync.Seconds())))
	engine.Unruly(0.3, 200*time.Millisecond)
	ids := engine.Run(100, "unruly", "SERVICE_NAME=unruly")
	random := rand.New(rand.NewPCG(3, 4))
	changes := 0
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); changes++ {
		id := ids[random.IntN(len(ids))]
		[]func(string){engine.Restart, engine.Stop, engine.Start, func(id string) { engine.Pause(id, true) }, func(id string) { engine.Pause(id, false) }}[random.IntN(5)](id)
		time.Sleep(2 * time.Millisecond)
	}
	engine.Remove(ids[:20]...)
	began := time.Now()
	var registry map[string]int
	if !lab.Within(lab.Patient(resync+2*time.Second), func() bool {
		registry = portsOf(consul, "unruly")
		return maps.Equal(registry, engine.Ports())
	}) {
		t.Fatalf("after %d changes the engine says %v, Consul holds %v", changes, engine.Ports(), registry)
	}
	t.Logf("%d changes, 30 %% of the events lost and the others up to 200 ms late: right %s later, %d registered", changes, time.Since(began).Round(time.Millisecond), len(registry))
}
