package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/proxy/record"
)

// accessFlags are the options about the access log.
type accessFlags struct {
	form         choice
	file, format string
	given        func(flag string) bool
}

func (c *accessFlags) register(f *flags) {
	c.given = f.given
	c.form = choice{"off", []string{"off", "json", "combined"}}
	f.Var(&c.form, "access-log", "`FORMAT` of a line per request: off, json or combined; on stdout without -access-log-file")
	f.StringVar(&c.file, "access-log-file", "", "`FILE` for the access log (json unless told otherwise); opened again at SIGUSR1, and when it was moved or removed; see pointsman help access-log")
	f.StringVar(&c.format, "access-log-format", "", "`LINE` of the access log in place of -access-log, as in nginx's log_format: 'combined', or a text with $variables; see pointsman help access-log")
}

// check refuses options that contradict each other, and a format that can't be read.
func (c *accessFlags) check() error {
	told := c.given("access-log")
	switch {
	case told && c.format != "":
		return errors.New("-access-log and -access-log-format both say how lines look: give one of them")
	case told && c.form.value == "off" && c.file != "":
		return errors.New("-access-log off and -access-log-file contradict each other")
	case !told && c.file != "":
		c.form.value = "json"
	}
	if c.format != "" {
		if _, err := record.ParseLineFormat(c.format); err != nil {
			return fmt.Errorf("invalid value for -access-log-format: %w", err)
		}
	}
	return nil
}

// log makes the log, nil where none is wanted, and opens its file, which is nil without one.
func (c *accessFlags) log() (*record.AccessLog, *record.LogFile, error) {
	format, err := record.ParseAccessFormat(c.form.value)
	if err != nil || format == record.AccessOff && c.format == "" {
		return nil, nil, err
	}
	var out io.Writer = os.Stdout
	var file *record.LogFile
	if c.file != "" {
		if file, err = record.OpenLogFile(c.file); err != nil {
			return nil, nil, fmt.Errorf("-access-log-file: %w", err)
		}
		out = file
	}
	if c.format == "" {
		return record.NewAccessLog(format, out), file, nil
	}
	line, err := record.ParseLineFormat(c.format)
	if err != nil {
		return nil, nil, fmt.Errorf("-access-log-format: %w", err)
	}
	return record.NewFormattedLog(line, out), file, nil
}

// accessLog makes the access log and adds what it runs; nil where none is wanted.
func (h *dataPath) accessLog(a *actors) (*record.AccessLog, error) {
	access, file, err := h.flags.access.log()
	if err != nil {
		return nil, err
	}
	h.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "pointsman_access_log_dropped_total",
		Help: "Access-log lines dropped because stdout or the file was too slow, or could not be written."},
		func() float64 { return float64(access.Dropped()) }))
	if access == nil {
		return nil, nil
	}
	a.support(func(ctx context.Context) error {
		if file == nil {
			return access.Run(ctx)
		}
		defer h.reopens(file)()
		defer file.Close()
		return access.Run(ctx)
	})
	return access, nil
}

// reopens opens the log's file again at each SIGUSR1, as nginx does. stop ends it.
func (h *dataPath) reopens(file *record.LogFile) (stop func()) {
	signals, done, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		defer close(ended)
		for {
			select {
			case <-signals:
				if err := file.Reopen(); err != nil {
					h.log.Error().Err(err).Msg("SIGUSR1: the access log goes on in the file that is open")
				} else {
					h.log.Info().Str("file", h.flags.access.file).Msg("SIGUSR1: access log opened again")
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Ignore(syscall.SIGUSR1)
		close(done)
		<-ended
	}
}
