package lab

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// nursery starts processes that die with this one, however that ends. The kernel ties them to the thread that started them
// (prctl(2), PR_SET_PDEATHSIG), so it is one thread that lives as long as the process.
var nursery = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go nurse(jobs)
	return jobs
})

// nurse has a name so that tests which look for leaks can tell it apart.
func nurse(jobs <-chan func()) {
	runtime.LockOSThread()
	for job := range jobs {
		job()
	}
}

// startDying starts cmd as the leader of a process group that is killed when this process ends.
func startDying(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	nursery() <- func() { started <- cmd.Start() }
	return <-started
}
