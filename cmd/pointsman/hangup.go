package main

import (
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

// file is something on disk that SIGHUP has read again: options are not, nor what only this process writes (-state).
type file struct {
	what   string      // as the log names it
	used   func() bool // whether there is such a file now; nil means that there is
	reload func() (changed bool, err error)
}

// reread adds a file to those that SIGHUP has read again. With an error reload leaves everything as it was.
func (a *actors) reread(what string, reload func() (changed bool, err error)) {
	a.files = append(a.files, file{what: what, reload: reload})
}

// hangups has files read again at each SIGHUP, which never ends the process, and says in one line what that changed. stop ends it.
func hangups(log zerolog.Logger, files []file) (stop func()) {
	signals, done, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(ended)
		for {
			select {
			case <-signals:
				rereadAll(log, files)
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Ignore(syscall.SIGHUP)
		close(done)
		<-ended
	}
}

func rereadAll(log zerolog.Logger, files []file) {
	var changed, same, failed []string
	for _, f := range files {
		if f.used != nil && !f.used() {
			continue
		}
		switch is, err := f.reload(); {
		case err != nil:
			failed = append(failed, f.what+": "+err.Error())
		case is:
			changed = append(changed, f.what)
		default:
			same = append(same, f.what)
		}
	}
	line := log.Info()
	if failed != nil {
		line = log.Warn()
	}
	for key, list := range map[string][]string{"changed": changed, "unchanged": same, "kept, as the file can't be used": failed} {
		if list != nil {
			line = line.Str(key, strings.Join(list, "; "))
		}
	}
	if changed == nil && same == nil && failed == nil {
		line.Msg("SIGHUP: there is no file to read again")
		return
	}
	line.Msg("SIGHUP: files read again")
}
