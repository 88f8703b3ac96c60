package discovery

import (
	"time"

	"github.com/rs/zerolog"
)

// outage logs when the catalogue stops answering, denies, and answers again: one line each, however many watches meet it.
type outage struct {
	log     zerolog.Logger
	failing map[string]string // the kind of error by watch
	denied  int
	since   time.Time
}

func newOutage(log zerolog.Logger) outage { return outage{log: log, failing: map[string]string{}} }

func (o *outage) failed(name string, err error) {
	kind, was := errorKind(err), o.failing[name]
	if len(o.failing) == 0 {
		o.since = time.Now()
		if kind != "denied" {
			o.log.Warn().Err(err).Str("question", question(name)).Msg("the catalogue does not answer; the last view stays")
		}
	}
	if kind == "denied" && was != "denied" {
		o.denied++
		if o.denied == 1 {
			o.log.Error().Err(err).Str("question", question(name)).Msg("the catalogue denies; the last view stays, but it is no longer kept up to date: check the token and its policy")
		}
	}
	if kind != "denied" && was == "denied" {
		o.denied--
	}
	o.failing[name] = kind
}

func (o *outage) answered(name string) {
	was, ok := o.failing[name]
	if !ok {
		return
	}
	delete(o.failing, name)
	if was == "denied" {
		o.denied--
	}
	if len(o.failing) == 0 {
		o.log.Info().Stringer("after", time.Since(o.since)).Msg("the catalogue answers again")
	}
}

func question(name string) string {
	if name == "" {
		return "list of services"
	}
	return "service " + name
}
