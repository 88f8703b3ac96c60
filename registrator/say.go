package registrator

import (
	"strconv"
	"strings"
	"sync"
)

func (r *Registrator) sayPass(n int) {
	line := r.log.Debug()
	if r.sayPasses || !r.passed {
		line = r.log.Info()
	}
	r.passed = true
	line.Msg("Syncing services on " + strconv.Itoa(n) + " containers")
}

// say logs what is wrong with a container, and which of its ports are not registered, once per change.
func (r *Registrator) say(c Container, wanted []Registration, complaints []Complaint) {
	var lines strings.Builder
	for _, p := range complaints {
		lines.WriteString(p.String() + "\n")
	}
	ignored := ignoredLine(c, wanted, r.options)
	lines.WriteString(ignored)
	known := false
	r.inventory.with(c.ID, func(m *tracked) { known, m.lastComplaints = m.lastComplaints == lines.String(), lines.String() })
	if known {
		return
	}
	if ignored != "" {
		r.log.Info().Msg(ignored)
	}
	for _, p := range complaints {
		r.metrics.complaints.Inc()
		r.log.Warn().Msg(p.String())
	}
}

// maxNamedForLabels is how many containers are named that have labels nobody carries: who has a thousand of them knows.
const maxNamedForLabels = 100

// sayLabels names a container once that has labels of a language which -labels does not name.
func (r *Registrator) sayLabels(c Container) {
	key, language := r.options.Labels.uncarried(c)
	if language == nil {
		return
	}
	before := false
	r.inventory.with(c.ID, func(m *tracked) { before, m.namedForLabels = m.namedForLabels, true })
	if before {
		return
	}
	key, _, _ = strings.Cut(key, "=") // a value may be a secret
	without := ""
	if r.options.Compat != CompatNone {
		without = " without -compat"
	}
	switch n := r.namedForLabels.Add(1); {
	case n <= maxNamedForLabels:
		r.log.Warn().Msg("container " + Shown(c.PlainName()) + " (" + c.ShortID() + ") has labels or variables that ask for routes, such as " + Shown(key) +
			"; they are not carried into the catalogue: -labels " + language.Name + without + " does that")
	case n == maxNamedForLabels+1:
		r.log.Warn().Msg("more containers have labels or variables that ask for routes and are not carried into the catalogue; they are not named")
	}
}

// ignoredLine says why a container has no registration at all, in Registrator's words; "" when it has one.
func ignoredLine(c Container, wanted []Registration, o Options) string {
	if len(wanted) > 0 {
		return ""
	}
	prefix := "ignored: " + c.ShortID()
	if len(c.Ports)+len(c.Exposed) == 0 {
		return prefix + " no published ports"
	}
	if o.Internal {
		return prefix + " no service on its ports"
	}
	for _, p := range c.Exposed {
		if len(c.Ports[p]) == 0 {
			port, _, _ := strings.Cut(p, "/")
			return prefix + " port " + port + " not published on host"
		}
	}
	return prefix + " no service on its ports"
}

// sayComplaints logs what plans found, each line once until a plan of everything (all) no longer finds it.
func (r *Registrator) sayComplaints(complaints []Complaint, all bool) {
	r.planLogged.mu.Lock()
	defer r.planLogged.mu.Unlock()
	before := r.planLogged.lines
	if all || before == nil {
		r.planLogged.lines = make(map[string]bool, len(complaints))
	}
	for _, p := range complaints {
		line := p.String()
		if !before[line] && !r.planLogged.lines[line] {
			r.metrics.complaints.Inc()
			r.log.Warn().Msg(line)
		}
		r.planLogged.lines[line] = true
	}
}

// loggedLines are the lines that have been logged.
type loggedLines struct {
	mu    sync.Mutex
	lines map[string]bool
}
