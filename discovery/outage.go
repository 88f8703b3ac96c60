package discovery

import (
	"time"

	"github.com/rs/zerolog"
)

// outage logs when the catalogue stops answering, denies, and answers again: one line each, however many watches meet it.
type outage struct {
	log     zerolog.Logger
	whose   string            // who does not answer, for people
	failing map[string]string // the kind of error by what is asked about
	denied  int
	since   time.Time
}

func newOutage(datacenter string, log zerolog.Logger) outage {
	o := outage{log: log, whose: "the catalogue", failing: map[string]string{}}
	if datacenter != "" {
		o.whose = "the datacenter " + datacenter
	}
	return o
}

// failed and answered take what a question is about, as people read it.
func (o *outage) failed(about string, err error) {
	kind, was := errorKind(err), o.failing[about]
	if len(o.failing) == 0 {
		o.since = time.Now()
		if kind != "denied" {
			o.log.Warn().Err(err).Str("query", about).Msg(o.whose + " does not answer; the last view stays")
		}
	}
	if kind == "denied" && was != "denied" {
		o.denied++
		if o.denied == 1 {
			o.log.Error().Err(err).Str("query", about).Msg(o.whose + " denies access; the last view stays, but is no longer updated: check the token and its policy")
		}
	}
	if kind != "denied" && was == "denied" {
		o.denied--
	}
	o.failing[about] = kind
}

func (o *outage) answered(about string) {
	was, ok := o.failing[about]
	if !ok {
		return
	}
	delete(o.failing, about)
	if was == "denied" {
		o.denied--
	}
	if len(o.failing) == 0 {
		o.log.Info().Stringer("after", time.Since(o.since)).Msg(o.whose + " answers again")
	}
}
