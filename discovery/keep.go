package discovery

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ReplaceFile makes value, as JSON, a file's content in one step: whoever reads it finds the old content or the new, also after a crash. Only
// its owner can read it.
func ReplaceFile(path string, value any) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+strings.TrimPrefix(base, ".")+"-*") // mode 0600: addresses and tags are nobody else's
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriterSize(f, 1<<16)
	if err = json.NewEncoder(b).Encode(value); err != nil {
		return err
	}
	if err = b.Flush(); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename last through a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// keep writes each new snapshot to disk until ctx ends, and once more then.
func (w *Watcher) keep(ctx context.Context) {
	var last *Snapshot
	broken := false
	write := func() {
		if last == nil {
			return
		}
		confirmed := time.Now().Add(time.Duration(w.ages.list.Load()) - time.Since(w.base))
		err := ReplaceFile(w.o.StateFile, newState(last, confirmed))
		if err != nil {
			w.count.stateFailures.Add(1)
			if !broken {
				w.o.Log.Error().Err(err).Str("file", w.o.StateFile).Msg("can't write the snapshot to disk; serving continues")
			}
		} else if broken {
			w.o.Log.Info().Str("file", w.o.StateFile).Msg("the snapshot is on disk again")
		}
		broken = err != nil
	}
	confirm := time.NewTicker(confirmInterval)
	defer confirm.Stop()
	for {
		select {
		case last = <-w.states:
		case <-confirm.C:
		case <-ctx.Done():
			select {
			case last = <-w.states:
			default:
			}
			write()
			return
		}
		write()
		sleep(ctx, stateInterval)
	}
}
