package discovery

import (
	"time"

	"github.com/rs/zerolog"
)

// Outage says that a catalogue stopped answering, or that it answers again.
type Outage struct {
	// Whose it is, for people: "the catalogue", or a datacenter.
	Whose string
	// Why it does not answer; nil where it answers again.
	Why error
	// Denied says that it denies access, so that only an operator can end it.
	Denied bool
	// For is how long it did not, where it answers again.
	For time.Duration
}

// outage logs when the catalogue stops answering, denies, and answers again: one line each, however many watches meet it.
type outage struct {
	log     zerolog.Logger
	tell    func(Outage)
	whose   string            // who does not answer, for people
	failing map[string]string // the kind of error by what is asked about
	denied  int
	since   time.Time
}

func newOutage(datacenter string, of *Options) outage {
	o := outage{log: of.Log, tell: of.Noted, whose: "the catalogue", failing: map[string]string{}}
	if o.tell == nil {
		o.tell = func(Outage) {}
	}
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
			o.tell(Outage{Whose: o.whose, Why: err})
		}
	}
	if kind == "denied" && was != "denied" {
		o.denied++
		if o.denied == 1 {
			o.log.Error().Err(err).Str("query", about).Msg(o.whose + " denies access; the last view stays, but is no longer updated: check the token and its policy")
			o.tell(Outage{Whose: o.whose, Why: err, Denied: true})
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
		d := time.Since(o.since)
		o.log.Info().Stringer("after", d).Msg(o.whose + " answers again")
		o.tell(Outage{Whose: o.whose, For: d})
	}
}
