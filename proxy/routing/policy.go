package routing

import (
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/files"
	"github.com/pointsman/pointsman/proxy/filter"
)

// Policy is how a route treats its requests: resolved once, when the route is built, from the process's defaults, what Options.Policy
// says of the route, and what its instances restrict. Immutable. Routes that ask for nothing share one.
type Policy struct {
	Timeouts Timeouts
	// Retries is how many attempts may follow one that sent something; 0 is none.
	Retries int
	// Tries is what the route's line says of repeating requests elsewhere.
	Tries Tries
	// Eject says what follows where an instance does worse than the others.
	Eject Eject
	// Balance is what a choice among the instances hangs on. It follows from their lines.
	Balance Balance
	// Admission is what a request has to pass before an instance is picked; nil lets everybody in. It follows from the instances'
	// tags, and what Options.Policy puts there is not used.
	Admission *Admission
	// Respond is the answer to all that is admitted; nil asks an instance.
	Respond *dialect.Respond
	// Unlogged keeps requests out of the access log.
	Unlogged bool
	// Compress is how responses are compressed; nil does not.
	Compress *filter.Compression
	// Files is the folder that answers; nil asks an instance.
	Files *files.Folder
	// Filters are what else requests have to pass, and what is changed in them; nil is nothing. As Admission, it follows from the tags.
	Filters *filter.Set
}

// Timeouts are taken as they are: at zero the time is over at once.
type Timeouts struct {
	Connect  time.Duration // one connect to an instance
	Answer   time.Duration // the head of an answer
	Progress time.Duration // a body that stands still, either way
}

// DefaultPolicy is that of a process that was told nothing else: the one place where it stands.
func DefaultPolicy() Policy {
	return Policy{
		Timeouts: Timeouts{Connect: time.Second, Answer: time.Minute, Progress: time.Minute},
		Retries:  2, // with a third instance still failing, a fourth is no likelier to answer
		Eject:    EjectOn,
	}
}

// policyOf resolves a route's policy, once all else is known of it.
func (o *Options) policyOf(r *Route) *Policy {
	p := o.Defaults
	if o.Policy != nil {
		own := *p
		if o.Policy(r, &own); own != *p {
			p = &own
		}
	}
	if a := admissionOf(bare(r.claims), r.restrained()); a != p.Admission {
		own := *p
		own.Admission = a
		p = &own
	}
	if f := o.filtersOf(r); f != p.Filters {
		own := *p
		own.Filters = f
		p = &own
	}
	return p.asked(r)
}

// asked is the policy with what the route's rule asks for; the same where that is nothing.
func (p *Policy) asked(r *Route) *Policy {
	own, asked := *p, &r.Rules[0].Policy
	own.Unlogged, own.Compress = asked.Log.Off, filter.NewCompression(&asked.Compress)
	if f := files.New(&asked.Files); f != nil {
		own.Files = f
	}
	own.Timeouts, own.Tries = own.Timeouts.asked(&asked.Tries), own.Tries.asked(&asked.Tries)
	own.Respond = asked.Respond
	if own == *p {
		return p
	}
	return &own
}
