package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victimVariable tells this test binary to be the process that is killed.
const victimVariable = "LAB_TEST_VICTIM"

// TestVictim starts what is to end with it, and waits to be killed. It does nothing unless TestWhatATestStartedEndsWithIt runs it.
func TestVictim(t *testing.T) {
	how := os.Getenv(victimVariable)
	if how == "" {
		t.Skip("runs as a part of TestWhatATestStartedEndsWithIt")
	}
	p := StartProcess(t, "group", nil, "sh", "-c", "setsid sleep 1000 & echo pid=$!; sleep 1001")
	if !p.Says(10*time.Second, "pid=") {
		t.Fatal(p.Output())
	}
	container := ""
	if _, err := exec.LookPath("docker"); err == nil {
		d := FindDocker(t)
		d.Network("victim")
		container = d.Run(d.WebImage())
	}
	fmt.Printf("started %d %s %s.\n", p.Pid(), strings.TrimPrefix(strings.TrimSpace(p.Output()), "pid="), container)
	if how == "limit" {
		Limit(noted{t}, time.Millisecond)
	}
	time.Sleep(time.Minute)
}

// noted is a test that has no limit yet.
type noted struct{ testing.TB }

func TestWhatATestStartedEndsWithIt(t *testing.T) {
	for _, how := range []string{"kill", "limit"} {
		t.Run(how, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			victim := StartProcess(t, "victim", []string{victimVariable + "=" + how}, self, "-test.run", "^TestVictim$", "-test.v")
			var leader, child int
			var container string
			Eventually(t, 60*time.Second, "the victim has started everything", func() bool {
				_, after, _ := strings.Cut(victim.Output(), "started ")
				_, err := fmt.Sscanf(strings.TrimSuffix(after, "."), "%d %d %64s", &leader, &child, &container)
				return strings.Contains(after, ".") && (err == nil || child > 0)
			})
			if how == "kill" {
				victim.Signal(syscall.SIGKILL)
			}
			_ = victim.Wait(30 * time.Second)
			if how == "limit" && !strings.Contains(victim.Output(), "TestVictim still runs after its limit of 1ms") {
				t.Errorf("no word about the limit: %s", tail(victim.Output(), 2000))
			}
			Eventually(t, 10*time.Second, "its processes are gone", func() bool { return !runs(leader) && !runs(child) })
			if container == "" {
				return
			}
			Eventually(t, 30*time.Second, "its container and network are gone", func() bool {
				filter := fmt.Sprintf("label=%s", labelPid)
				out, err := run(10*time.Second, "sh", "-c", "docker ps -aq --no-trunc --filter id="+container+
					"; docker network ls --format '{{.Name}}' --filter "+filter+fmt.Sprintf(" | grep -e victim-%d-", victim.Pid())+" || true")
				return err == nil && out == ""
			})
		})
	}
}

// runs says that a process exists and is no zombie.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}
