package main

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// logFlags are the options about the log that all long-running commands share.
type logFlags struct {
	level, format choice
}

func (l *logFlags) register(f *flags) {
	l.level = choice{"info", []string{"debug", "info", "warn", "error"}}
	l.format = choice{"auto", []string{"auto", "text", "json"}}
	f.Var(&l.level, "log-level", "least severe `LEVEL` that is logged: debug, info, warn or error")
	f.Var(&l.format, "log-format", "`FORMAT` of the log on stderr: text, json, or auto (text on a terminal)")
}

// logger writes to w: text for people where w is a terminal or text was asked for, JSON lines otherwise.
func (l *logFlags) logger(w io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(l.level.value)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if l.format.value == "text" || (l.format.value == "auto" && terminal(w)) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !terminal(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
