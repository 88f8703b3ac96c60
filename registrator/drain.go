package registrator

import (
	"strconv"
	"strings"
	"time"
)

const (
	// drainGrace: a container that still runs so long after its stop timeout was not stopped after all.
	drainGrace = 2 * time.Second
	// drainLimit stands in for the endless stop timeout (-1) and bounds absurd ones: a container that ignores its stop
	// signal must come back some day.
	drainLimit = 10 * time.Minute
	// promptly is how old a kill may be to be acted on unseen. Docker's events are milliseconds old, some 20 under load; one
	// that was held up or comes from the past, after the stream was away, may be about a run that has long been followed by
	// another. Where Docker's clock is another host's and wrong, every kill costs an inspect, a millisecond.
	promptly = 500 * time.Millisecond
	// drainReason is written with the maintenance mode that -deregister on-success and never use for a drain, and is how
	// a later process knows that it may end it.
	drainReason = "pointsman: the container is stopping or paused"
)

// drain says that a container has been told to stop: no traffic, until it ends, starts anew or outlives its deadline.
type drain struct {
	started time.Time // State.StartedAt of the run that is ending
	until   time.Time
	pending bool // to be done at once, without another look
}

// hint takes an event in: it remembers what an event alone can tell (a kill), and asks for a look.
func (r *Registrator) hint(ev Event) {
	now := time.Now()
	kill := ev.Action == "kill" && ev.Signal != "" // Podman does not always say which: then it is only a reason to look
	if kill && !r.ending(ev) {
		return
	}
	r.inventory.with(ev.ID, func(m *tracked) {
		if m.hinted.IsZero() {
			m.hinted = now
		}
		if kill {
			m.kill = &ev
			m.judgeKill(now)
		}
	})
	r.queue.add(ev.ID, true)
}

// ending tells whether a kill may end its container; one that we have not inspected yet is looked at in any case.
func (r *Registrator) ending(ev Event) bool {
	m, ok := r.inventory.get(ev.ID)
	return !ok || !m.inspected || stops(ev.Signal, m.last.StopSignal)
}

// judgeKill starts a drain when the kill means the run that we know of. Both times are Docker's clock.
func (m *tracked) judgeKill(now time.Time) {
	if m.kill == nil || !m.inspected {
		return
	}
	ev := *m.kill
	m.kill = nil
	if m.drain != nil || !m.last.Up() || !stops(ev.Signal, m.last.StopSignal) || ev.Time.Before(m.last.State.StartedAt) {
		return
	}
	m.drain = &drain{started: m.last.State.StartedAt, until: now.Add(drainTime(m.last.StopTimeout)), pending: now.Sub(ev.Time) < promptly}
}

// drainTime is how long a container may take to stop before it counts as running after all.
func drainTime(stopTimeout time.Duration) time.Duration {
	if stopTimeout < 0 || stopTimeout > drainLimit {
		stopTimeout = drainLimit
	}
	return stopTimeout + drainGrace
}

// holds tells whether the drain still applies to a container as just seen.
func (d *drain) holds(c Container, now time.Time) bool {
	return d != nil && c.Up() && c.State.StartedAt.Equal(d.started) && now.Before(d.until)
}

// stops tells whether a signal is the one that stops the container, or the one that nothing survives.
func stops(signal, stopSignal string) bool {
	if stopSignal == "" {
		stopSignal = "SIGTERM"
	}
	got := signalNumber(signal)
	return got != 0 && (got == 9 || got == signalNumber(stopSignal))
}

// signals are the Linux numbers of what a STOPSIGNAL may reasonably be (signal(7), x86 and ARM).
var signals = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11,
	"USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20,
	"TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29,
	"PWR": 30, "SYS": 31, "RTMIN": 34, "RTMAX": 64,
}

// signalNumber reads a signal as Docker writes it: a number, or a name with or without SIG, in any case, RTMIN+n and
// RTMAX-n included. 0 for what it is not.
func signalNumber(s string) int {
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "SIG")
	if n, err := strconv.Atoi(s); err == nil {
		if n < 1 || n > 64 {
			return 0
		}
		return n
	}
	if n, ok := signals[s]; ok {
		return n
	}
	for _, base := range []string{"RTMIN", "RTMAX"} {
		if rest, ok := strings.CutPrefix(s, base); ok {
			if n, err := strconv.Atoi(rest); err == nil && signals[base]+n >= 34 && signals[base]+n <= 64 {
				return signals[base] + n
			}
		}
	}
	return 0
}
