package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// strangers are registrations in the same agent that are none of ours, however much they look like it.
func strangers(t *testing.T, f *follower) map[string]bool {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	put := func(id string, meta map[string]string) {
		t.Helper()
		if err := f.consul.Put("/v1/agent/service/register", map[string]any{"ID": id, "Name": f.name + "-stranger", "Port": 1, "Meta": meta}); err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	put("by-hand", nil)
	put(host+":"+f.name+"-left:80", nil) // what Registrator would have left behind here; only -cleanup may touch it
	put("elsewhere:"+f.name+"-1:80", nil)
	put("marked", map[string]string{"pointsman": "1 - elsewhere", "pointsman-container": strings.Repeat("ab", 32)})
	put("odd", map[string]string{"pointsman": "2 something new"})
	return ids
}

// strangersLeft counts those that are still there.
func strangersLeft(f *follower, ids map[string]bool) int {
	all, err := f.consul.Services()
	if err != nil {
		return -1
	}
	maps.DeleteFunc(all, func(id string, _ lab.AgentService) bool { return !ids[id] })
	return len(all)
}

func TestDockerContainersDieWhileTheRegistratorIsDead(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(f *follower, names []string){
		"before it heard": func(f *follower, names []string) {
			f.registrator.Freeze()
			f.docker.Remove(names...)
		},
		"before its write arrived": func(f *follower, names []string) {
			asked := make(chan struct{}, 1)
			f.record.Answer(func(_ http.ResponseWriter, r *http.Request) bool {
				if !strings.HasPrefix(r.URL.Path, "/v1/agent/service/deregister/") {
					return false
				}
				if strings.Contains(r.URL.Path, f.name) { // not a container of a test beside this one
					select {
					case asked <- struct{}{}:
					default:
					}
				}
				<-r.Context().Done()
				return true
			})
			f.docker.Remove(names...)
			select {
			case <-asked:
			case <-time.After(time.Minute):
				f.t.Fatal("no deregistration was tried")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docker := lab.FindDocker(t)
			f := follow(t, "dead"+fmt.Sprint(len(name)), docker, docker.Socket)
			foreign := strangers(t, f)
			names := f.run(6)
			f.converges(20 * time.Second)
			between(f, names[:3])
			f.registrator.Kill()
			f.record.Answer(nil)
			if held, err := f.registry(); err != nil || len(held) != 6 {
				t.Fatalf("Consul holds %v, %v: nothing was left to remove", held, err)
			}
			began := time.Now()
			f.registrator.Start()
			took := f.converges(20 * time.Second)
			time.Sleep(2 * time.Second)
			t.Logf("3 ghosts gone %s after the start, %d writes", took.Round(time.Millisecond), f.writes(began))
			if gone := f.removed(began, names[3:]); len(gone) > 0 {
				t.Errorf("deregistered although running: %v", gone)
			}
			if n := strangersLeft(f, foreign); n != len(foreign) {
				t.Errorf("%d of %d foreign services left", n, len(foreign))
			}
		})
	}
}

// asHost runs the program in a name space of its own where the host is called so.
func asHost(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath("unshare"); err != nil || os.Geteuid() != 0 {
		lab.Missing(t, "another host name needs root and unshare")
	}
	script := t.TempDir() + "/pointsman"
	text := fmt.Sprintf("#!/bin/sh\nexec unshare --uts sh -c 'hostname %s && exec %s \"$@\"' sh \"$@\"\n", name, bin)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

func TestTwoRegistratorsDoNotFight(t *testing.T) {
	t.Parallel()
	for i, second := range []string{"", "another"} {
		t.Run("second on host "+second, func(t *testing.T) {
			t.Parallel()
			docker := lab.FindDocker(t)
			f := follow(t, fmt.Sprintf("two%dp", i), docker, docker.Socket, "-resync", "2")
			program, hosts := bin, 1
			if second != "" {
				program, hosts = asHost(t, second), 2
			}
			lab.StartRegistrator(t, program, docker.Socket, f.record.Address, "-ip", "127.0.0.1", "-resync", "2")
			names := f.run(4)
			names = append(names, f.run(2, "-e", "SERVICE_ID="+f.name+"-own")...)
			// Four IDs for each host name, and one that both of them claim for two containers.
			want := 4*hosts + 1
			lab.Eventually(t, 20*time.Second, "all are registered", func() bool { return f.consul.Named(f.name) == want })
			f.fallsSilent()
			began := time.Now()
			docker.Do("restart", "-t", "0", names[0])
			docker.Remove(names[1])
			lab.Eventually(t, 20*time.Second, "one is gone", func() bool { return f.consul.Named(f.name) == want-hosts })
			f.fallsSilent()
			// A restart is a deregistration and a registration, a removal one; both may find the same to do.
			t.Logf("%d registrations; a restart and a removal made %d writes, and 12 are what two need", want, f.writes(began))
		})
	}
}

// fallsSilent waits until nothing is written about this test's containers for four passes of -resync 2. Two that fight go on for ever; on a
// busy machine what the last change asks for may come late.
func (f *follower) fallsSilent() {
	f.t.Helper()
	const quiet = 4 * 2 * time.Second
	began := time.Now()
	time.Sleep(quiet)
	lab.Eventually(f.t, time.Minute, "they fight: no pause of "+quiet.String(), func() bool { return f.writes(time.Now().Add(-quiet)) == 0 })
	f.t.Logf("no write for %s, %s later", quiet, time.Since(began).Round(time.Millisecond))
}

func TestHostNameChanged(t *testing.T) {
	t.Parallel()
	docker := lab.FindDocker(t)
	f := follow(t, "renamed", docker, docker.Socket, "-resync", "2")
	foreign := strangers(t, f)
	names := f.run(3)
	f.converges(20 * time.Second)
	f.registrator.Kill()
	docker.Remove(names[0]) // the old name's business, which nobody attends to any more
	began := time.Now()
	lab.StartRegistrator(t, asHost(t, "renamed"), docker.Socket, f.record.Address, "-ip", "127.0.0.1", "-resync", "2")
	lab.Eventually(t, 20*time.Second, "the two that run are registered under the new name", func() bool { return f.consul.Named(f.name) == 5 })
	f.fallsSilent()
	for _, id := range deregistrations(f.record, began) {
		// The tests beside this one start and remove containers, too, and the new registrator follows all of the engine's.
		if strings.Contains(id, f.name) || !strings.HasPrefix(id, "renamed:") {
			t.Errorf("removed what another host's registrator has left: %s", id)
		}
	}
	if n := strangersLeft(f, foreign); n != len(foreign) {
		t.Errorf("%d of %d foreign services left", n, len(foreign))
	}
}
